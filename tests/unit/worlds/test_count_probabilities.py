"""Probabilities that count draws add up, and the likelihood of beta-binomial counts, against SciPy."""

import math

import numpy as np
import pytest
from scipy import optimize, special, stats

from sim.worlds.count_draws import (
    HALF_LOG_TWO_PI,
    INFINITE_TRIALS,
    binomial_probability,
    binomial_quantile,
    deviance,
    lower_tail,
    poisson_probability,
    search_down,
    search_from,
    search_up,
    step_down,
    step_up,
    stirling_error,
)
from sim.worlds.table.empirical_bayes import (
    PRECISION_LIMITS,
    _ascent,
    _derivatives,
    _first_log_precision,
    _shapes,
    excess_spread,
    fit_beta_binomial,
    log_likelihood,
)


@pytest.mark.parametrize(("n", "p"), [(10, 0.3), (1_000, 0.01), (100_000, 4e-5)])
def test_steps_are_ratios_of_probabilities(n: int, p: float) -> None:
    odds, law = p / (1.0 - p), stats.binom(n, p)
    for count in (1, 3, min(9, n - 1)):
        assert step_up(count, n, odds) == pytest.approx(law.pmf(count + 1) / law.pmf(count), rel=1e-6)
        assert step_down(count, n, odds) == pytest.approx(law.pmf(count - 1) / law.pmf(count), rel=1e-6)


def test_steps_of_a_poisson_law() -> None:
    law = stats.poisson(4.5)
    for count in (1, 5, 20):
        assert step_up(count, INFINITE_TRIALS, 4.5) == pytest.approx(law.pmf(count + 1) / law.pmf(count))
        assert step_down(count, INFINITE_TRIALS, 4.5) == pytest.approx(law.pmf(count - 1) / law.pmf(count))


@pytest.mark.parametrize("n", [1.0, 2.0, 15.0, 16.0, 17.0, 300.0, 1e6])
def test_stirlings_error_is_what_the_formula_lacks(n: float) -> None:
    exact = special.gammaln(n + 1.0) - (n + 0.5) * math.log(n) + n - HALF_LOG_TWO_PI
    assert stirling_error(n) == pytest.approx(exact, abs=1e-12 * max(1.0, n * math.log(n)))
    assert 1.0 / (12.0 * n + 1.0) < stirling_error(n) < 1.0 / (12.0 * n)  # Robbins (1955)


def test_deviance_keeps_its_digits_near_the_mean() -> None:
    assert deviance(3.0, 2.0) == pytest.approx(3.0 * math.log(1.5) + 2.0 - 3.0)
    assert deviance(1e6 + 1.0, 1e6) == pytest.approx(0.5e-6, rel=1e-5)
    assert deviance(5.0, 5.0) == 0.0


@pytest.mark.parametrize(("count", "n", "p"), [(1, 2, 0.5), (30, 100, 0.3), (250_000, 10**6, 0.25), (3, 10**9, 1e-9)])
def test_binomial_probabilities(count: int, n: int, p: float) -> None:
    assert binomial_probability(count, n, p) == pytest.approx(stats.binom.pmf(count, n, p), rel=1e-9)


@pytest.mark.parametrize(("count", "mean"), [(1, 0.5), (120, 120.0), (2_000_000, 2_000_000.0)])
def test_poisson_probabilities(count: int, mean: float) -> None:
    assert poisson_probability(count, mean) == pytest.approx(stats.poisson.pmf(count, mean), rel=1e-9)


def test_the_lower_tail_is_the_distribution_function() -> None:
    n, p = 500, 0.4
    mode = int((n + 1) * p)
    found = lower_tail(mode, binomial_probability(mode, n, p), n, p / (1.0 - p))
    assert found == pytest.approx(stats.binom.cdf(mode, n, p), rel=1e-12)
    found = lower_tail(150, poisson_probability(150, 150.0), INFINITE_TRIALS, 150.0)
    assert found == pytest.approx(stats.poisson.cdf(150, 150.0), rel=1e-12)


@pytest.mark.parametrize("u", [1e-9, 0.01, 0.3, 0.5, 0.77, 0.999, 1.0 - 1e-9])
def test_searches_from_zero_and_from_the_mode_find_one_count(u: float) -> None:
    n, p = 300, 0.35
    odds, mode = p / (1.0 - p), int((n + 1) * p)
    exact = int(stats.binom.ppf(u, n, p))
    assert search_up(u, 0, math.exp(n * math.log1p(-p)), n, odds) == exact
    assert search_from(u, mode, binomial_probability(mode, n, p), n, odds) == exact
    assert binomial_quantile(u, n, p) == exact


