"""What a scenario is estimated to take: counts against simulated ones, times against recorded ones, memory bounded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from policies.registry import kinds
from scenarios import path_of
from sim.cli import cli
from sim.runs.plan import TARGET_BYTES, plan
from sim.runs.workload import SEND_BYTES, estimate, fleet_bytes, memory_bytes, report_seconds, workload
from sim.scenario import Scenario, load
from sim.worlds.engine import simulate
from sim.worlds.traffic.world import TrafficWorld

RECORD = Path(__file__).parents[3] / "benchmarks" / "growth.json"
TRAFFIC = {"kind": "traffic", "pages": 2}
MESSAGES = {
    "large pages": {"audience": {"fixed": 100_000}},
    "pages of all sizes": {"pages": 60},
    "a fixed number": {"sends": {"per_day": 12}},
    "captions that must rest": {"audience": {"fixed": 100_000}, "bank": {"captions": 60}},
}


def traffic(days: float = 30, world: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    content = {"name": "x", "horizon": {"days": days}, "world": TRAFFIC | (world or {}), "policies": ["uniform"]}
    return load(content | {"record": {"stats": "none"}} | changes)


@pytest.mark.parametrize("world", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.slow
def test_messages_of_the_traffic_world_are_about_those_sent(world: dict[str, Any]) -> None:
    scenario = traffic(world=world)
    sent = simulate(scenario, scenario.policies[0], range(2)).totals.pulls.mean()
    assert 1 / 1.6 < workload(scenario).pulls / sent < 1.6


@pytest.mark.slow
def test_quotas_are_counted_exactly() -> None:
    scenario = traffic(selection={"scaled": False}, world={"bank": {"captions": 5_000}})
    sent = simulate(scenario, scenario.policies[0], range(1)).totals.pulls.mean()
    assert workload(scenario).pulls == sent


def recorded(axis: str) -> list[Any]:
    if not RECORD.exists():
        pytest.skip("no benchmarks/growth.json beside the tests: an installation from a source archive")
    return [(series, size, figures["ns"]) for series, size, figures in json.loads(RECORD.read_text())[axis]["lines"]]


def problem(axis: str, size: float, policy: str) -> Scenario:
    """The scenario of a point of `benchmarks/growth/axes.py`."""
    if axis in {"arms", "pulls"}:
        arms, pulls = (int(size), 10_000) if axis == "arms" else (10, int(size))
        world = {"kind": "bernoulli", "means": [0.5] * arms}
        return load({"name": "x", "horizon": {"pulls": pulls}, "world": world, "policies": [policy]})
    pages, captions, days = (int(size), 500, 30) if axis == "pages" else (5, int(size), 90)
    here = {"pages": pages, "bank": {"captions": captions}, "audience": {"fixed": 2_000}, "sends": {"per_day": 20}}
    return traffic(days, here | {"turnover": {"arrivals_per_week": 0}}, policies=[policy])


@pytest.mark.parametrize("axis", ["arms", "pulls", "pages", "captions"])
def test_estimated_times_are_about_the_recorded_ones(axis: str) -> None:
    for policy, size, nanoseconds in recorded(axis):
        size_of = workload(problem(axis, size, policy), policy)
        ratio = 1e9 * size_of.seconds / size_of.pulls / nanoseconds
        assert 1 / 3 < ratio < 3, f"{policy}, {axis} = {size:g}: {ratio:.2f} × the recorded time"


def test_a_run_takes_its_start_whatever_its_workers() -> None:
    whole = estimate(traffic(replications=500))
    assert whole.wall_seconds(1) > whole.seconds
    assert whole.wall_seconds(1) - whole.wall_seconds(2) == pytest.approx(whole.seconds / 2)


@pytest.mark.parametrize("replications", [10, 1_000, 100_000])
@pytest.mark.parametrize("days", [1, 30, 300])
def test_a_block_takes_bounded_memory(replications: int, days: float) -> None:
    for scenario in (traffic(days, replications=replications), traffic(days, {"pages": 50}, replications=replications)):
        most = max(len(block.replications) for block in plan(scenario))
        assert most == 1 or most * memory_bytes(scenario) <= TARGET_BYTES


def test_recorded_sends_and_curve_points_take_memory_too() -> None:
    plain = memory_bytes(traffic())
    assert memory_bytes(traffic(record={"sends": True})) > plain + 100 * workload(traffic()).pulls
    assert memory_bytes(traffic(record={"curve_points": 1_000})) > plain


SHARED = {"pages": 3, "bank": {"captions": 500, "shared": True}}


def test_sums_over_pages_take_memory_where_a_policy_reads_them() -> None:
    """As many bytes as the arrays of the block have."""
    scenario = traffic(30, SHARED, policies=["uniform", "pooled_thompson"])
    block = TrafficWorld(scenario, scenario.policies[1], range(2))._block
    assert 2.0 * fleet_bytes(scenario) == pytest.approx(sum(each.nbytes for each in block.fleet), rel=0.02)
    assert memory_bytes(scenario) == memory_bytes(traffic(30, SHARED)) + fleet_bytes(scenario)


@pytest.mark.parametrize("world", [SHARED, {"bank": {"shared": False}}])
def test_without_a_policy_of_the_fleet_or_a_shared_bank_there_are_no_sums(world: dict[str, Any]) -> None:
    policies = ["uniform"] if world is SHARED else ["pooled_thompson"]
    assert fleet_bytes(traffic(30, world, policies=policies)) == 0.0


def test_a_world_without_banks_has_no_sums_over_pages() -> None:
    world = {"kind": "bernoulli", "means": [0.2, 0.3]}
    assert fleet_bytes(load({"name": "x", "horizon": {"pulls": 9}, "world": world, "policies": ["pooled_wilson"]})) == 0


@pytest.mark.parametrize("pulls", [100, 10_000])
@pytest.mark.slow
def test_logged_pulls_fit_into_the_memory_that_blocks_are_cut_for(pulls: int) -> None:
    world = {"kind": "bernoulli", "means": [0.2, 0.3]}
    content = {"name": "x", "horizon": {"pulls": pulls}, "replications": 1_000, "world": world, "policies": ["uniform"]}
    scenario = load(content | {"record": {"sends": True, "stats": "none"}})
    most = max(len(block.replications) for block in plan(scenario))
    assert 1 < most <= TARGET_BYTES / memory_bytes(scenario)
    (log,) = simulate(scenario, scenario.policies[0], range(1)).sends
    held = sum(column.nbytes for column in vars(log).values() if isinstance(column, np.ndarray))
    assert pulls * SEND_BYTES / 3 < held < pulls * SEND_BYTES  # the rest is for the kernel's and the file's columns


def test_the_cost_of_a_score_is_the_policys() -> None:
    pulls = {"horizon": {"pulls": 10_000}, "world": {"kind": "bernoulli", "arms": 100, "prior": {"beta": [1, 1]}}}
    scenario = load({"name": "x", "policies": ["uniform"], **pulls})
    costs = {kind: workload(scenario, kind).seconds for kind in kinds()}
    assert costs["bayes_ucb"] > 10 * costs["ucb1"] > 10 * costs["greedy"] / 3
    assert costs["thompson_beta"] < costs["thompson_empirical_bayes"]  # draws only arms in the tail


def test_looking_at_every_caption_of_a_large_bank_takes_its_time() -> None:
    scenario = traffic(90, {"bank": {"captions": 16_500}})
    assert workload(scenario, "oracle").seconds > 3 * workload(scenario, "ucb1").seconds  # measured: 4.5


def test_a_dry_run_counts_the_report_unless_there_is_none() -> None:
    def planned(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(cli, ["run", "textbook", "--dry-run", "--json", *words])
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    whole, without = planned(), planned("--no-report")
    assert whole["report_seconds"] == pytest.approx(report_seconds(load(path_of("textbook"))))
    assert without["report_seconds"] == 0.0
    assert whole["seconds"] - without["seconds"] == pytest.approx(whole["report_seconds"])
    few, many = (report_seconds(load(path_of("textbook"), [f"replications={count}"])) for count in (10, 100_000))
    assert many > few + 10.0


@pytest.mark.parametrize(("override", "looks"), [("selection.score=plain", 1.0), ("selection.bump=captions", 2.0)])
def test_captions_that_are_no_equals_are_looked_at_one_by_one(override: str, looks: float) -> None:
    """Under the composite score or a lock; unpriced captions that go out by hand are not looked at."""
    base = ["world.bank={captions: 20000, shared: true, tiers: {budget: 1, mid: 1, premium: 2, bump: 4}}"]
    seconds = workload(load("production", [*base, "selection.agency_lock=skip"])).seconds
    plain = workload(load("production", [*base, "selection={}"])).seconds
    other = workload(load("production", [*base, "selection.agency_lock=skip", override])).seconds
    assert seconds > 3 * plain
    assert (other - plain) / (seconds - plain) == pytest.approx(looks, rel=0.1)


def test_unlucky_replications_count_as_work_that_other_workers_do_not_share() -> None:
    keys = {"name": "x", "horizon": {"pulls": 1_000}, "replications": 50, "policies": ["uniform", "greedy"]}
    plain, more = (
        estimate(load({**keys, "world": {"kind": "bernoulli", "means": [0.1, 0.2], **unlucky}}))
        for unlucky in ({}, {"unlucky": 200})
    )
    assert more.pulls == plain.pulls + 2 * 200 * 1_000
    assert more.seconds == plain.seconds
    assert more.unlucky_seconds > 1.0
    assert plain.unlucky_seconds == 0.0
    assert more.wall_seconds(8) == plain.wall_seconds(8) + more.unlucky_seconds


def test_early_phases_are_counted_of_policies_that_have_them() -> None:
    """A policy that chooses from a pool may give up the best arm by not having it: no early phase tells of that."""

    def planned(policy: dict[str, Any]) -> Scenario:
        world = {"kind": "bernoulli", "means": [0.1, 0.2], "unlucky": 200}
        return load({"name": "x", "horizon": {"pulls": 1_000}, "world": world, "policies": [policy]})

    alone, pooled = planned({"kind": "greedy"}), planned({"kind": "greedy", "pool": 2})
    early = estimate(alone).unlucky_seconds - estimate(pooled).unlucky_seconds
    assert early == pytest.approx(200 * workload(alone, "greedy").seconds)
