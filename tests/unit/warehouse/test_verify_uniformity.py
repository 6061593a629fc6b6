"""The tests of uniformity: exact values where theory gives them, and power against the alternatives they are for."""

import math

import numpy as np
import pytest
from scipy.stats import beta, kstest, norm

from sim.warehouse.verify.uniformity import (
    bernstein_p,
    gaps_p,
    kolmogorov_smirnov,
    lag_p,
    log_p,
    mean_p,
    normal_p,
    uniform_sum_p,
)

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("size", [1, 5, 200, 5000, 400_000])
@pytest.mark.parametrize("power", [1.0, 1.02, 1.2, 3.0])
def test_kolmogorov_smirnov_is_that_of_scipy_but_for_what_both_sides_share(size, power):
    u = RANDOM.random(size) ** power
    exact, found = kstest(u, "uniform", method="exact").pvalue, kolmogorov_smirnov(u)
    assert exact * (1.0 - 1e-9) <= found <= max(1.0, exact)
    assert found == pytest.approx(exact, rel=max(1e-9, 3.0 * exact**3), abs=1e-300)


def test_values_beyond_the_interval_count_as_its_ends():
    assert kolmogorov_smirnov(np.array([-1.0, 2.0] * 50)) == kolmogorov_smirnov(np.array([0.0, 1.0] * 50))


@pytest.mark.parametrize("z", [0.0, 1.0, -1.96, 5.0, 8.0])
def test_the_normal_p_is_two_sided(z):
    assert normal_p(z) == pytest.approx(2 * norm.sf(abs(z)), rel=1e-9)


def test_the_mean_is_measured_in_its_standard_error():
    draws = 1200
    assert mean_p(10.0, draws) == pytest.approx(2 * norm.sf(10.0 / math.sqrt(draws / 12)))


@pytest.mark.parametrize("draws", [2, 10, 1000, 400_000])
@pytest.mark.parametrize("x", [0.0, 0.1, 1.0, 10.0])
def test_the_gaps_at_both_ends_are_beta_distributed(draws, x):
    gaps = x / draws
    assert gaps_p(gaps, draws) == pytest.approx(beta.sf(gaps, 2, draws - 1), rel=1e-9)


def test_gaps_beyond_the_ends_are_no_evidence_of_a_smaller_interval():
    assert gaps_p(-0.5, 1000) == 1.0


@pytest.mark.parametrize(("power", "rejected"), [(1.0, False), (1.02, True), (0.98, True)])
def test_the_logarithms_show_powers(power, rejected):
    draws = 400_000
    log_sum = float(np.log(RANDOM.random(draws) ** power).sum())
    assert (log_p(log_sum, draws) < 1e-6) is rejected


@pytest.mark.parametrize("lag", [1, 7, 500, 5000])
def test_the_most_correlated_lag_is_named(lag):
    u = RANDOM.random(20_000)
    u[lag:] = np.where(RANDOM.random(u.size - lag) < 0.3, u[:-lag], u[lag:])
    p, found = lag_p(u)
    assert p < 1e-9
    assert found == lag


def test_independent_draws_have_no_lag():
    assert lag_p(np.random.default_rng(8).random(20_000))[0] > 1e-3


def test_the_lag_test_is_that_of_the_direct_sums():
    u = RANDOM.random(300)
    centred = u - 0.5
    sums = [float(centred[:-lag] @ centred[lag:]) * 12 / math.sqrt(u.size - lag) for lag in range(1, 271)]
    p, lag = lag_p(u)
    assert lag == 1 + int(np.argmax(np.abs(sums)))
    assert p == pytest.approx(min(1.0, 270 * normal_p(max(sums, key=abs))), rel=1e-9)


@pytest.mark.parametrize("draws", [1, 3, 30, 1000])
def test_bernsteins_limit_lies_above_the_exact_tail(draws):
    """Against simulated sums of uniforms, at deviations of 1 to 4 standard errors."""
    sums = np.random.default_rng(4).random((20_000, draws)).sum(axis=1) - draws / 2
    for z in (1.0, 2.0, 3.0, 4.0):
        deviation = z * math.sqrt(draws / 12)
        limit = float(bernstein_p(np.array([deviation]), np.array([float(draws)]), 1 / 12, 0.5)[0])
        assert limit >= np.mean(np.abs(sums) >= deviation)


def test_bernsteins_limit_falls_with_the_deviation_and_never_exceeds_one():
    limits = bernstein_p(np.linspace(0, 50, 40), np.full(40, 100.0), 1 / 12, 0.5)
    assert np.all(np.diff(limits) <= 0)
    assert limits[0] == 1.0
    assert limits[-1] < 1e-30


@pytest.mark.parametrize("draws", [1, 2, 3, 12, 200])
def test_the_limit_for_sums_of_uniform_draws_is_never_below_the_exact_p(draws):
    """Against the exact distribution of a sum (Irwin and Hall) for few draws, the normal one for many."""
    for share in (0.05, 0.2, 0.4, 0.49):
        deviation = share * draws
        if draws <= 12:
            x = draws / 2.0 - deviation
            terms = [(-1) ** k * math.comb(draws, k) * (x - k) ** draws for k in range(math.floor(x) + 1)]
            exact = 2.0 * math.fsum(terms) / math.factorial(draws)
        else:
            exact = 2.0 * norm.sf(deviation / math.sqrt(draws / 12.0))
        [limit] = uniform_sum_p(np.array([deviation]), np.array([float(draws)]))
        assert exact <= limit <= 1.0


def test_the_limit_for_sums_is_closer_than_that_of_bernstein():
    deviation, draws = np.array([15.0]), np.array([60.0])
    assert uniform_sum_p(deviation, draws) < 1e-2 * bernstein_p(deviation, draws, 1.0 / 12.0, 0.5)


def test_folded_draws_correlate_in_their_distance_from_the_middle_only():
    u = RANDOM.random(2000)
    folded = np.column_stack([u, np.abs(2.0 * u - 1.0)]).ravel()
    assert lag_p(folded)[0] > 1e-6
    assert lag_p(folded, 2)[0] < 1e-9
    assert lag_p(folded, 2)[1] == 1


@pytest.mark.parametrize("lag", [20, 700, 1700])
def test_the_lag_of_repeated_draws_is_found_up_to_nine_tenths_of_them(lag):
    p, found = lag_p(np.resize(RANDOM.random(lag), 2000))
    assert p < 1e-12
    assert found % lag == 0
