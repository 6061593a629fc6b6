"""The NumPy reference of the deployed Wilson bounds, against the published rows, SciPy and exact arithmetic."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from policies.maths.wilson import exploration_bonus, wilson_bounds, wilson_interval

Z = 1.96
PUBLISHED = [(100, 100, 0.4314, 0.5686, 0.0705), (90, 10, 0.8256, 0.9448, 0.0995), (50, 50, 0.4038, 0.5962, 0.0995)]
PUBLISHED += [(10, 10, 0.2993, 0.7007, 0.2182), (10, 90, 0.0552, 0.1744, 0.0995)]
DERIVED = [(1, 1, 0.0945, 0.9055), (1, 0, 0.2065, 1.0), (0, 1, 0.0, 0.7935), (2, 1, 0.2077, 0.9385)]
DERIVED += [(1, 2, 0.0615, 0.7923), (1, 3, 0.0456, 0.6994), (70, 30, 0.6041, 0.7811)]


def pairs(count: int, seed: int = 1) -> tuple[Any, Any]:
    """Counts from 0 to a billion on a logarithmic scale, zeros included."""
    rng = np.random.default_rng(seed)
    s, f = np.floor(10.0 ** rng.uniform(-0.5, 9.0, (2, count)))
    return s, np.where(s + f > 0, f, 1.0)


@pytest.mark.parametrize(("s", "f", "lower", "upper", "bonus"), PUBLISHED)
def test_the_published_rows_hold_at_four_decimals(s: int, f: int, lower: float, upper: float, bonus: float) -> None:
    low, high = wilson_bounds(s, f)
    assert (round(float(low), 4), round(float(high), 4)) == (lower, upper)
    assert round(float(exploration_bonus(s, f)), 4) == bonus


@pytest.mark.parametrize(("s", "f", "lower", "upper"), DERIVED)
def test_the_derived_rows_hold_at_four_decimals(s: int, f: int, lower: float, upper: float) -> None:
    low, high = wilson_bounds(s, f)
    assert float(low) == pytest.approx(lower, abs=5.1e-5)
    assert float(high) == pytest.approx(upper, abs=5.1e-5)


def test_no_observation_gives_the_whole_interval() -> None:
    assert [float(bound) for bound in wilson_bounds(0, 0)] == [0.0, 1.0]
    assert float(exploration_bonus(0, 0)) == 1.0


def test_bounds_are_not_clamped() -> None:
    s, f = np.arange(1.0, 2000.0), np.zeros(1999)
    assert wilson_bounds(s, f)[1].max() > 1.0
    assert wilson_bounds(f, s)[0].min() < 0.0


def test_scipy_agrees_on_pairs_up_to_a_billion() -> None:
    s, f = pairs(1500)
    level = 2.0 * special.ndtr(Z) - 1.0
    lower, upper = wilson_bounds(s, f)
    for i, (successes, failures) in enumerate(zip(s.astype(int), f.astype(int), strict=True)):
        test = stats.binomtest(successes, successes + failures, 0.5)
        interval = test.proportion_ci(level, method="wilson")
        assert abs(interval.low - max(lower[i], 0.0)) < 1e-12
        assert abs(interval.high - min(upper[i], 1.0)) < 1e-12


def roots(s: int, f: int) -> tuple[float, float]:
    """The two q with (p − q)² = z² q (1 − q) / n, z = 1.96 exactly, to 50 digits."""
    with localcontext() as context:
        context.prec = 50
        n, z2 = s + f, Fraction(196, 100) ** 2
        a, b, c = n + z2, 2 * s + z2, Fraction(s * s, n)
        discriminant = b * b - 4 * a * c
        root = (Decimal(discriminant.numerator) / Decimal(discriminant.denominator)).sqrt()
        middle, double = (
            Decimal(b.numerator) / Decimal(b.denominator),
            Decimal((2 * a).numerator) / Decimal(a.denominator),
        )
        return float((middle - root) / double), float((middle + root) / double)


def test_exact_roots_agree_on_a_hundred_thousand_pairs() -> None:
    s, f = pairs(100_000, seed=2)
    lower, upper = wilson_bounds(s, f)
    exact_lower, exact_upper = extended_roots(s, f)
    assert np.abs(lower - exact_lower).max() < 1e-12
    assert np.abs(upper - exact_upper).max() < 1e-12


def extended_roots(s: Any, f: Any) -> tuple[Any, Any]:
    """`roots` in extended precision for arrays; the smaller root from Vieta's product, where nothing cancels."""
    s, n, z2 = np.longdouble(s), np.longdouble(s + f), np.longdouble(196) ** 2 / 10_000
    a, b, c = n + z2, 2 * s + z2, s * s / n
    upper = (b + np.sqrt(z2 * z2 + 4 * z2 * s * (n - s) / n)) / (2 * a)
    return c / a / upper, upper


def test_the_array_oracle_equals_fifty_digits() -> None:
    s, f = pairs(400, seed=3)
    for successes, failures, low, high in zip(s, f, *extended_roots(s, f), strict=True):
        assert roots(int(successes), int(failures)) == pytest.approx((float(low), float(high)), rel=1e-15, abs=1e-18)


def test_another_z_is_caught_at_this_tolerance() -> None:
    s, f = pairs(1000)
    assert np.abs(wilson_bounds(s, f, z=1.959964)[0] - extended_roots(s, f)[0]).max() > 1e-12


def test_bounds_mirror_each_other() -> None:
    s, f = pairs(2000)
    np.testing.assert_allclose(wilson_bounds(s, f)[0], 1.0 - wilson_bounds(f, s)[1], atol=1e-15)


def test_the_rule_uses_the_bits_of_the_reference() -> None:
    s, f = pairs(2000)
    scalar = [wilson_interval(a, b, Z) for a, b in zip(s.tolist(), f.tolist(), strict=True)]
    assert np.array_equal(np.array(scalar).T, np.array(wilson_bounds(s, f)))


def test_shapes_broadcast() -> None:
    lower, upper = wilson_bounds(np.ones((3, 1)), np.ones(4))
    assert lower.shape == upper.shape == (3, 4)


@pytest.mark.parametrize(("s", "f"), [(-1, 2), (2, -1), (float("nan"), 1)])
def test_impossible_counts_are_refused(s: float, f: float) -> None:
    with pytest.raises(ValueError, match="negative or NaN"):
        wilson_bounds([1, s], [1, f])
