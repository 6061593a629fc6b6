"""Changes of means between runs: with unlucky replications, split by lock-outs, or as they are."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from reports.compare import compare
from reports.compare_report import comparison_report
from reports.decision.anchors import ratio_interval
from reports.decision.samples import COMBINED, Sample, change
from reports.decision.stability import stability
from reports.decision.tails import gain_of, mean_of
from reports.estimators.intervals import independent_difference, paired_difference
from reports.estimators.split import split_interval
from reports.estimators.strata import Strata, stratified_difference, stratified_moments
from reports.leads import Leads, leads
from reports.leads_text import leads_block, leads_data, leads_sentence, leads_text
from reports.report_input import report_input
from reports.sweep.cells import cell_result
from reports.sweep.robustness import robustness
from reports.sweep.table import sweep_frame
from sim.runs.run import StoredRun
from twins.invented_run import N, stored_run

RANDOM = np.random.default_rng(31)
KINDS = ("wilson_sample", "thompson_beta", "uniform", "oracle")
RARE, PROBABILITY = 40, 0.05
STRATA = Strata(np.append(np.ones(N, np.int64), np.zeros(RARE, np.int64)), np.array([PROBABILITY, 1.0 - PROBABILITY]))
LOSS = 700.0


def unlucky_run(folder: Path, loss: float, **keys: object) -> StoredRun:
    """Invented tables with unlucky replications, in which thompson_beta loses `loss` of its reward."""
    run = stored_run(folder, policies=KINDS, **keys)
    noise = np.random.default_rng(3).normal(0, 5, RARE)
    frames = [
        pl.DataFrame(
            {
                "policy": [name] * RARE,
                "replication": np.arange(1_000, 1_000 + RARE),
                "stratum": np.zeros(RARE, np.int64),
                "reward": 1_000.0 + noise - (loss if name == "thompson_beta" else 0.0),
                "regret": 100.0 - noise + (loss if name == "thompson_beta" else 0.0),
                "best_share": np.full(RARE, 0.5),
                "locked_out": [False] * RARE,
            }
        )
        for name in KINDS
    ]
    pl.concat(frames).write_parquet(folder / "unlucky.parquet")
    strata = {"replication": np.arange(N + RARE), "stratum": STRATA.of_value}
    pl.DataFrame({**strata, "probability": STRATA.probability[STRATA.of_value]}).write_parquet(
        folder / "strata.parquet"
    )
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredRun, StoredRun]:
    """Two runs that differ in what happens to thompson_beta in unlucky replications alone."""
    folder = tmp_path_factory.mktemp("unlucky")
    return unlucky_run(folder / "before", 0.0), unlucky_run(folder / "after", LOSS)


def found_leads(runs: tuple[StoredRun, StoredRun], *, paired: bool = True) -> Leads:
    found = leads(*runs, paired=paired)
    assert found is not None
    return found


def test_a_change_that_only_unlucky_replications_show_is_found(runs: tuple[StoredRun, StoredRun]) -> None:
    """The replications of both runs are the same: without the unlucky ones nothing would change."""
    own = [run.replications for run in runs]
    assert own[0].equals(own[1])
    thompson, uniform, _ = found_leads(runs).changes
    assert thompson.change.estimate.value == pytest.approx(-PROBABILITY * LOSS)
    assert thompson.change.p_value is not None
    assert thompson.change.p_value < 1e-6
    assert thompson.second.value < 0.0 < thompson.first.value
    assert uniform.change.estimate.value == 0.0
    regret = {each.policy: each for each in compare(*runs).changes}
    assert regret["thompson_beta"].difference.estimate.value == pytest.approx(PROBABILITY * LOSS)
    assert regret["thompson_beta"].second - regret["thompson_beta"].first == pytest.approx(PROBABILITY * LOSS)
    assert regret["uniform"].difference.estimate.value == 0.0


def test_the_leads_of_a_comparison_are_the_gains_of_the_decision(runs: tuple[StoredRun, StoredRun]) -> None:
    given = report_input(runs[1]).decision.given
    for each in found_leads(runs).changes:
        assert each.second == gain_of(each.policy, "wilson_sample", given, 0.95)
        assert not each.may_undercover
    assert found_leads(runs).baseline_means[1] == mean_of("wilson_sample", given)


def test_the_best_policy_of_a_cell_is_best_with_its_unlucky_replications(runs: tuple[StoredRun, StoredRun]) -> None:
    lucky, unlucky = (cell_result({"key": run.path.name}, run) for run in runs)
    raw = {name: values.mean() for name, values in unlucky.decision.given.values.items()}
    assert raw["thompson_beta"] > raw["wilson_sample"]
    assert (lucky.best, unlucky.best) == ("thompson_beta", "wilson_sample")
    assert unlucky.lead("thompson_beta") == pytest.approx(lucky.lead("thompson_beta") - PROBABILITY * LOSS)
    assert unlucky.shortfall("thompson_beta") == -unlucky.lead("thompson_beta")
    frame = sweep_frame([lucky, unlucky])
    means = frame.filter(policy="thompson_beta")["mean"].to_list()
    assert means[1] == pytest.approx(means[0] - PROBABILITY * LOSS)
    assert frame.filter(policy="thompson_beta")["best"].to_list() == [True, False]
    records = {each.policy: each for each in robustness([lucky, unlucky]).records}
    assert records["thompson_beta"].smallest_gain == pytest.approx(unlucky.lead("thompson_beta"))
    assert records["wilson_sample"].best_in == 1


def test_stability_draws_unlucky_replications_again_too(runs: tuple[StoredRun, StoredRun]) -> None:
    decision = report_input(runs[1]).decision
    eligible = [gain for gain in decision.gains if gain.policy == "thompson_beta"]
    assert decision.stability is not None
    with_them = stability(decision.given, eligible, decision.level)
    assert with_them == stability(decision.given, eligible, decision.level)
    assert with_them.same_best.value == 1.0
    lucky = report_input(runs[0]).decision
    assert stability(lucky.given, eligible, lucky.level).same_decision.value == 1.0


def test_the_share_of_the_possible_gain_counts_unlucky_replications(runs: tuple[StoredRun, StoredRun]) -> None:
    shares = []
    for run in runs:
        cell = cell_result({"key": "value"}, run)
        frame = sweep_frame([cell])
        shares.append(frame.filter(policy="thompson_beta")["captured"].item())
        assert frame.filter(policy="oracle")["captured"].item() == pytest.approx(1.0)
    possible = mean_of("oracle", cell.decision.given) - mean_of("uniform", cell.decision.given)
    assert shares[1] - shares[0] == pytest.approx(-PROBABILITY * LOSS / possible)


def test_a_ratio_of_stratified_means_with_one_stratum_is_the_plain_one() -> None:
    one = Strata(np.zeros(50, np.int64), np.ones(1))
    a, b = RANDOM.normal(2, 1, 50), RANDOM.normal(5, 1, 50)
    plain, stratified = ratio_interval(a, b, 0.9), ratio_interval(a, b, 0.9, one)
    assert plain is not None
    assert stratified is not None
    assert (stratified.value, stratified.low, stratified.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_runs_that_are_not_paired_put_the_limits_of_their_means_together(runs: tuple[StoredRun, StoredRun]) -> None:
    unpaired, paired = found_leads(runs, paired=False).changes[0].change, found_leads(runs).changes[0].change
    assert unpaired.estimate.method == COMBINED
    assert unpaired.estimate.value == pytest.approx(paired.estimate.value)
    one, two = (found_leads(runs).changes[0].first, found_leads(runs).changes[0].second)
    assert None not in (one.low, one.high, two.low, two.high)
    below = np.hypot(two.value - (two.low or 0.0), (one.high or 0.0) - one.value)
    assert unpaired.estimate.low == pytest.approx(two.value - one.value - below)
    assert unpaired.p_value is not None
    assert (unpaired.p_value < 0.05) == ((unpaired.estimate.high or 0.0) < 0.0)


def test_two_normal_samples_are_compared_as_welch_would() -> None:
    """Of groups that are not known a Sample has a plain mean; the combination of two t intervals is near Welch's."""
    a, b = RANDOM.normal(0, 1, 400), RANDOM.normal(0.1, 1, 400)
    assert change(Sample(a), Sample(b), paired=False) == independent_difference(b, a)
    one = Strata(np.zeros(400, np.int64), np.ones(1))
    found = change(Sample(a, strata=one), Sample(b, strata=one), paired=False)
    welch = stats.ttest_ind(b, a, equal_var=False)
    assert found.estimate.low == pytest.approx(welch.confidence_interval().low, abs=0.01)
    assert found.p_value == pytest.approx(welch.pvalue, abs=0.02)


