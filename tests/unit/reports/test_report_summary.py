"""Rows of replications to summary, pairs, checks and comparisons."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from reports.checks import evaluate_checks
from reports.compare import differing, same_luck
from reports.estimators.intervals import mean_interval
from reports.tables.leaderboard import leaderboard
from reports.tables.summary import pairs_frame, summary_frame
from sim.scenario import Check

N = 40
GENERATOR = np.random.default_rng(5)
GOOD = GENERATOR.normal(10, 1, N)
LUCK = GENERATOR.normal(0, 5, N)


def rows(policy: str, regret: np.ndarray, locked_out: int = 0) -> pl.DataFrame:
    n = len(regret)
    return pl.DataFrame(
        {
            "policy": [policy] * n,
            "replication": np.arange(n),
            "pulls": np.full(n, 100),
            "reward": 100.0 - regret,
            "regret": regret,
            "revenue_usd": np.zeros(n),
            "best_share": np.full(n, 0.5),
            "locked_out": np.arange(n) < locked_out,
            "regret_usd": pl.Series([None] * n, dtype=pl.Float64),
            "locked_out_pages": np.zeros(n),
            "ever_locked": np.arange(n) < locked_out,
            "locked_since": pl.Series([7.0] * locked_out + [None] * (n - locked_out), dtype=pl.Float64),
        }
    )


REPLICATIONS = pl.concat([rows("good", GOOD + LUCK, 4), rows("bad", GOOD + LUCK + 1 + GENERATOR.normal(0, 0.1, N))])


def test_summary_has_the_contracts_columns_first_and_the_rows_numbers() -> None:
    summary = summary_frame(REPLICATIONS)
    contract = (
        "policy replications mean_regret ci_low ci_high q05 q25 q50 q75 q95 q99 mean_reward revenue_usd best_share"
    )
    assert summary.columns[:15] == [*contract.split(), "locked_out_share"]
    good = summary.row(0, named=True)
    estimate = mean_interval(GOOD + LUCK)
    assert (good["mean_regret"], good["ci_low"], good["ci_high"]) == (estimate.value, estimate.low, estimate.high)
    assert good["q50"] == np.median(GOOD + LUCK)
    assert (good["locked_out_share"], good["best_share"], good["mean_regret_usd"]) == (0.1, 0.5, None)


def test_the_order_of_rows_changes_nothing_but_the_order_of_policies() -> None:
    shuffled = REPLICATIONS.reverse()
    assert summary_frame(shuffled).sort("policy").equals(summary_frame(REPLICATIONS).sort("policy"))


def test_common_luck_makes_a_small_difference_plain() -> None:
    pair = pairs_frame(REPLICATIONS).row(0, named=True)
    assert (pair["policy"], pair["other"]) == ("good", "bad")
    assert -1.1 < pair["ci_low"] < pair["difference"] < pair["ci_high"] < -0.9
    assert pair["p_adjusted"] < 1e-6


def test_p_values_are_adjusted_for_all_pairs() -> None:
    drawn = np.random.default_rng(6)
    pairs = pairs_frame(
        pl.concat([rows(name, drawn.normal(mean, 1, N)) for name, mean in (("a", 0), ("b", 2), ("c", 1))])
    )
    assert pairs.select("policy", "other").rows() == [("a", "b"), ("a", "c"), ("b", "c")]
    smallest = pairs["p_value"].min()
    assert pairs["p_adjusted"].min() == pytest.approx(3 * smallest)


def outcome(**claim: object) -> bool:
    check = Check.model_validate({"metric": "regret", "policy": "good", **claim})
    return evaluate_checks([check], REPLICATIONS)[0].passed


@pytest.mark.parametrize(
    ("claim", "passes"),
    [
        ({"not_worse_than": "bad"}, True),
        ({"policy": "bad", "not_worse_than": "good"}, False),
        ({"policy": "bad", "metric": "reward", "not_worse_than": "good"}, False),
        ({"metric": "reward", "not_worse_than": "bad"}, True),
        ({"policy": "bad", "metric": "best_share", "not_worse_than": "good"}, True),
        ({"not_worse_than": "good"}, True),
        ({"at_most": 100.0}, True),
        ({"at_most": 10.0}, False),  # near the mean: not shown
        ({"at_least": 5.0}, True),
        ({"at_least": 10.0}, False),
        ({"metric": "locked_out", "at_most": 0.5}, True),
        ({"metric": "locked_out", "at_most": 0.1}, False),
    ],
)
def test_checks(claim: dict[str, object], passes: bool) -> None:
    assert outcome(**claim) == passes


def test_confidence_is_one_sided() -> None:
    mean, error = (GOOD + LUCK).mean(), (GOOD + LUCK).std(ddof=1) / np.sqrt(N)
    limit = mean + 1.8 * error  # t(39): 1.685 at 95 % one-sided, 2.02 at 97.5 %
    assert outcome(at_most=limit, confidence=0.95)
    assert not outcome(at_most=limit, confidence=0.975)


def test_one_replication_shows_nothing() -> None:
    one = REPLICATIONS.filter(replication=0)
    claims = [{"not_worse_than": "bad"}, {"at_most": 1e9}]
    checks = [Check.model_validate({"metric": "regret", "policy": "good", **claim}) for claim in claims]
    assert [each.passed for each in evaluate_checks(checks, one)] == [False, False]


def test_the_leaderboard_ranks_by_regret_and_leaves_out_money_where_there_is_none() -> None:
    summary = summary_frame(REPLICATIONS.reverse())
    board = leaderboard(summary)
    assert [row[0] for row in board.rows] == ["good", "bad"]
    assert "revenue $" not in board.header
    paid = leaderboard(summary.with_columns(revenue_usd=pl.lit(5.0)), long=True)
    assert paid.header[-1] == "revenue $"
    assert {len(row) for row in paid.rows} == {len(paid.header)}


def test_summary_files(tmp_path: Path) -> None:
    scenario = {
        "name": "x",
        "replications": 3,
        "horizon": {"pulls": 20},
        "world": {"kind": "bernoulli", "means": [0.1, 0.2]},
        "policies": [{"kind": "uniform", "name": "good"}, {"kind": "oracle", "name": "best"}],
        "checks": [{"metric": "regret", "policy": "good", "at_most": 0}],
    }
    path = sim.run(scenario, tmp_path / "run", report=False).path
    content = json.loads((path / "summary.json").read_text())
    assert content["policies"] == pl.read_parquet(path / "summary.parquet").to_dicts()
    for name in ("pairs", "ranks", "beats", "estimation"):
        assert content[name] == pl.read_parquet(path / f"{name}.parquet").to_dicts()
    assert [check["passed"] for check in content["checks"]] == [False]
    assert content["reward"] == "successes"
    assert [row["p_best"] for row in content["policies"]] == [1.0, None]


def test_what_two_scenarios_differ_in() -> None:
    assert differing({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": (2, 3), "c": ("–", 4)}
    one = {"seed": 1, "replications": 5, "world": {"kind": "bernoulli"}, "horizon": {"pulls": 1}}
    assert same_luck(one, {**one, "horizon": {"pulls": 2}})
    assert not same_luck(one, {**one, "seed": 2})
