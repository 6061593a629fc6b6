"""Rows of replications to summary, pairs, checks and comparisons."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from reports.checks import CheckOutcome, evaluate_checks
from reports.compare import differing, same_luck
from reports.decision.inputs import LockOuts
from reports.decision.tails import Tails
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
    board = leaderboard(summary, "successes")
    assert [row[0] for row in board.rows] == ["good", "bad"]
    assert "revenue $" not in board.header
    paid = leaderboard(summary.with_columns(revenue_usd=pl.lit(5.0)), "successes", long=True)
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


def outcomes(
    values: dict[str, np.ndarray], *claims: dict[str, object], locked_out: int = 0, **lock_outs: LockOuts
) -> list[CheckOutcome]:
    table = pl.concat([rows(name, regret, locked_out) for name, regret in values.items()])
    return evaluate_checks([Check(**claim) for claim in claims], table, Tails(lock_outs))


def test_shares_have_wilson_limits() -> None:
    none, few = np.full(3, 1.0), {"metric": "locked_out", "policy": "p", "at_most": 0.01}
    (found,) = outcomes({"p": none}, few)
    assert not found.passed  # 0 of 3 shows at most 47 % at 95 % one-sided confidence
    assert "at most 0.4742" in found.detail
    assert outcomes({"p": np.full(1_000, 1.0)}, few)[0].passed


def test_a_check_says_which_side_has_the_burden_of_proof() -> None:
    noise = np.random.default_rng(6).normal(size=(2, 100))
    values = {"p": 10 + noise[0], "other": 10 + noise[1]}
    claim = {"metric": "regret", "policy": "p"}
    plain, margin, tight, better = outcomes(
        values,
        {**claim, "not_worse_than": "other"},
        {**claim, "not_worse_than": "other", "margin": 1.0},
        {**claim, "not_worse_than": "other", "margin": 0.001},
        {**claim, "better_than": "other"},
    )
    assert (plain.passed, margin.passed, tight.passed, better.passed) == (True, True, False, False)
    assert plain.detail.endswith("passes unless the opposite is shown")
    assert better.detail.endswith("this must be shown")
    ahead = {"p": values["p"] - 2.0, "other": values["other"]}
    shown, too_much = (
        outcomes(ahead, {**claim, "better_than": "other", "margin": margin})[0].passed for margin in (1.0, 3.0)
    )
    assert (shown, too_much) == (True, False)


def test_a_sample_without_lock_outs_does_not_show_a_claim_that_they_could_refute() -> None:
    values = {"p": np.random.default_rng(8).normal(10, 1, 60)}
    at_most, at_least = (
        {"metric": "regret", "policy": "p", key: limit} for key, limit in (("at_most", 12), ("at_least", 8))
    )
    assert [each.passed for each in outcomes(values, at_most, at_least)] == [True, True]
    refused, kept = outcomes(values, at_most, at_least, p=LockOuts(0, 60))
    assert (refused.passed, kept.passed) == (False, True)
    assert "the sample is too small" in refused.detail
    assert "1,000 replications" in refused.detail


def test_four_near_values_have_a_short_interval() -> None:
    values = np.array([56801.29755945, 56804.14553329, 56508.46171814, 56194.12602243])
    found = mean_interval(values, bounds=(0.0, np.inf))
    assert found.method == "t"
    assert found.low is not None
    assert found.high is not None
    reach = 3.182446 * values.std(ddof=1) / 2  # t(0.975, 3)
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach))
