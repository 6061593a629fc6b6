"""The log of a Bernoulli world's pulls: what it holds, that it changes nothing, and what its propensities mean."""

from typing import Any

import numpy as np
import pytest

from policies.registry import build, kinds
from sim.scenario import Scenario, load
from sim.worlds.base import SendLog
from sim.worlds.engine import BlockResult, build_world, simulate
from sim.worlds.selection.propensities import propensities

pytestmark = pytest.mark.slow

START_US = 1_735_689_600_000_000
SECOND_US = 1_000_000
LATE = {"feedback": {"refresh_every": 7, "delay": {"geometric": 5.0}}}
CHURNING = {"world": {"kind": "bernoulli", "prior": {"beta": [2, 2]}, "arms": 4, "churn": {"probability": 0.05}}}
WAYS = {"at once": {}, "late": LATE, "churn": CHURNING, "late and churn": LATE | CHURNING}
COLUMNS = tuple(name for name in SendLog.__dataclass_fields__ if name not in {"page_names", "attributed", "message"})


def scenario(policy: Any = "wilson_sample", *, sends: bool = True, pulls: int = 400, **body: Any) -> Scenario:
    world = {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]}
    content = {"name": "pulls", "seed": 5, "replications": 4, "horizon": {"pulls": pulls}, "world": world}
    return load(content | {"policies": [policy], "record": {"sends": sends, "curve_points": 7}} | body)


def block(text: Scenario, replications: range = range(4)) -> BlockResult:
    return simulate(text, text.policies[0], replications)


def same(one: SendLog, other: SendLog) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in COLUMNS)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_log_adds_up_to_the_totals(way: dict[str, Any]) -> None:
    result = block(scenario("exp3", **way))
    assert result.sends_of == [0, 1, 2, 3]
    for index, log in enumerate(result.sends):
        assert log.purchased_count.sum() == result.totals.reward[index]
        assert len(log.row_id) == result.totals.pulls[index] == 400


def test_the_log_adds_up_to_the_table() -> None:
    result = block(scenario())  # at once, so that the table shows all
    for log, counts in zip(result.sends, result.stats, strict=True):
        pulls = np.bincount(log.caption_id, minlength=4)[counts.caption_id]
        successes = np.bincount(log.caption_id, log.purchased_count, minlength=4)[counts.caption_id]
        assert pulls.tolist() == counts.observations.tolist()
        assert successes.tolist() == counts.successes.tolist()


def test_newcomers_have_numbers_of_their_own() -> None:
    for log in block(scenario("uniform", **CHURNING)).sends:
        place, generation = (log.caption_id - 1) % 4, (log.caption_id - 1) // 4
        assert generation.max() > 2
        for arm in range(4):
            assert (np.diff(generation[place == arm]) >= 0).all()


def test_a_pull_is_a_message_to_one_fan_without_a_price() -> None:
    log = block(scenario()).sends[2]
    assert log.row_id.tolist() == list(range(1, 401))
    assert log.sending_time_us.tolist() == [START_US + t * SECOND_US for t in range(400)]
    assert set(log.page.tolist()) == set(log.sent_count.tolist()) == set(log.viewed_count.tolist()) == {1}
    assert set(log.purchased_count.tolist()) == {0.0, 1.0}
    assert np.isnan(log.price).all()
    assert set(log.earnings.tolist()) == {0.0}
    assert set(log.message_type.tolist()) == {-1}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_recording_changes_no_result(way: dict[str, Any]) -> None:
    recorded, silent = block(scenario("exp3", **way)), block(scenario("exp3", sends=False, **way))
    assert silent.sends == silent.sends_of == []
    assert np.array_equal(recorded.regret, silent.regret)
    assert np.array_equal(recorded.reward, silent.reward)
    assert np.array_equal(recorded.locked_out_pages, silent.locked_out_pages)
    for one, other in zip(recorded.stats, silent.stats, strict=True):
        assert one.caption_id.tolist() == other.caption_id.tolist()
        assert one.last_updated_us.tolist() == other.last_updated_us.tolist()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_blocks_and_cuts_change_no_line(way: dict[str, Any]) -> None:
    text = scenario("exp3", **way)
    whole = block(text).sends
    parts = [log for part in (range(1), range(1, 3), range(3, 4)) for log in block(text, part).sends]
    assert all(map(same, whole, parts))
    world = build_world(text, text.policies[0], range(4))
    for until in (1, 6, 7, 8, 150.0, 399, 400):
        world.advance(until)
    assert all(same(log, world.sends(index)) for index, log in enumerate(whole))


