"""Estimators against scipy and against hand-made cases; coverage is in tests/statistical."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.estimators.comparisons import METRICS, paired_comparisons, win_probability
from reports.estimators.intervals import (
    NON_NEGATIVE,
    RESAMPLES,
    SHARE,
    _resampled_t,
    holm,
    independent_difference,
    mean_interval,
    moments,
    paired_difference,
    quantiles,
    share_interval,
)

NORMAL = np.random.default_rng(1).normal(10, 2, 50)
OTHER = np.random.default_rng(2).normal(11, 3, 50)
SKEWED = np.random.default_rng(3).lognormal(0, 1.5, 60)


def test_student_interval_is_scipys() -> None:
    estimate = mean_interval(NORMAL)
    wanted = stats.t.interval(0.95, 49, NORMAL.mean(), stats.sem(NORMAL))
    assert estimate.method == "t"
    assert (estimate.low, estimate.high) == pytest.approx(wanted, rel=1e-12)


def test_moments_are_scipys() -> None:
    m = moments(SKEWED)
    wanted = (SKEWED.mean(), SKEWED.std(ddof=1), stats.skew(SKEWED))
    assert (m.mean, m.sd, m.skewness) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("unit", [5e-324, 1e-320, 1e-110])
def test_values_whose_powers_are_zero_have_no_skewness(unit: float) -> None:
    m = moments(unit * np.array([0.0, 0.0, 1.0]))
    assert m.skewness == 0.0
    assert mean_interval(unit * np.array([0.0, 0.0, 1.0])).low <= m.mean


def test_skewed_data_take_the_bootstrap_and_lean_to_their_tail() -> None:
    estimate = mean_interval(SKEWED)
    assert estimate.method == "bootstrap-t"
    assert estimate.high - estimate.value > 1.5 * (estimate.value - estimate.low)


def test_a_limit_beyond_what_the_mean_can_be_moves_to_that_bound() -> None:
    few = np.array([0.0, 0.0, 0.1, 0.2, 0.3, 60.0])
    free, held = mean_interval(few), mean_interval(few, bounds=NON_NEGATIVE)
    assert free.low is not None and free.low < 0.0
    assert (held.low, held.high, held.value, held.method) == (0.0, free.high, free.value, free.method)
    shares = mean_interval(np.array([0.9, 1.0, 0.97, 0.7]), bounds=SHARE)
    assert shares.low == pytest.approx(0.6777, abs=1e-4)  # Student's t of four values; it ends above 1
    assert shares.high == 1.0
    assert mean_interval(NORMAL, bounds=NON_NEGATIVE) == mean_interval(NORMAL)


def test_bootstrap_t_agrees_with_scipys_studentised_resampling() -> None:
    def statistic(sample: np.ndarray, axis: int) -> np.ndarray:
        error = sample.std(axis=axis, ddof=1) / np.sqrt(sample.shape[axis])
        return (sample.mean(axis=axis) - SKEWED.mean()) / error

    drawn = stats.bootstrap((SKEWED,), statistic, n_resamples=20_000, method="percentile", rng=np.random.default_rng(4))
    limits = np.quantile(drawn.bootstrap_distribution, [0.975, 0.025])
    wanted = SKEWED.mean() - limits * stats.sem(SKEWED)
    estimate = mean_interval(SKEWED)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(wanted), rel=0.08)


def test_limits_of_the_bootstrap_are_its_fiftieth_order_statistics() -> None:
    """Of 1,999 resamples at 95 % (Efron & Tibshirani 1993, section 12.5)."""
    statistics = np.sort(np.concatenate(list(_resampled_t(SKEWED, SKEWED.mean()))))
    estimate, error = mean_interval(SKEWED), stats.sem(SKEWED)
    assert len(statistics) == RESAMPLES == 1_999
    assert estimate.low == pytest.approx(SKEWED.mean() - statistics[-50] * error, rel=1e-12)
    assert estimate.high == pytest.approx(SKEWED.mean() - statistics[49] * error, rel=1e-12)


def test_a_tie_is_not_better() -> None:
    """Of four replications one is better, one is worse, and two are ties, by a metric of either direction."""
    base, other = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 2.0, 5.0])
    for metric in ("regret", "reward"):
        (row,) = paired_comparisons("base", {"base": base, "other": other}, METRICS[metric])
        assert row.better.value == 0.25
        assert win_probability({"base": base, "other": other}, ["base", "other"], METRICS[metric])[0][1] == 0.25


def test_estimates_are_deterministic_and_blind_to_the_order_of_symmetric_data() -> None:
    assert mean_interval(SKEWED) == mean_interval(SKEWED.copy())
    assert mean_interval(NORMAL) == mean_interval(NORMAL[::-1])
    assert moments(SKEWED) == moments(np.random.default_rng(5).permutation(SKEWED))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300, -3.3])
def test_equal_values_are_their_own_interval(value: float) -> None:
    estimate = mean_interval(np.full(7, value))
    assert (estimate.value, estimate.low, estimate.high, estimate.method) == (value, value, value, "constant")


def test_one_replication_has_no_interval() -> None:
    one = np.array([3.0])
    assert mean_interval(one).low is None
    assert paired_difference(one, one).p_value is None
    assert independent_difference(one, NORMAL).p_value is None


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [1.0, float("inf")]])
def test_empty_and_infinite_samples_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval(np.array(values))


def test_a_sample_whose_resamples_lose_all_spread_falls_back_to_t() -> None:
    values = np.append(np.zeros(19), 100.0)
    assert mean_interval(values).method == "t"


def test_paired_t_is_scipys() -> None:
    difference = paired_difference(NORMAL, OTHER)
    assert difference.p_value == pytest.approx(stats.ttest_rel(NORMAL, OTHER).pvalue, rel=1e-9)


def test_welch_is_scipys() -> None:
    difference = independent_difference(NORMAL, OTHER[:30])
    wanted = stats.ttest_ind(NORMAL, OTHER[:30], equal_var=False)
    interval = wanted.confidence_interval()
    assert difference.p_value == pytest.approx(wanted.pvalue, rel=1e-9)
    assert (difference.estimate.low, difference.estimate.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


@given(st.floats(0.05, 3.0), st.integers(0, 2**32 - 1))
def test_interval_and_p_value_of_a_pair_tell_one_story(sigma: float, seed: int) -> None:
    drawn = np.random.default_rng(seed).lognormal(0, sigma, 30)
    difference = paired_difference(drawn, np.full(30, 1.0))
    low, high = difference.estimate.low, difference.estimate.high
    assert low is not None
    assert high is not None
    assert low <= difference.estimate.value <= high
    assert (low > 0 or high < 0) == (difference.p_value < 0.05)


def test_pairs_are_antisymmetric() -> None:
    one, other = paired_difference(SKEWED, NORMAL[:1].repeat(60)), paired_difference(NORMAL[:1].repeat(60), SKEWED)
    assert one.estimate.method == "sign flips, transformed t"
    assert one.p_value == pytest.approx(other.p_value, rel=1e-9)
    assert one.estimate.low == pytest.approx(-other.estimate.high, rel=1e-9)


def test_equal_differences_have_the_exact_sign_flip_p_value() -> None:
    shifted = paired_difference(NORMAL.round(2) * 0 + 3.0, np.full(50, 1.0))
    assert (shifted.estimate.low, shifted.estimate.high) == (2.0, 2.0)
    assert shifted.p_value == 2.0**-49
    assert paired_difference(NORMAL, NORMAL).p_value == 1.0


def test_pairs_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equal lengths"):
        paired_difference(NORMAL, NORMAL[1:])


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95]))
def test_share_interval_is_scipys_wilson(count_of: tuple[int, int], confidence: float) -> None:
    count, n = count_of
    estimate = share_interval(count, n, confidence)
    wanted = stats.binomtest(count, n).proportion_ci(confidence, method="wilson")
    assert (estimate.low, estimate.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert 0.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0


@pytest.mark.parametrize(("count", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_shares_are_refused(count: int, n: int) -> None:
    with pytest.raises(ValueError, match="share"):
        share_interval(count, n)


def test_holm_by_hand() -> None:
    # Sorted .01 .02 .03 .5 -> x4 .04, x3 .06, x2 .06 (kept monotone), x1 .5
    assert holm([0.02, 0.5, 0.01, None, 0.03]) == pytest.approx([0.06, 0.5, 0.04, None, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


def test_quantiles_interpolate_order_statistics() -> None:
    assert quantiles(np.arange(101.0)) == [5.0, 25.0, 50.0, 75.0, 95.0, 99.0]