def test_a_search_downwards_stops_at_zero() -> None:
    assert search_down(1.0, 3, 0.1, 10, 0.5) == 0
    assert search_down(0.05, 3, 0.1, 10, 0.5) == 3


S, F = np.array([1.0, 4.0, 9.0, 0.0]), np.array([9.0, 6.0, 11.0, 5.0])


def test_the_likelihood_is_that_of_beta_binomial_counts() -> None:
    exact = stats.betabinom.logpmf(S, S + F, 2.0, 5.0).sum()
    ways = (special.gammaln(S + F + 1) - special.gammaln(S + 1) - special.gammaln(F + 1)).sum()
    assert log_likelihood(2.0, 5.0, S, F) == pytest.approx(exact - ways)


def test_excess_spread_is_the_slope_of_the_likelihood_at_equal_rates() -> None:
    rate, step = S.sum() / (S + F).sum(), 1e-5
    equal = float((S * np.log(rate) + F * np.log1p(-rate)).sum())
    spread = log_likelihood(rate / step, (1.0 - rate) / step, S, F)
    assert excess_spread(S, F) == pytest.approx(2.0 * (spread - equal) / step, rel=1e-3)
    assert excess_spread(np.zeros(3), np.ones(3)) == 0.0
    assert excess_spread(np.full(9, 5.0), np.full(9, 5.0)) < 0.0


def test_the_maximum_is_that_of_a_general_optimiser() -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(5, 60, 200)
    s = rng.binomial(n, rng.beta(2.0, 6.0, 200))
    a, b = fit_beta_binomial(n, s)
    other = optimize.minimize(
        lambda x: -log_likelihood(math.exp(x[0]), math.exp(x[1]), s * 1.0, (n - s) * 1.0), [0.0, 0.0], tol=1e-10
    )
    assert (a, b) == pytest.approx(np.exp(other.x), rel=1e-3)


def test_counts_without_spread_or_without_trials() -> None:
    a, b = fit_beta_binomial(np.full(6, 10), np.full(6, 5))
    assert a + b == pytest.approx(PRECISION_LIMITS[1])
    assert a / (a + b) == pytest.approx(0.5)
    assert fit_beta_binomial(np.zeros(3, int), np.zeros(3, int)) == (1.0, 1.0)


@pytest.mark.parametrize(("trials", "successes"), [([3], [4]), ([3], [-1]), ([3, 4], [1])])
def test_impossible_counts_are_refused(trials: list[int], successes: list[int]) -> None:
    with pytest.raises(ValueError, match="equal shapes"):
        fit_beta_binomial(np.array(trials), np.array(successes))


def test_the_search_works_in_mean_and_precision() -> None:
    assert _shapes(np.array([0.0, math.log(8.0)])) == pytest.approx((4.0, 4.0))
    assert _shapes(np.array([math.log(3.0), 0.0])) == pytest.approx((0.75, 0.25))


def test_derivatives_are_those_of_the_likelihood() -> None:
    theta, step = np.array([-0.4, 1.3]), 1e-5
    gradient, hessian = _derivatives(theta, S, F)
    for place in range(2):
        unit = step * np.eye(2)[place]
        up, down = (log_likelihood(*_shapes(theta + sign * unit), S, F) for sign in (1.0, -1.0))
        assert gradient[place] == pytest.approx((up - down) / (2.0 * step), rel=1e-5)
        steeper = (_derivatives(theta + unit, S, F)[0] - _derivatives(theta - unit, S, F)[0]) / (2.0 * step)
        assert hessian[place] == pytest.approx(steeper, rel=1e-4, abs=1e-7)


def test_a_step_climbs_and_is_not_too_long() -> None:
    gradient = np.array([30.0, -40.0])
    for hessian in (np.diag([-1.0, -1.0]), np.diag([1.0, -1.0])):
        step = _ascent(gradient, hessian)
        assert gradient @ step > 0.0
        assert np.abs(step).max() == pytest.approx(2.0)
    assert _ascent(np.array([0.5, 0.0]), np.diag([-1.0, -4.0])) == pytest.approx([0.5, 0.0])


def test_the_first_precision_is_by_moments() -> None:
    # Two groups of 10 trials with 2 and 8 successes: χ² = 2 · 9 / 2.5 = 7.2; correlation (7.2 − 2) / 18.
    found = _first_log_precision(np.array([2.0, 8.0]), np.array([8.0, 2.0]), 0.5)
    assert found == pytest.approx(math.log(18.0 / 5.2 - 1.0))