def test_a_log_ends_now() -> None:
    text = scenario()
    world = build_world(text, text.policies[0], range(1))
    world.advance(30)
    log = world.sends(0)
    assert len(log.row_id) == len(log.caption_id) == len(log.propensity) == 30


# Propensities. Of pulls 0, 1, 2 of an index policy, three arms, then two, then one have never been pulled.


@pytest.mark.parametrize("policy", ["ucb1", "kl_ucb", "greedy", "boltzmann"])
def test_arms_that_tie_share_the_propensity(policy: str) -> None:
    for log in block(scenario(policy)).sends:
        assert log.propensity[:3].tolist() == [1 / 3, 1 / 2, 1.0]


@pytest.mark.parametrize("policy", ["wilson_sample", pytest.param("thompson_beta", marks=pytest.mark.long)])
def test_a_propensity_is_that_of_the_counts_at_the_time(policy: str) -> None:
    text = scenario(policy)
    for log in block(text).sends:
        n, s = np.zeros(3), np.zeros(3)
        for t, (caption, outcome, chance) in enumerate(
            zip(log.caption_id - 1, log.purchased_count, log.propensity, strict=True)
        ):
            if t % text.feedback.refresh_every == 0 and t % 7 == 0:
                known = propensities(text.policies[0].build(), n, s, t=t)
                assert chance == pytest.approx(known[caption], abs=1e-12)
            n[caption] += 1.0
            s[caption] += outcome


@pytest.mark.parametrize("policy", ["ucb1", "greedy", "oracle"])
def test_a_policy_without_randomness_chooses_among_those_that_tie(policy: str) -> None:
    arms = np.concatenate([1.0 / log.propensity for log in block(scenario(policy, **LATE)).sends])
    assert set(np.rint(arms)) <= {1.0, 2.0, 3.0}
    np.testing.assert_allclose(arms, np.rint(arms), rtol=1e-12)


DRAWN = ["uniform", "exp3", {"kind": "boltzmann", "temperature": 0.3}]


def deviation(inverse: Any) -> float:
    """Standard errors by which the mean differs from 3, the arms that could be pulled; 0 up to rounding."""
    return float(abs(inverse.mean() - 3.0) / (inverse.std() / np.sqrt(inverse.size) + 1e-9))


@pytest.mark.parametrize("policy", DRAWN, ids=str)
def test_inverse_propensities_count_the_arms(policy: Any) -> None:
    # Given the past, 1 / propensity has mean 3: a martingale of 7,600 steps; false alarms below 1e-6 each.
    logs = block(scenario(policy, pulls=2_000, **LATE)).sends
    inverse = np.concatenate([1.0 / log.propensity[100:] for log in logs])
    assert deviation(inverse) < 5.0
    assert deviation(inverse**0.9) > 5.0  # a temperature taken for another


ALIKE = {"replications": 60, "world": {"kind": "bernoulli", "means": [0.5] * 4}, "horizon": {"pulls": 100}}
DRAWING = [
    "wilson_sample",
    "top_two_thompson",
    *(pytest.param(kind, marks=pytest.mark.long) for kind in sorted(kinds()) if not build(kind).deterministic),
]


@pytest.mark.parametrize("policy", DRAWING)
def test_inverse_weights_are_one_per_arm(policy: str, request: pytest.FixtureRequest) -> None:
    """Of four equal arms all can be sent; exact for some policies, by redraws for the others. False alarms below 1e-6.

    The long form has 100,000 pulls.
    """
    if policy == "explore_then_commit":
        pytest.skip("one arm can be sent once it has committed itself")
    replications = 1_000 if request.node.get_closest_marker("long") else 60
    text = load({"version": 1, "name": "alike", "record": {"sends": True}, "policies": [policy]} | ALIKE)
    logs = simulate(text, text.policies[0], range(1, replications + 1)).sends
    inverse = np.concatenate([1.0 / log.propensity for log in logs]) / 4.0
    noise = inverse.std() / np.sqrt(inverse.size)
    assert abs(inverse.mean() - 1.0) < 5.0 * noise + 1e-9
    if replications == 1_000 and noise < 2e-3:
        assert abs(inverse.mean() - 1.0) < 0.01
