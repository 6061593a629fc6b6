"""Dollars of a comparison are the expected ones, where a run has them."""

import numpy as np
import polars as pl
import pytest

from reports.checks import evaluate_checks
from reports.decision.from_run import decision_input
from reports.estimators.intervals import paired_difference
from reports.power_plan import Goal, plan_ranking
from reports.tables.rows import by_policy, metric_column, metric_values
from sim.scenario import load

SCENARIO = {
    "name": "dollars",
    "replications": 40,
    "horizon": {"days": 365.25 / 12},
    "world": {"kind": "traffic", "pages": 2},
    "policies": ["wilson_sample", "greedy"],
    "checks": [{"metric": "revenue_usd", "policy": "greedy", "better_than": "wilson_sample"}],
}


def replications() -> pl.DataFrame:
    """Greedy is expected to earn 10 dollars more; the luck of sales has a standard deviation of 100."""
    rng, page = np.random.default_rng(3), np.random.default_rng(4).normal(1_000.0, 50.0, 40)
    frames = []
    for name, gain in (("wilson_sample", 0.0), ("greedy", 10.0)):
        expected = page + gain + rng.normal(0.0, 1.0, 40)
        frames.append(
            pl.DataFrame(
                {
                    "policy": name,
                    "replication": np.arange(40),
                    "revenue_usd": expected + rng.normal(0.0, 100.0, 40),
                    "expected_usd": expected,
                    "reward": np.ones(40),
                    "regret": np.ones(40),
                    "locked_out_pages": np.zeros(40),
                }
            )
        )
    return pl.concat(frames)


def test_only_revenue_has_another_column() -> None:
    rows = replications().filter(policy="greedy")
    assert metric_values(rows, "revenue_usd").tolist() == rows["expected_usd"].to_list()
    assert metric_values(rows, "reward").tolist() == rows["reward"].to_list()
    assert metric_column(["revenue_usd"], "revenue_usd") == "revenue_usd"


def test_the_decision_leaves_out_the_luck_of_sales() -> None:
    given = decision_input(load(SCENARIO), by_policy(replications()), "wilson_sample")
    gain = paired_difference(given.values["greedy"], given.values["wilson_sample"]).estimate
    assert given.metric == "revenue_usd"
    assert gain.value == pytest.approx(5.0, abs=1.0)  # of two pages in one month
    assert gain.low is not None
    assert gain.low > 4.0


def test_checks_and_power_use_the_same_values() -> None:
    (outcome,) = evaluate_checks(load(SCENARIO).checks, replications())
    ranking = plan_ranking(replications(), "wilson_sample", ["greedy"], "revenue_usd", Goal(0.01, True, 0.95, 0.8))
    assert "difference 10" in outcome.detail or "difference 9" in outcome.detail
    assert ranking.ranks[0].sd < 3.0
