"""The beta-binomial fit finds the maximum of the marginal likelihood, and gives a sane answer where there is none."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import optimize, stats

from sim.worlds.table.empirical_bayes import PRECISION_LIMITS, fit_beta_binomial

HEADLINES = Path(__file__).parents[3].parent / "shared/data/headline_tests.parquet"


def simulated(a, b, arms, seed, trials=(50, 3_000)):
    rng = np.random.default_rng(seed)
    n = rng.integers(*trials, arms)
    return n, rng.binomial(n, rng.beta(a, b, arms))


def scipy_maximum(n, s):
    def loss(theta):
        return -stats.betabinom.logpmf(s, n, *np.exp(theta)).sum()

    found = optimize.minimize(
        loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-7, "maxiter": 5_000}
    )
    return np.exp(found.x), -found.fun


@pytest.mark.parametrize(
    ("a", "b", "arms", "trials"),
    [
        (3.8, 260.0, 2_000, (700, 9_000)),
        (0.5, 0.7, 300, (2, 20)),
        (40.0, 40.0, 500, (5, 400)),
        (0.05, 3.0, 500, (10, 90)),
    ],
)
def test_the_fit_is_the_maximum_that_scipy_finds(a, b, arms, trials):
    n, s = simulated(a, b, arms, seed=3, trials=trials)
    ours = fit_beta_binomial(n, s)
    theirs, highest = scipy_maximum(n, s)
    assert stats.betabinom.logpmf(s, n, *ours).sum() >= highest - 1e-6
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_the_fit_recovers_the_truth():
    """Within five standard errors of the log-shapes (about 2 % each at this size): a false alarm in 1e6 seeds."""
    a, b = fit_beta_binomial(*simulated(4.0, 250.0, 20_000, seed=5))
    assert a == pytest.approx(4.0, rel=0.1)
    assert a / (a + b) == pytest.approx(4.0 / 254.0, rel=0.02)


def test_equal_rates_have_no_spread_to_find():
    n = np.full(50, 1_000)
    a, b = fit_beta_binomial(n, np.full(50, 20))
    assert a + b == pytest.approx(PRECISION_LIMITS[1])
    assert a / (a + b) == pytest.approx(0.02, rel=1e-3)


def test_binomial_counts_give_a_very_large_precision_or_the_limit():
    rng = np.random.default_rng(1)
    n = np.full(3_000, 500)
    a, b = fit_beta_binomial(n, rng.binomial(n, 0.1))
    assert a + b > 3_000
    assert a / (a + b) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("n", "s"),
    [
        ([100, 200], [0, 0]),
        ([100, 200], [100, 200]),
        ([1, 1, 1], [0, 1, 1]),
        ([7], [3]),
        ([0, 5], [0, 2]),
        ([9, 9], [0, 9]),
    ],
)
def test_degenerate_files_have_a_proper_answer(n, s):
    a, b = fit_beta_binomial(np.array(n), np.array(s))
    assert a > 0
    assert b > 0
    assert np.isfinite([a, b]).all()
    assert PRECISION_LIMITS[0] * 0.99 <= a + b <= PRECISION_LIMITS[1] * 1.01


def test_no_trials_at_all_leave_the_flat_prior():
    assert fit_beta_binomial(np.array([0, 0]), np.array([0, 0])) == (1.0, 1.0)
    assert fit_beta_binomial(np.array([], dtype=int), np.array([], dtype=int)) == (1.0, 1.0)


@pytest.mark.parametrize(("n", "s"), [([3], [4]), ([3], [-1]), ([3, 4], [1])])
def test_impossible_counts_are_refused(n, s):
    with pytest.raises(ValueError, match="counts"):
        fit_beta_binomial(np.array(n), np.array(s))


def test_the_real_headline_counts_fit_to_the_maximum():
    if not HEADLINES.exists():
        pytest.skip("real headline counts (../shared/data) are absent")
    counts = pl.read_parquet(HEADLINES)
    n, s = counts["trials"].to_numpy(), counts["successes"].to_numpy()
    ours = fit_beta_binomial(n, s)
    theirs, highest = scipy_maximum(n, s)
    assert stats.betabinom.logpmf(s, n, *ours).sum() >= highest - 1e-6
    assert ours == pytest.approx(theirs, rel=1e-4)
