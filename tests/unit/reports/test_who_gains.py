"""Who gains: classes of pages, intervals by cluster, periods, tiers, and the words for them."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from scipy import stats

import sim
from reports.decision.who import clustered, page_gains, period_gains, tier_gains, week_gains, weighted_quantiles
from reports.decision.who_from_run import page_values
from reports.decision.who_text import who_points
from sim.cli import cli

SCENARIO = {
    "name": "traffic",
    "replications": 6,
    "horizon": {"days": 20},
    "world": {"kind": "traffic", "pages": 3, "bank": {"captions": 90}},
    "policies": ["wilson_sample", "greedy", "uniform", "oracle"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    return sim.run(SCENARIO, tmp_path_factory.mktemp("who") / "run")


def test_classes_follow_the_size_and_cover_all_pages() -> None:
    size = np.arange(1.0, 101.0).reshape(20, 5)
    classes = page_gains(size - 60.0, np.ones(size.shape), size)
    assert [each.pages for each in classes] == [50, 40, 10]
    assert [each.gain.value for each in classes] == pytest.approx([25.5 - 60, 70.5 - 60, 95.5 - 60])
    assert [each.gaining.value for each in classes] == pytest.approx([0.0, 30 / 40, 1.0])
    assert page_gains(size, size, None) == []


def test_weights_stand_for_pages_of_the_population() -> None:
    values, weight = np.array([[1.0, 5.0], [2.0, 9.0]]), np.array([[3.0, 1.0], [3.0, 1.0]])
    assert clustered(values, weight).value == pytest.approx((3 * 1 + 5 + 3 * 2 + 9) / 8)
    repeated = np.array([1.0, 1, 1, 2, 2, 2, 5, 9])
    shares = [0.1, 0.5, 0.7, 0.9]
    expected = np.quantile(repeated, shares, method="inverted_cdf")
    assert weighted_quantiles(values, weight, shares).tolist() == expected.tolist()


def test_the_interval_takes_a_replication_as_one_observation() -> None:
    by_replication = np.random.default_rng(3).normal(size=40)
    alike = np.repeat(by_replication[:, None], 50, axis=1)  # 50 pages that say the same: no more is known
    one, many = clustered(by_replication[:, None], np.ones((40, 1))), clustered(alike, np.ones((40, 50)))
    assert (many.value, many.low, many.high) == pytest.approx((one.value, one.low, one.high))


def test_the_interval_of_equal_counts_is_that_of_the_means_of_replications() -> None:
    values = np.random.default_rng(5).normal(2.0, 1.0, (30, 4))
    found = clustered(values, np.full((30, 4), 7.0))
    low, high = stats.t.interval(0.95, 29, values.mean(), stats.sem(values.mean(axis=1)))
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))


def test_a_tier_gains_what_the_policy_earns_more_at_the_last_point() -> None:
    rows = [
        {"policy": name, "at": at, "tier": tier, "revenue_usd": at * dollars}
        for name, dollars in (("a", 5.0), ("b", 2.0))
        for at in (1.0, 2.0)
        for tier in ("mid", "premium")
    ]
    assert tier_gains(pl.DataFrame(rows), "a", "b", 4.0) == [("mid", 1.5), ("premium", 1.5)]


@pytest.mark.slow
def test_the_ratio_interval_covers_with_unequal_counts() -> None:
    # 500 repetitions of a 95 % interval: outside 450 to 494 covered by chance in fewer than 1e-5.
    generator, covered = np.random.default_rng(11), 0
    for _ in range(500):
        level = generator.normal(size=(60, 1))
        values, chosen = 2.0 + level + generator.normal(size=(60, 8)), generator.random((60, 8)) < 0.3
        found = clustered(values, chosen.astype(float))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 2.0 <= found.high
    assert 450 <= covered <= 494


def test_pages_of_one_audience_are_ordered_by_what_random_choice_sells() -> None:
    frame = pl.DataFrame(
        {
            "policy": ["a", "a", "random", "random"],
            "replication": [0, 0, 0, 0],
            "page": ["page_0001", "page_0002"] * 2,
            "audience": [5, 5, 5, 5],
            "weight": [1.0, 1.0, 1.0, 1.0],
            "revenue_usd": [4.0, 8.0, 3.0, 6.0],
        }
    )
    found = page_values(frame, "revenue_usd", "random", 2.0)
    assert found.values["a"].tolist() == [[2.0, 4.0]]
    assert found.size is not None
    assert found.size.tolist() == [[1.5, 3.0]]
    assert page_values(frame, "revenue_usd", None, 2.0).size is None
    unlike = frame.with_columns(audience=pl.Series([5, 9] * 2))
    assert page_values(unlike, "revenue_usd", None, 1.0).size_of == "audience"


@pytest.mark.slow
def test_periods_add_up_to_the_whole_gain(run: sim.Run) -> None:
    found = period_gains(run.curves, "greedy", "wilson_sample", "revenue_usd", 3.0)
    whole = run.replications.pivot("policy", index="replication", values="revenue_usd")
    assert [name for name, _ in found] == ["0 to 5", "5 to 10", "10 to 15", "15 to 20"]
    total = float((whole["greedy"] - whole["wilson_sample"]).mean() or 0.0)  # type: ignore[arg-type]
    assert sum(gain.value for _, gain in found) / 4 == pytest.approx(total / 3.0)


def test_weeks_add_up_to_the_whole_gain_and_split_curves_evenly() -> None:
    at = np.arange(1.0, 17.0)
    rows = [
        {"policy": name, "replication": r, "at": t, "revenue_usd": rate * t}
        for name, rate in (("a", 3.0), ("b", 1.0))
        for r in range(3)
        for t in at[1::2].tolist()
    ]
    found = week_gains(pl.DataFrame(rows), "a", "b", "revenue_usd", 4.0)
    assert [name for name, _ in found] == ["1", "2", "3"]  # of 7, 7 and 2 days
    assert [gain.value for _, gain in found] == pytest.approx([2.0 * 16 / 4] * 3)
    assert [gain.value for _, gain in week_gains(pl.DataFrame(rows), "a", "b", "revenue_usd", None)] == pytest.approx(
        [14.0, 14.0, 4.0]
    )
    assert week_gains(pl.DataFrame(rows).filter(pl.col("at") < 7.0), "a", "b", "revenue_usd", 4.0) == []


@pytest.mark.slow
def test_tiers_add_up_to_the_whole_gain(run: sim.Run) -> None:
    found = dict(tier_gains(run.table("revenue"), "greedy", "wilson_sample", 2.0))
    means = dict(run.replications.group_by("policy").agg(pl.col("revenue_usd").mean()).iter_rows())
    assert sum(found.values()) == pytest.approx((means["greedy"] - means["wilson_sample"]) / 2.0)
    assert tier_gains(None, "greedy", "wilson_sample", 2.0) == []


@pytest.mark.slow
def test_a_run_says_who_gains(run: sim.Run) -> None:
    who = run.who_gains
    assert who is not None
    own = run.pages.filter(policy="greedy")["expected_usd"] - run.pages.filter(policy="wilson_sample")["expected_usd"]
    assert who.pages.value == pytest.approx(float((own > 0).mean() or 0.0))  # type: ignore[arg-type]
    assert who.fleet == 3
    assert who.per_year is not None
    rival = run.decision.rival
    assert rival is not None
    assert who.per_year.value == pytest.approx(rival.estimate.value * 36)
    pages, stake = who_points(run.decision, who)
    assert "of pages" in pages
    assert "for 3 pages" in stake
    assert "Who gains" in (run.path / "report.html").read_text()


@pytest.mark.slow
def test_json_says_who_gains(run: sim.Run) -> None:
    done = CliRunner().invoke(cli, ["report", str(run.path), "--json"])
    found = json.loads(done.stdout)["decision"]["who_gains"]
    assert set(found) >= {"median_page", "pages", "histories", "classes", "tiers", "periods", "per_year", "fleet_pages"}
    assert len(found["periods"]) == 4


@pytest.mark.slow
def test_a_world_without_pages_has_nobody_to_name(tmp_path: Path) -> None:
    scenario = {
        "name": "tiny",
        "replications": 4,
        "horizon": {"pulls": 20},
        "world": {"kind": "bernoulli", "means": [0.3, 0.7]},
        "policies": ["wilson_sample", "greedy"],
    }
    run = sim.run(scenario, tmp_path / "run", report=False)
    assert run.who_gains is None
    (sentence,) = who_points(run.decision, run.who_gains)
    assert "of replications" in sentence
