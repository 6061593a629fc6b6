"""The words of an evaluation, from results made by hand."""

import math
from dataclasses import replace

import pytest

from sim.evaluation.diagnostics import Diagnostics
from sim.evaluation.evaluate import Estimated, Evaluation, PolicyEvaluation
from sim.evaluation.intervals import Interval, unlimited
from sim.evaluation.text import data, headline, lead, of_log, rows, text

DIAGNOSTICS = Diagnostics(1_000, 420.4, 1.0, 9.0, 0.02, 0.1, 0.0, (), False, 1, (), None)


def estimated(name: str, value: float, low: float, high: float, *others: Interval, number=None) -> Estimated:
    return Estimated(name, value, (Interval("normal", low, high), Interval("bootstrap", low, high), *others), number)


SNDR, SNIPS, IPS = (estimated(name, value, value - 0.1, value + 0.1) for name, value in
                    (("sndr", 0.6), ("snips", 0.5), ("ips", 0.4)))  # fmt: skip
POLICY = PolicyEvaluation("greedy", DIAGNOSTICS, (IPS, SNIPS, SNDR))
LOGGED = estimated("log", 0.3, 0.25, 0.35)


def evaluation(*policies: PolicyEvaluation, **changed) -> Evaluation:
    usual = Evaluation("log.csv", 1_000, 0, 2, 5, "reward", LOGGED, policies or (POLICY,), (0.0, 1.0), 0.95)
    return replace(usual, **changed)


def adaptive(*estimates: Estimated) -> PolicyEvaluation:
    return PolicyEvaluation("greedy", replace(DIAGNOSTICS, adaptive=True, loggers=7), estimates)


def test_the_headline_is_of_the_self_normalised_estimate_with_the_reward_model() -> None:
    for estimates, name in (((IPS, SNIPS, SNDR), "sndr"), ((IPS, SNIPS), "snips"), ((IPS,), "ips")):
        found, interval = lead(replace(POLICY, estimates=estimates)) or pytest.fail("no headline")
        assert found.estimator == name
        assert interval.known


def test_an_adaptive_log_quotes_the_anytime_interval() -> None:
    anytime = Interval("anytime", 0.1, 0.9)
    policy = adaptive(SNDR, estimated("ips", 0.4, 0.39, 0.41, anytime))
    found, interval = lead(policy) or pytest.fail("no headline")
    assert (found.estimator, interval) == ("ips", anytime)
    assert lead(adaptive(SNDR)) is None


@pytest.mark.parametrize(("value", "verdict"), [(0.6, "more"), (0.1, "less"), (0.4, "no difference is shown")])
def test_the_verdict_compares_the_two_intervals(value: float, verdict: str) -> None:
    policy = replace(POLICY, estimates=(estimated("sndr", value, value - 0.1, value + 0.1),))
    said = headline(evaluation(policy), policy)
    assert said.endswith(f"(0.25 to 0.35): {verdict}.")
    assert said.startswith("greedy would have earned ")


def test_a_refusal_and_a_missing_estimate_give_no_number() -> None:
    refused = replace(POLICY, diagnostics=replace(DIAGNOSTICS, refusal="it takes what was never logged"))
    assert headline(evaluation(refused), refused) == "greedy: no answer. It takes what was never logged."
    none = replace(POLICY, estimates=())
    assert headline(evaluation(none), none) == "greedy: no answer from the estimators that were asked for."
    assert lead(none) is None


def test_the_log_is_compared_by_the_same_kind_of_interval() -> None:
    logged = estimated("log", 0.3, 0.25, 0.35, Interval("anytime", 0.1, 0.5))
    both = evaluation(logged=logged)
    assert of_log(both, POLICY).method in ("normal", "bootstrap")
    assert of_log(both, adaptive(IPS)) == Interval("anytime", 0.1, 0.5)


def test_the_terminal_tells_the_log_the_notes_and_each_policy() -> None:
    warned = replace(POLICY, diagnostics=replace(DIAGNOSTICS, warnings=("one row carries 20 % of all weight",)))
    second = replace(adaptive(), policy="ucb1", left_out=("dm", "dr"))
    lines = text(evaluation(warned, second, notes=("2 rows have no action",))).splitlines()
    assert lines[:3] == ["log.csv: 1,000 decisions, 5 actions, 2 strata", "note: 2 rows have no action", ""]
    assert "  warning: one row carries 20 % of all weight" in lines
    assert lines.count("  effective rows 420 of 1,000") == 2
    assert lines[-3:] == [
        "  effective rows 420 of 1,000",
        "  logging policies 7",
        "  left out, since they need all probabilities: dm, dr",
    ]


def test_one_stratum_and_rows_for_training_are_said() -> None:
    first = text(evaluation(strata=1, training_rows=2_500)).splitlines()[0]
    assert first == "log.csv: 1,000 decisions, 5 actions, 1 stratum; the first 2,500 gave the counts"


def test_a_row_per_estimator_with_its_number_and_further_intervals() -> None:
    tuned = estimated("clipped_ips", 0.5, 0.4, 0.6, Interval("anytime", 0.2, 0.8), number=10.0)
    (row,) = rows(replace(POLICY, estimates=(tuned,)))
    assert row[0].startswith("clipped_ips")
    assert row[0] != "clipped_ips"
    assert row[1] == "0.5"
    assert row[2] == row[3]
    assert row[4].startswith("anytime ")


def test_data_repeats_the_headline_and_its_interval() -> None:
    found = data(evaluation(POLICY, replace(adaptive(), left_out=("dm",))))
    one, two = found["policies"]
    assert (one["estimate"], one["estimator"]) == (0.6, "sndr")
    assert (one["ci_low"], one["ci_high"]) == (0.5, 0.7)
    assert one["headline"] == headline(evaluation(), POLICY)
    assert (two["estimate"], two["ci_low"], two["estimator"], two["left_out"]) == (None, None, None, ["dm"])
    assert found["reward_limits"] == [0.0, 1.0]
    assert (found["rows"], found["source"]) == (1_000, "log.csv")
    assert "limits" not in found


def test_an_interval_without_limits_says_nothing() -> None:
    assert unlimited("x") == Interval("x", -math.inf, math.inf)
    assert not unlimited("x").known
    assert Interval("x", 0.0, math.inf).known
    silent = estimated("sndr", 0.5, -math.inf, math.inf)
    found, interval = lead(replace(POLICY, estimates=(silent,))) or pytest.fail("no headline")
    assert found.estimator == "sndr"
    assert interval.method == "none"