def test_paired_samples_of_unlike_strata_are_not_subtracted_value_by_value() -> None:
    values = RANDOM.normal(0, 1, 40)
    one, two = (Strata(np.arange(40) % 2, np.array([p, 1.0 - p])) for p in (0.5, 0.1))
    assert change(Sample(values, strata=one), Sample(values, strata=two), paired=True).estimate.method == COMBINED
    same = change(Sample(values, strata=one), Sample(values + 1.0, strata=one), paired=True)
    assert same == stratified_difference(np.full(40, 1.0), one, 0.95)


def test_lock_outs_in_both_runs_drop_out_of_a_paired_change() -> None:
    values, locked = RANDOM.normal(0, 1, 100), (np.arange(100) < 30).astype(np.int8)
    moved = values + RANDOM.normal(0, 1, 100)
    both = change(Sample(values, locked), Sample(moved, locked), paired=True)
    assert both == paired_difference(moved, values)
    only_second = change(Sample(values, np.zeros_like(locked)), Sample(moved - 5.0 * locked, locked), paired=True)
    assert only_second.estimate == split_interval(moved - 5.0 * locked - values, locked, 0.95)
    assert change(Sample(values), Sample(moved - 5.0 * locked, locked), paired=True) == only_second


def test_means_of_samples_are_those_of_the_population() -> None:
    values = np.append(RANDOM.normal(10, 1, N), RANDOM.normal(0, 1, RARE))
    assert Sample(values).mean == pytest.approx(values.mean())
    assert Sample(values, strata=STRATA).mean == stratified_moments(values, STRATA).mean
    assert Sample(values[:1]).difference().p_value is None


