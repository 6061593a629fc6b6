"""The arithmetic that rules share, against closed forms, SciPy and root finding."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from policies.maths.divergence import kl, kl_upper, kl_upper_slope
from policies.maths.incomplete_beta import beta_density, beta_quantile, beta_tail_and_factor
from policies.maths.poisson import poisson_upper
from policies.maths.pooling import moment, ratio_elsewhere, share_of, spread_left
from policies.maths.sum_normal import LARGEST, sum_normal
from policies.maths.wilson import Z, exploration_bonus, wilson_bounds, wilson_interval

SHAPES = [(1.0, 1.0), (2.0, 5.0), (0.5, 0.5), (30.0, 3.0), (1e4, 3e5), (1.0, 7.0), (7.0, 1.0)]


def poisson_loss(p: float, q: float) -> float:
    return p * math.log(p / q) + q - p


@pytest.mark.parametrize("p", [1e-6, 0.01, 0.5, 3.0, 400.0])
@pytest.mark.parametrize("budget", [1e-8, 0.01, 1.0, 30.0])
def test_the_poisson_bound_solves_its_equation(p: float, budget: float) -> None:
    exact = brentq(lambda q: poisson_loss(p, q) - budget, p, p + 40.0 * (budget + math.sqrt(p * budget)), xtol=1e-14)
    assert poisson_upper(p, budget) == pytest.approx(exact, rel=1e-6)
    assert poisson_upper(p, budget) > p


def test_the_poisson_bound_without_purchases_or_budget() -> None:
    assert poisson_upper(0.0, 2.5) == 2.5  # q − 0 = budget
    assert poisson_upper(0.3, 0.0) == 0.3
    assert poisson_upper(0.3, -1.0) == 0.3


@pytest.mark.parametrize("p", [0.0, 0.01, 0.3, 0.9])
@pytest.mark.parametrize("budget", [0.001, 0.1, 1.0])
def test_the_slope_of_the_kl_bound_is_its_derivative(p: float, budget: float) -> None:
    step = 1e-5 * budget
    rise = (kl_upper(p, budget + step) - kl_upper(p, budget - step)) / (2.0 * step)
    assert kl_upper_slope(p, kl_upper(p, budget)) == pytest.approx(rise, rel=1e-4)


def test_the_slope_bounds_every_later_rise() -> None:
    for p in (0.05, 0.5):
        q = kl_upper(p, 0.2)
        for more in (0.01, 0.1, 1.0):
            assert kl_upper(p, 0.2 + more) - q <= kl_upper_slope(p, q) * more


def test_the_slope_at_the_ends() -> None:
    assert kl_upper_slope(1.0, 1.0) == 0.0
    assert kl_upper_slope(0.3, 0.3) == math.inf


def test_kl_is_zero_nowhere_else_and_infinite_at_one() -> None:
    assert kl(0.4, 0.0) == 0.0
    assert kl(0.4, 0.6) == math.inf
    assert kl(0.0, 0.5) == pytest.approx(math.log(2.0))
    assert kl(1.0, 0.0) == 0.0
    assert kl(0.5, 1e-9) == pytest.approx(2e-18, rel=1e-3)  # d² / (2 p (1 − p))


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_density_and_tail_of_the_beta_distribution(a: float, b: float) -> None:
    law = stats.beta(a, b)
    for u in (0.01, 0.3, 0.5, 0.9):
        x = float(law.ppf(u))
        assert beta_density(a, b, x) == pytest.approx(law.pdf(x), rel=1e-9)
        tail, factor = beta_tail_and_factor(a, b, x)
        assert tail == pytest.approx(law.sf(x), rel=1e-9)
        assert factor == pytest.approx(law.pdf(x) * x * (1.0 - x), rel=1e-9)


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_quantiles_of_the_beta_distribution(a: float, b: float) -> None:
    for u in (1e-6, 0.2, 0.5, 0.8, 1.0 - 1e-6):
        assert beta_quantile(u, a, b) == pytest.approx(stats.beta(a, b).ppf(u), rel=1e-9)
    assert (beta_quantile(0.0, a, b), beta_quantile(1.0, a, b)) == (0.0, 1.0)


def test_closed_forms_of_quantiles() -> None:
    assert beta_quantile(0.25, 2.0, 1.0) == 0.5  # √u
    assert beta_quantile(0.75, 1.0, 2.0) == pytest.approx(0.5)  # 1 − √(1 − u)


def test_twelve_uniforms_make_a_normal_number() -> None:
    keys = np.arange(1, 4_001, dtype=np.uint64) << np.uint64(32)
    with np.errstate(over="ignore"):
        drawn = np.array([sum_normal(key) for key in keys])
    # Five standard errors: of the mean 1 / √4000, of the variance √(1.9 / 4000) (the fourth moment is 2.9).
    assert abs(drawn.mean()) < 5.0 / math.sqrt(4_000)
    assert abs(drawn.var() - 1.0) < 5.0 * math.sqrt(1.9 / 4_000)
    assert np.abs(drawn).max() < LARGEST


def test_one_key_gives_one_number() -> None:
    with np.errstate(over="ignore"):
        assert sum_normal(np.uint64(99)) == sum_normal(np.uint64(99)) != sum_normal(np.uint64(98))


def test_the_caption_effect_shrinks_to_one() -> None:
    # Twice the expected 10 successes; shared variance 0.4 · 0.5 · 10 = 2 against noise 2: half way.
    assert ratio_elsewhere(10.0, 20.0, 0.4, 0.5, 2.0) == pytest.approx(1.5)
    assert ratio_elsewhere(0.0, 0.0, 0.4, 0.5, 2.0) == 1.0
    assert ratio_elsewhere(10.0, 20.0, 0.4, 0.0, 2.0) == 1.0
    assert ratio_elsewhere(10.0, 20.0, 0.4, 1.0, 0.0) == 2.0


def test_what_is_known_of_the_caption_effect_leaves_less_spread() -> None:
    assert spread_left(10.0, 0.4, 0.5, 2.0) == pytest.approx(0.4 * (1.0 - 0.5 * 0.5))
    assert spread_left(0.0, 0.4, 0.5, 2.0) == 0.4
    assert spread_left(1e12, 0.4, 1.0, 2.0) == pytest.approx(0.0, abs=1e-9)


def test_moments_start_from_their_prior() -> None:
    assert moment(6.0, 2.0, 0.5, 0.0) == 3.0
    assert moment(6.0, 2.0, 0.5, 2.0) == 1.75
    assert moment(0.0, 0.0, 0.5, 9.0) == 0.5


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(1.0, 4.0, 0.25), (-1.0, 4.0, 0.0), (9.0, 4.0, 1.0), (1.0, 0.0, 0.0), (1.0, -2.0, 0.0)]
)
def test_shares_lie_within_zero_and_one(part: float, whole: float, share: float) -> None:
    assert share_of(part, whole) == share


@pytest.mark.parametrize(("s", "f"), [(1, 1), (0, 9), (9, 0), (40, 60), (1, 10**6)])
def test_wilson_limits_are_the_roots_of_their_equation(s: int, f: int) -> None:
    n, p = s + f, s / (s + f)
    for q in wilson_interval(s, f, Z):
        assert (p - q) ** 2 == pytest.approx(Z * Z * q * (1.0 - q) / n, abs=1e-12)
    assert wilson_interval(s, f, Z) == tuple(float(bound[0]) for bound in wilson_bounds([s], [f]))


def test_nothing_is_known_without_trials() -> None:
    low, high = wilson_bounds([0, 3], [0, 1])
    assert (low[0], high[0]) == (0.0, 1.0)
    assert 0.0 < low[1] < 0.75 < high[1] < 1.0
    with pytest.raises(ValueError, match="negative or NaN"):
        wilson_bounds([-1], [2])
    with pytest.raises(ValueError, match="negative or NaN"):
        wilson_bounds([math.nan], [2])


def test_the_exploration_bonus_falls_with_the_root_of_trials() -> None:
    assert exploration_bonus([0, 1, 30], [0, 2, 69]).tolist() == [1.0, 0.5, 0.1]
