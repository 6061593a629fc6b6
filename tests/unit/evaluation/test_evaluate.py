"""A whole evaluation: targets, the reward model, diagnostics, refusals, and what is said of them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from reports.evaluation_report import METHODS, evaluation_report
from reports.figures.off_policy import off_policy, span
from sim.errors import InputError
from sim.evaluation.diagnostics import diagnose, is_adaptive
from sim.evaluation.estimators import Sample
from sim.evaluation.evaluate import ESTIMATORS, QUOTED, Estimated, Options, evaluate, split
from sim.evaluation.intervals import Interval
from sim.evaluation.log import Codes, Log
from sim.evaluation.reward_model import SHRINK, modelled, sample_of, sums_of
from sim.evaluation.target import Target, counts_of, sent_in, target_of
from sim.evaluation.text import data, headline, lead, text
from twins.decision_logs import TRUTH, learned, made


def test_every_estimator_finds_the_truth_within_its_interval() -> None:
    found = evaluate(made(20_000), ["uniform"]).policies[0]
    assert [each.estimator for each in found.estimates] == [name for name in ESTIMATORS if name != "aw_aipw"]
    for each in found.estimates:
        assert each.value == pytest.approx(TRUTH, abs=0.025), each.estimator
        for interval in each.intervals:
            assert interval.low < each.value < interval.high, interval.method
    assert found.diagnostics.warnings == ()
    assert found.diagnostics.refusal is None


def test_an_adaptive_log_is_recognised_and_weighted() -> None:
    log = learned()
    assert is_adaptive(log)
    assert not is_adaptive(made())
    found = evaluate(log, ["uniform"]).policies[0]
    weighted = found.estimate("aw_aipw")
    assert weighted is not None
    assert weighted.value == pytest.approx(TRUTH, abs=0.06)
    assert [each.method for each in weighted.intervals] == ["normal", "bootstrap", "asymptotic_sequence"]
    assert any("plain means of actions are biased" in each for each in found.diagnostics.warnings)
    estimate, interval = lead(found) or pytest.fail("no headline")
    assert (estimate.estimator, interval.method) == ("ips", "anytime")


def rare(rows: int = 300) -> Log:
    """A log with two rewards, which replay of a rare action does not keep."""
    log = made(rows, shares=np.array([[0.9, 0.05, 0.05], [0.9, 0.05, 0.05]]))
    reward = np.zeros(rows)
    reward[np.flatnonzero(log.action == 0)[:2]] = 1.0
    return Log(log.stratum, log.action, reward, log.propensity, log.strata, log.actions)


def test_replay_without_a_reward_has_an_exact_interval_and_no_other() -> None:
    evaluation = evaluate(rare(), ["uniform"])
    found = evaluation.policies[0].estimate("replay")
    assert found is not None
    assert found.value == 0.0
    known = {each.method: each for each in found.intervals if each.known}
    assert list(known) == ["exact"]
    assert known["exact"].low == 0.0
    assert known["exact"].high > 0.05
    line = next(line for line in text(evaluation).splitlines() if line.strip().startswith("replay  "))
    assert line.split()[1:] == ["0", "unknown", "unknown"]
    assert found.quoted(adaptive=False) == known["exact"]


@pytest.mark.parametrize("log", [made(), learned()], ids=["fixed", "adaptive"])
def test_headline_figure_and_json_quote_one_interval(log: Log) -> None:
    evaluation = evaluate(log, ["uniform"])
    policy = evaluation.policies[0]
    estimate, interval = lead(policy) or pytest.fail("no headline")
    assert interval == estimate.quoted(adaptive=policy.diagnostics.adaptive)
    assert interval.method == ("anytime" if policy.diagnostics.adaptive else "bootstrap")
    found = data(evaluation)["policies"][0]
    assert (found["ci_low"], found["ci_high"]) == (interval.low, interval.high)
    lines = off_policy(evaluation, policy).axes[0].lines[1:]  # the first is the mean of the log
    drawn = [[float(x) for x in np.atleast_1d(line.get_xdata())] for line in lines if len(line.get_xdata()) == 2]
    assert [interval.low, interval.high] in drawn
    quoted = [each.quoted(adaptive=policy.diagnostics.adaptive) for each in policy.estimates]
    assert drawn == [[each.low, each.high] for each in quoted if each is not None]


def test_an_interval_far_beyond_all_others_is_cut_with_an_arrow() -> None:
    evaluation = evaluate(made(), ["uniform"])
    policy = evaluation.policies[0]
    first = policy.estimates[0]
    wide = Estimated("ips", first.value, (*first.intervals, Interval("exact", -50.0, 1000.0)))
    axes = off_policy(evaluation, replace(policy, estimates=(*policy.estimates[1:], wide))).axes[0]
    left, right = axes.get_xlim()
    assert all(left <= estimate.value <= right for estimate in policy.estimates)
    assert -10.0 < left < right < 10.0
    assert [line.get_marker() for line in axes.lines if line.get_marker() in {"<", ">"}] == ["<", ">"]
    plain = off_policy(evaluation, policy).axes[0]
    assert not [line for line in plain.lines if line.get_marker() in {"<", ">"}]


def test_an_axis_of_one_point_has_a_width() -> None:
    evaluation = evaluate(made(), ["uniform"])
    one = Estimated("ips", 0.5, ())
    evaluation = replace(evaluation, logged=one)
    assert span(evaluation, replace(evaluation.policies[0], estimates=(one,))) == (-0.1, 1.5)


def test_every_name_of_the_page_is_explained() -> None:
    explained = " ".join(name for name, _ in METHODS).replace(",", "").split()
    assert {*ESTIMATORS, *(method for methods in QUOTED.values() for method in methods)} <= set(explained)


# The reward model


def test_a_model_shrinks_towards_the_action_and_that_towards_all() -> None:
    log = Log(
        np.array([0, 0, 1], np.int32),
        np.array([0, 1, 0], np.int32),
        np.array([1.0, 0.0, 1.0]),
        np.ones(3),
        ["a", "b"],
        ["x", "y"],
    )
    model = sums_of(log).model()
    overall = 2.0 / 3.0
    first, second = (2.0 + SHRINK * overall) / (2.0 + SHRINK), SHRINK * overall / (1.0 + SHRINK)
    assert model[0] == pytest.approx([(1.0 + SHRINK * first) / (1.0 + SHRINK), SHRINK * second / (1.0 + SHRINK)])
    assert model[1, 1] == pytest.approx(second)


def uniform(log: Log) -> Target:
    return target_of("uniform", log, None)


def expected(log: Log, batch: Codes | None = None) -> Sample:
    """The sample of `uniform` with a reward model."""
    target = uniform(log)
    return modelled(sample_of(log, target, batch), log, target, batch)


def test_no_row_is_judged_by_a_model_that_has_seen_it() -> None:
    log = made(300)
    before = expected(log)
    changed = log.reward.copy()
    changed[7] = 1_000.0
    after = expected(Log(log.stratum, log.action, changed, log.propensity, log.strata, log.actions))
    assert before.fitted is not None
    assert after.fitted is not None
    same_fold = np.arange(300) % 3 == 7 % 3
    assert after.fitted[same_fold] == pytest.approx(before.fitted[same_fold])
    assert (after.fitted[~same_fold] > before.fitted[~same_fold]).any()


def test_the_model_of_a_batch_knows_earlier_batches_only() -> None:
    log, batch = made(300), np.repeat(np.arange(3), 100).astype(np.int32)
    before = expected(log, batch)
    changed = log.reward.copy()
    changed[150] = 1_000.0
    late = Log(log.stratum, log.action, changed, log.propensity, log.strata, log.actions)
    after = expected(late, batch)
    assert before.direct is not None
    assert after.direct is not None
    assert np.array_equal(before.direct[:200], after.direct[:200])
    assert (after.direct[200:] > before.direct[200:]).all()
    assert (before.direct[:100] == 0.0).all()


# Targets


def test_counts_of_rewards_that_are_no_labels_use_the_median_of_the_stratum() -> None:
    log = Log(
        np.zeros(4, np.int32),
        np.array([0, 0, 1, 1], np.int32),
        np.array([1.0, 9.0, 2.0, 10.0]),
        np.ones(4),
        ["a"],
        ["x", "y"],
    )
    counts = counts_of(log)
    assert counts.trials.tolist() == [[2.0, 2.0]]
    assert counts.successes.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(
    "policy", ["wilson_sample", "thompson_beta", "greedy", "epsilon_greedy", "boltzmann", "uniform"]
)
@pytest.mark.slow
def test_the_probabilities_of_a_rule_add_up_to_one(policy: str) -> None:
    log = made(600)
    chance = target_of(policy, log, log.part(slice(0, 200))).chance
    assert chance is not None
    assert chance.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-9)


@pytest.mark.slow
def test_a_learning_rule_prefers_the_better_actions() -> None:
    log = made(6_000)
    chance = target_of("thompson_beta", log, log).chance
    assert chance is not None
    assert chance[0, 2] > 0.9
    assert chance[1, 0] > 0.9


def test_a_file_of_probabilities(tmp_path: Path) -> None:
    log = made(400)
    rows = {"stratum": ["a", "a", "b"], "action": [10, 12, 11], "probability": [0.25, 0.75, 1.0]}
    pl.DataFrame(rows).write_csv(tmp_path / "mine.csv")
    pl.DataFrame(rows).write_parquet(tmp_path / "mine.parquet")
    for name in ("mine.csv", "mine.parquet"):
        target = target_of(str(tmp_path / name), log, None)
        assert target.chance is not None
        assert target.chance.tolist() == [[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"stratum": ["a", "b"], "action": [10, 11], "probability": [0.5, 1.0]}, r"stratum a add up to 0\.5, not 1"),
        ({"stratum": ["a", "b"], "action": [10, 99], "probability": [1.0, 1.0]}, "row 2: action 99 is not in the log"),
        ({"stratum": ["a", "b"], "action": [10, 11], "probability": [1.0, 1.5]}, r"row 2: probability 1\.5"),
        ({"stratum": ["a"], "action": [10], "chance": [1.0]}, "no column 'probability'"),
    ],
)
def test_a_bad_file_of_probabilities(tmp_path: Path, rows: dict[str, list[float]], message: str) -> None:
    pl.DataFrame(rows).write_csv(tmp_path / "mine.csv")
    with pytest.raises(InputError, match=message):
        target_of(str(tmp_path / "mine.csv"), made(400), None)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("thompson_bta", "unknown policy 'thompson_bta'"),
        ("logged", "--columns target=COLUMN"),
        ("nothing.csv", "no such file"),
    ],
)
def test_a_policy_that_is_none(policy: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        target_of(policy, made(400), made(400))


def test_the_mean_of_a_log_whose_policy_learned_is_within_its_interval() -> None:
    found = evaluate(learned(20_000), ["uniform"], Options(estimators=("ips",)))
    interval = found.logged.quoted(adaptive=found.policies[0].diagnostics.adaptive)
    assert interval is not None
    assert interval.method == "asymptotic_sequence"
    assert interval.low < found.logged.value < interval.high


# Diagnostics


def test_a_policy_that_takes_what_was_never_logged_is_refused() -> None:
    log = made(2_000)
    rows = log.action != 2
    cut = Log(log.stratum[rows], log.action[rows], log.reward[rows], log.propensity[rows], log.strata, log.actions)
    chance = np.array([[0.5, 0.2, 0.3], [0.5, 0.5, 0.0]])
    target = Target("mine", chance)
    found = diagnose(cut, target, sample_of(cut, target))
    assert found.unsupported == pytest.approx(0.3 * (cut.stratum == 0).mean())
    assert found.unsupported_actions == ("12",)
    assert found.refusal is not None
    assert "never logged there (12)" in found.refusal
    assert not sent_in(cut)[:, 2].any()


def test_a_refused_policy_gets_no_number(tmp_path: Path) -> None:
    log = made(400)
    rows = log.action != 2
    cut = Log(log.stratum[rows], log.action[rows], log.reward[rows], log.propensity[rows], log.strata, log.actions)
    pl.DataFrame({"stratum": ["a", "b"], "action": [12, 12], "probability": [1.0, 1.0]}).write_csv(
        tmp_path / "only.csv"
    )
    evaluation = evaluate(cut, [str(tmp_path / "only.csv")])
    policy = evaluation.policies[0]
    assert policy.estimates == ()
    assert "no answer" in headline(evaluation, policy)
    assert data(evaluation)["policies"][0]["estimate"] is None


def test_effective_rows_and_the_tail_of_weights_by_hand() -> None:
    log = made(100)
    weight = np.ones(100)
    weight[3] = 11.0
    found = diagnose(log, uniform(log), Sample(log.reward, weight))
    assert found.effective_rows == pytest.approx(110.0**2 / (99.0 + 121.0))
    assert found.largest_share == found.top_share == pytest.approx(0.1)
    assert any("one row carries 10 % of all weight" in each for each in found.warnings)


def test_few_effective_rows_are_said() -> None:
    log = made(40)
    found = evaluate(log, ["uniform"]).policies[0]
    assert any("effective rows of 40" in each for each in found.diagnostics.warnings)


def test_wrong_propensities_show_in_the_mean_weight() -> None:
    log = made(4_000)
    wrong = Log(log.stratum, log.action, log.reward, log.propensity * 0.8, log.strata, log.actions)
    found = evaluate(wrong, ["uniform"]).policies[0]
    assert any("the propensities are not those" in each for each in found.diagnostics.warnings)


@pytest.mark.parametrize(("factor", "warned"), [(1.05, True), (0.9, True), (1.0004, False), (1.0, False)])
def test_propensities_that_are_all_wrong_by_one_factor_are_noticed(factor: float, warned: bool) -> None:
    """The target is the policy that made the log, so that all weights are equal and have no noise."""
    log = made(400, shares=np.full((2, 3), 1.0 / 3.0))
    found = evaluate(replace(log, propensity=log.propensity * factor), ["uniform"]).policies[0]
    assert any("no noise makes it so" in each for each in found.diagnostics.warnings) == warned


def test_drift_is_found_and_its_absence_too() -> None:
    log = made(4_000)
    assert not any("drift" in each for each in evaluate(log, ["uniform"]).policies[0].diagnostics.warnings)
    reward = np.where(np.arange(4_000) < 2_000, log.reward, 1.0)
    drifted = Log(log.stratum, log.action, reward, log.propensity, log.strata, log.actions)
    assert any("rewards drift" in each for each in evaluate(drifted, ["uniform"]).policies[0].diagnostics.warnings)


# Options, words, data


def test_rules_are_not_evaluated_on_the_rows_that_taught_them() -> None:
    log = made(1_000)
    training, rest = split(log, ["greedy"], 0.3)
    assert training is not None
    assert (training.rows, rest.rows) == (300, 700)
    assert split(log, ["uniform"], 0.3) == (None, log)
    with pytest.raises(InputError, match="leaves nothing to do"):
        split(log, ["greedy"], 1.0)


@pytest.mark.parametrize(
    ("options", "policies", "message"),
    [
        (Options(estimators=("snip",)), ["uniform"], "unknown estimator 'snip'.*snips"),
        (Options(limits=(0.0, 0.5)), ["uniform"], "outside the limits 0 to 0.5"),
        (None, [], "no policy to evaluate"),
    ],
)
def test_bad_options(options: Options | None, policies: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(made(100), policies, options)


def test_rewards_that_are_all_zero_are_refused() -> None:
    log = made(50)
    same = Log(log.stratum, log.action, np.zeros(50), log.propensity, log.strata, log.actions)
    with pytest.raises(InputError, match="every reward of the log is 0: policies cannot differ"):
        evaluate(same, ["uniform"])


def test_the_probability_of_the_logged_action_alone_is_enough_for_weights() -> None:
    log = made(500)
    with_target = Log(log.stratum, log.action, log.reward, log.propensity, log.strata, log.actions, np.full(500, 1 / 3))
    found = evaluate(with_target, ["logged"]).policies[0]
    assert {"dm", "dr", "sndr", "switch_dr", "dros"} == set(found.left_out)
    other = evaluate(log, ["uniform"]).policies[0]
    one, same = found.estimate("ips"), other.estimate("ips")
    assert one is not None
    assert same is not None
    assert one.value == pytest.approx(same.value)


def test_the_terminal_and_the_page_say_the_same() -> None:
    evaluation = evaluate(made(), ["uniform", "greedy"], source="my log")
    shown = text(evaluation)
    assert headline(evaluation, evaluation.policies[0]) in shown
    assert "the first 1,200 gave the counts" in shown
    report = evaluation_report(evaluation)
    assert report.headline == headline(evaluation, evaluation.policies[0])
    assert [section.title for section in report.sections][:2] == ["uniform", "greedy"]


def test_data_is_plain_json() -> None:
    found = json.loads(json.dumps(data(evaluate(made(500), ["uniform"]))))
    assert found["policies"][0]["ci_low"] < found["policies"][0]["estimate"] < found["policies"][0]["ci_high"]
    assert found["rows"] == 500


# sim.evaluate and the command
