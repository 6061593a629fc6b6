"""The table under `counting: every_refresh` equals the deployed job, run by run, over the log of the replication."""

import math

import numpy as np
import polars as pl
import pytest

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.sections.traffic_loop import LABELS
from sim.tables.send_log import sends_arrow
from sim.worlds.traffic.world import TrafficWorld
from twins.deployed_job import DeployedJob
from twins.small_traffic import small_traffic
from twins.statistics_frame import stats_frame

pytestmark = pytest.mark.slow

START_US = 1_736_121_600_000_000
DAY_US = 86_400_000_000
SWITCHES = [
    {},
    {"median": "lower", "attribution": 0.3},
    {"unsold": "missing", "null_sum": "null"},
    {"unsold": "missing"},
    {"decay_per_refresh": 0.9, "cap": 9},
    {"look_back_days": 2.0, "median_days": 3.0, "refresh_hours": 1.0},
    {"label_after_hours": 0.0, "median": "lower"},
]


def scenario_of(feedback, days=10, policy="wilson_sample"):
    return load(
        {
            "name": "recount",
            "seed": 5,
            "replications": 3,
            "horizon": {"days": days},
            "world": small_traffic(
                priced_per_day=(3, 6),
                per_day_limits=(4, 14),
                purchases={"page_sigma": 0.5},
                views={"unpriced": {"mean": 0.001, "cv": 0.7}},
                delay={"mean_hours": 10.0},
            ),
            "feedback": {"counting": "every_refresh", "label_after_hours": 5.0, **feedback},
            "selection": {"cool_down_days": 1.0},
            "policies": [policy],
            "record": {"sends": True},
        }
    )


def twin_of(feedback):
    return DeployedJob(
        lookback_days=feedback.look_back_days,
        median_days=feedback.median_days,
        exact_median=int(feedback.median == "exact"),
        null_sum_is_zero=int(feedback.null_sum == "zero"),
        decay=feedback.decay_per_refresh,
        cap=feedback.cap or 0,
        label=feedback.label,
    )


def messages_of(world, index):
    frame, loaded_at = pl.from_arrow(sends_arrow(world.sends(index))), world.loaded_at(index)
    return [
        {
            "page": row["page_name"],
            "caption": row["caption_id"],
            "time_us": round(row["sending_time"].timestamp() * 1e6),
            "sent": row["sent_count"],
            "price": row["price"],
            "views": row["viewed_count"],
            "purchases": row["purchased_count"],
            "earnings": None if row["purchased_count"] is None else row["earnings"] or 0.0,
            "loaded_us": START_US + round(at * DAY_US),
        }
        for row, at in zip(frame.iter_rows(named=True), loaded_at.tolist(), strict=True)
    ]


def tables_at_refreshes(scenario, index):
    """The simulated table after each refresh, and the log at the end."""
    world = TrafficWorld(scenario, scenario.policies[0], range(scenario.replications))
    hours, days, tables = scenario.feedback.refresh_hours, scenario.horizon.days, []
    for run in range(1, math.ceil(days * 24 / hours)):
        world.advance((run * hours + 1e-3) / 24)
        tables.append((run * hours, stats_frame(world.counts(index))))
    world.advance(days)
    return tables, messages_of(world, index)


def assert_equal(frame, expected):
    found = {(row["page_name"], row["caption_id"]): row for row in frame.iter_rows(named=True)}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name, value in row.items():
            mine = found[key][name]
            if name in ("last_used", "last_updated"):
                mine = None if mine is None else round(mine.timestamp() * 1e6)
            if isinstance(value, float):
                assert mine == pytest.approx(value, rel=1e-9, abs=1e-12), (key, name)
            else:
                assert mine == value, (key, name)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_every_refresh_leaves_the_table_of_the_deployed_job(switches):
    scenario = scenario_of(switches)
    tables, log = tables_at_refreshes(scenario, 1)
    twin = twin_of(scenario.feedback)
    for hours, frame in tables:
        now_us = START_US + round(hours * 3_600_000_000)
        twin.run(now_us, [m for m in log if m["loaded_us"] <= now_us])
        assert_equal(frame, twin.table)
    assert len(twin.table) > 10
    assert max(row["total_observations"] for row in twin.table.values()) > 10


@pytest.mark.parametrize("label", LABELS[1:])
def test_every_label_is_counted_as_the_deployed_job_would(label):
    scenario = scenario_of({"label": label, "unsold": "missing" if label == "purchases_per_view" else "zero"})
    tables, log = tables_at_refreshes(scenario, 1)
    twin, deployed = twin_of(scenario.feedback), twin_of(scenario.feedback.model_copy(update={"label": LABELS[0]}))
    for hours, frame in tables:
        now_us = START_US + round(hours * 3_600_000_000)
        known = [m for m in log if m["loaded_us"] <= now_us]
        twin.run(now_us, known)
        deployed.run(now_us, known)
        assert_equal(frame, twin.table)
    with pytest.raises(AssertionError):
        assert_equal(frame, deployed.table)


def test_unattributed_messages_enter_the_medians_only():
    tables, log = tables_at_refreshes(scenario_of({"attribution": 0.0}), 0)
    assert log and all(m["caption"] is None for m in log)
    assert tables[-1][1].is_empty()


def test_the_share_of_attributed_messages_is_the_one_asked_for():
    _, log = tables_at_refreshes(scenario_of({"attribution": 0.25, "refresh_hours": 24.0}, days=60), 0)
    share = np.mean([m["caption"] is not None for m in log])
    # A two-sided test of a binomial share at 1e-5: 4.42 standard deviations.
    assert abs(share - 0.25) < 4.42 * math.sqrt(0.25 * 0.75 / len(log))


def test_policies_see_the_table_and_learn_from_it():
    """Under every_refresh a caption that sold keeps adding successes, so the policy's counts exceed its sends."""
    scenario = scenario_of({}, days=15, policy="greedy")
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(15.0)
    tried = world._block.tried
    history, table = tried.history, np.take_along_axis(tried.table, tried.table_row.astype(np.intp), axis=1)
    known = table["runs"] > 0
    assert known.any() and not known.all()
    np.testing.assert_array_equal(history["s"][known], table["successes"][known] - 1)
    np.testing.assert_array_equal(history["n"][known], table["successes"][known] + table["failures"][known] - 2)
    assert (history["n"][known] > world._block.tried.uses[known]).any()


def test_a_policy_that_forgets_by_message_is_refused():
    with pytest.raises(InputError, match=r"forgets by message, which needs `feedback.counting: once`"):
        scenario_of({}, policy="discounted_ucb")