def test_leads_that_a_run_is_too_small_for_are_marked(runs: tuple[StoredRun, StoredRun], tmp_path: Path) -> None:
    """Without unlucky replications, 60 do not show the rare losses of a policy that learns on one page."""
    plain = stored_run(tmp_path / "plain", policies=KINDS)
    found = found_leads((plain, plain))
    assert [each["ci_short"] for each in leads_data(found)] == [True, True, True]
    text = leads_text(found)
    assert "Intervals may be too narrow" in text
    assert "all policies" in " ".join(text.rpartition("too small")[2].split())
    assert len(leads_block(found, ("a", "b"))) == 2
    assert "too narrow" not in leads_text(found_leads(runs))
    assert len(leads_block(found_leads(runs), ("a", "b"))) == 1


def test_a_comparison_leads_with_the_decision_and_the_largest_change_of_a_lead(
    runs: tuple[StoredRun, StoredRun],
) -> None:
    report = comparison_report(*runs, compare(*runs))
    assert report.headline.startswith("The decision changes: from ")
    assert [text.partition(":")[0] for text in report.details[:2]] == ["before", "after"]
    assert "1 of 2 leads over wilson_sample change; that of thompson_beta falls most, by 35 succ" in report.details[2]
    back = leads_sentence(found_leads((runs[1], runs[0])))
    assert "that of thompson_beta grows most" in back
