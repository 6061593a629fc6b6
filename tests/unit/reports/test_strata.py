"""Stratified means, and the reports that use the unlucky replications of a run, on small arrays."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from reports.checks import evaluate_checks
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.decision.rule import decide
from reports.decision.tails import Tails, gain_of
from reports.decision.text import next_step
from reports.decision.unlucky import Unlucky, read_unlucky
from reports.estimators.power import Pilot, likely_replications, plan_replications
from reports.estimators.strata import Strata, stratified_covariance, stratified_difference, stratified_moments
from sim.scenario import Check

RANDOM = np.random.default_rng(23)
OWN, MORE = 80, 40  # replications of the run, and unlucky ones: the first stratum, of probability 0.05
STRATA = Strata(np.append(np.where(np.arange(OWN) < 4, 0, 1), np.zeros(MORE, np.int64)), np.array([0.05, 0.95]))
SAMPLES = {
    "base": np.concatenate([RANDOM.normal(50, 5, 4), RANDOM.normal(100, 3, OWN - 4), RANDOM.normal(50, 5, MORE)]),
    "p": RANDOM.normal(104, 3, OWN + MORE),
}


def rows(name: str, values: np.ndarray, first: int = 0) -> pl.DataFrame:
    n = len(values)
    return pl.DataFrame(
        {
            "policy": [name] * n,
            "replication": np.arange(first, first + n),
            "reward": values,
            "regret": 200.0 - values,
            "best_share": np.full(n, 0.5),
            "locked_out": values < 70.0,
        }
    )


UNLUCKY = Unlucky({name: rows(name, values[OWN:], 1_000) for name, values in SAMPLES.items()}, STRATA)


def given(unlucky: Unlucky | None = UNLUCKY) -> DecisionInput:
    values = {name: each[:OWN] for name, each in SAMPLES.items()}
    locked = SAMPLES["base"][:OWN] < 70.0
    return DecisionInput(
        "reward",
        Unit("", "sales", "per replication"),
        values,
        "base",
        lock_outs={"base": LockOuts(int(locked.sum()), OWN, locked)},
        learners=frozenset(SAMPLES),
        unlucky=unlucky,
        scenario="x",
        can_be_unlucky=True,
    )


def test_the_mean_and_its_error_are_those_of_the_textbook() -> None:
    values, m = SAMPLES["base"], stratified_moments(SAMPLES["base"], STRATA)
    rare, rest = values[STRATA.of_value == 0], values[STRATA.of_value == 1]
    assert m.mean == pytest.approx(0.05 * rare.mean() + 0.95 * rest.mean())
    parts = [0.05**2 * rare.var(ddof=1) / len(rare), 0.95**2 * rest.var(ddof=1) / len(rest)]
    assert m.standard_error**2 == pytest.approx(sum(parts))
    halves = [1 / (len(each) - 1) + max(0.0, stats.kurtosis(each)) / (2 * len(each)) for each in (rare, rest)]
    assert m.freedom == pytest.approx(sum(parts) ** 2 / (parts[0] ** 2 * halves[0] + parts[1] ** 2 * halves[1]))
    assert STRATA.weights.sum() == pytest.approx(1.0)
    assert STRATA.weights @ values == pytest.approx(m.mean)


def test_a_long_tail_leaves_fewer_degrees_of_freedom() -> None:
    """Short tails leave those of normal values."""
    one = Strata(np.zeros(40, np.int64), np.ones(1))
    short, long = np.tile([-1.0, 1.0], 20), np.append(np.tile([-1.0, 1.0], 19), [-9.0, 9.0])
    assert stratified_moments(short, one).freedom == pytest.approx(39.0)
    assert stratified_moments(long, one).freedom == pytest.approx(1 / (1 / 39 + stats.kurtosis(long) / 80))


def test_one_stratum_without_skewness_is_students_t() -> None:
    values, one = np.append(np.arange(20.0), 19.0 - np.arange(20.0)), Strata(np.zeros(40, np.int64), np.ones(1))
    found, student = stratified_difference(values, one, 0.95), stats.ttest_1samp(values, 0.0)
    assert found is not None
    assert (found.estimate.low, found.estimate.high) == pytest.approx(tuple(student.confidence_interval(0.95)))
    assert found.p_value == pytest.approx(student.pvalue)


def test_skewness_moves_the_interval_towards_the_tail_and_agrees_with_the_p_value() -> None:
    values, one = RANDOM.lognormal(0, 1, 60), Strata(np.zeros(60, np.int64), np.ones(1))
    found = stratified_difference(values, one, 0.95)
    assert found is not None
    assert found.estimate.high - values.mean() > values.mean() - found.estimate.low
    shifted = stratified_difference(values - found.estimate.low, one, 0.95)
    assert shifted is not None
    assert shifted.p_value == pytest.approx(0.05, abs=1e-6)


def test_a_stratum_of_one_value_has_no_interval_and_equal_values_need_none() -> None:
    assert stratified_difference(np.arange(3.0), Strata(np.array([0, 0, 1]), np.array([0.5, 0.5])), 0.95) is None
    same = stratified_difference(np.full(4, 3.0), Strata(np.array([0, 0, 1, 1]), np.array([0.5, 0.5])), 0.95)
    assert same is not None
    assert (same.estimate.low, same.estimate.high, same.p_value) == (3.0, 3.0, 0.0)


def test_unlucky_replications_decide_what_a_small_sample_leaves_open() -> None:
    without, decided = decide(given(None)), decide(given())
    assert (without.outcome, decided.outcome, decided.policy) == ("undecided", "switch", "p")
    assert "world.unlucky=200" in next_step(without)
    assert decided.rival is not None
    assert decided.rival.shortage is None
    expected = stratified_difference(SAMPLES["p"] - SAMPLES["base"], STRATA, decided.level)
    assert expected is not None
    assert decided.rival.estimate == expected.estimate == gain_of("p", "base", given(), decided.level)


def test_checks_and_means_are_stratified_where_the_metric_is_known() -> None:
    tails = Tails(given().lock_outs, given().learners, UNLUCKY)
    own = SAMPLES["base"][:OWN]
    assert tails.mean("base", own, metric="reward").value == pytest.approx(STRATA.weights @ SAMPLES["base"])
    assert tails.mean("base", own, metric="revenue_usd").method != "stratified"
    table = pl.concat([rows(name, each[:OWN]) for name, each in SAMPLES.items()])
    claims = [
        Check(metric="regret", policy="base", at_most=105.0),
        Check(metric="locked_out", policy="base", at_most=0.06),
        Check(metric="reward", policy="p", better_than="base"),
    ]
    assert [each.passed for each in evaluate_checks(claims, table, tails)] == [True, True, True]
    assert not evaluate_checks(claims, table, Tails(given().lock_outs, given().learners))[0].passed


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_a_bound_from_unlucky_replications_spends_a_part_of_the_error(confidence: float) -> None:
    """A limit passes from the bound at 0.7 of the error on, and no earlier."""
    tails, table = Tails(given().lock_outs, given().learners, UNLUCKY), rows("base", SAMPLES["base"][:OWN])
    found = stratified_difference(200.0 - SAMPLES["base"], STRATA, 1.0 - 2.0 * 0.7 * (1.0 - confidence))
    usual = stratified_difference(200.0 - SAMPLES["base"], STRATA, 2.0 * confidence - 1.0)
    assert found is not None and usual is not None
    high, lower = found.estimate.high, usual.estimate.high
    assert high is not None and lower is not None and lower < high
    limits = [high + 1e-6, high - 1e-6, lower]
    claims = [Check(metric="regret", policy="base", at_most=each, confidence=confidence) for each in limits]
    assert [each.passed for each in evaluate_checks(claims, table, tails)] == [True, False, False]


def test_a_pilot_with_unlucky_replications_knows_its_spread() -> None:
    tails = Tails(given().lock_outs, given().learners, UNLUCKY)
    pilot = tails.pilot(("p", "base"), given().values, "reward")
    differences = SAMPLES["p"] - SAMPLES["base"]
    assert pilot.mean == pytest.approx(STRATA.weights @ differences)
    assert pilot.groups is not None
    assert (pilot.groups == -(SAMPLES["base"] < 70.0).astype(int)).all()
    low, high = likely_replications(pilot, 3.0, 0.95, 0.8)
    assert low < plan_replications(Pilot(differences, None, STRATA.weights), 3.0, 0.95, 0.8).closed_form < high
    assert high < 1.5 * low
    assert tails.pilot(("p", "base"), given().values, "revenue_usd").probability is None


def test_the_tables_of_a_run_are_read_as_they_were_written() -> None:
    strata = pl.DataFrame({"stratum": STRATA.of_value, "probability": STRATA.probability[STRATA.of_value]})
    tables = {"unlucky": pl.concat(list(UNLUCKY.rows.values())), "strata": strata}
    found = read_unlucky(tables.get)
    assert found is not None
    assert (found.strata.of_value == STRATA.of_value).all()
    assert found.strata.probability.tolist() == [0.05, 0.95]
    sample = found.samples([("base", SAMPLES["base"][:OWN])], "reward")
    assert sample is not None
    assert sample[0][0].tolist() == SAMPLES["base"].tolist()
    assert read_unlucky({}.get) is None


def test_the_skewness_of_a_mean_adds_third_moments_over_strata() -> None:
    """Σ W³ · third central moment / n² over the cubed standard error; of one stratum, skewness / √n."""
    values, m = SAMPLES["base"], stratified_moments(SAMPLES["base"], STRATA)
    third = 0.0
    for stratum, weight in enumerate(STRATA.probability):
        own = values[STRATA.of_value == stratum]
        third += weight**3 * stats.skew(own) * own.std(ddof=1) ** 3 / len(own) ** 2
    assert m.skewness == pytest.approx(third / m.standard_error**3)
    skewed, one = RANDOM.lognormal(0, 1, 50), Strata(np.zeros(50, np.int64), np.ones(1))
    assert stratified_moments(skewed, one).skewness == pytest.approx(stats.skew(skewed) / np.sqrt(50))


def test_the_covariance_of_two_means_is_the_variance_of_one_with_itself() -> None:
    own, other = SAMPLES["base"], SAMPLES["p"]
    assert stratified_covariance(own, own, STRATA) == pytest.approx(stratified_moments(own, STRATA).standard_error ** 2)
    total = stratified_moments(own + other, STRATA).standard_error ** 2
    parts = sum(stratified_moments(each, STRATA).standard_error ** 2 for each in (own, other))
    assert stratified_covariance(own, other, STRATA) == pytest.approx((total - parts) / 2)
