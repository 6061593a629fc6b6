"""Probabilities of winning: closed forms, exact fractions, scipy's adaptive quadrature, and 10 million draws."""

from fractions import Fraction
from itertools import pairwise
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from policies.maths.wilson import wilson_bounds
from sim.evaluation.winning import beta_wins, uniform_wins


def test_equal_arms_win_equally() -> None:
    assert uniform_wins(np.zeros(7), np.ones(7)) == pytest.approx(np.full(7, 1 / 7), abs=1e-15)
    assert beta_wins(np.full(9, 3.0), np.full(9, 5.0)) == pytest.approx(np.full(9, 1 / 9), abs=1e-14)


def test_two_overlapping_uniforms_by_hand() -> None:
    # [0, 2] against [1, 3]: the first wins if both lie in [1, 2] (1/4) and it is the larger (1/2).
    assert uniform_wins(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == pytest.approx([1 / 8, 7 / 8], abs=1e-15)


def test_a_range_below_another_never_wins() -> None:
    wins = uniform_wins(np.array([0.0, 0.5, 0.6]), np.array([0.5, 0.9, 1.0]))
    assert wins[0] == 0.0
    assert wins.sum() == pytest.approx(1.0, abs=1e-15)


def polynomial(low: Fraction, high: Fraction) -> list[Fraction]:
    """Coefficients of (x − low) / (high − low), constant first."""
    return [-low / (high - low), 1 / (high - low)]


def exact(limits: list[tuple[Fraction, Fraction]]) -> list[float]:
    """P(win) of uniforms as exact fractions, by products of polynomials between upper limits."""
    floor = max(low for low, _ in limits)
    edges = sorted({floor, *(high for _, high in limits if high > floor)})
    wins = [Fraction(0)] * len(limits)
    for start, end in pairwise(edges):
        for i, (low, high) in enumerate(limits):
            if high < end:
                continue
            product = [1 / (high - low)]
            for j, other in enumerate(limits):
                if j != i and other[1] >= end:
                    factor = polynomial(*other)
                    raised = [Fraction(0)] * (len(product) + 1)
                    for power, coefficient in enumerate(product):
                        raised[power] += coefficient * factor[0]
                        raised[power + 1] += coefficient * factor[1]
                    product = raised
            wins[i] += sum(
                (c * (end ** (p + 1) - start ** (p + 1)) / (p + 1) for p, c in enumerate(product)), Fraction(0)
            )
    return [float(win) for win in wins]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=7))
def test_uniforms_agree_with_exact_fractions(ranges: list[tuple[int, int]]) -> None:
    limits = [(Fraction(low, 40), Fraction(low + width, 40)) for low, width in ranges]
    low, high = (np.array([float(limit[side]) for limit in limits]) for side in (0, 1))
    assert uniform_wins(low, high) == pytest.approx(exact(limits), abs=1e-12)


def test_hundreds_of_arms_by_a_closed_form() -> None:
    """One arm on [0, 1 + d] against n on [0, 1]: it loses only if it is below their largest."""
    n, d = 500, 0.01
    wins = uniform_wins(np.zeros(n + 1), np.array([1.0 + d, *[1.0] * n]))
    assert wins[0] == pytest.approx((d + 1 / (n + 1)) / (1 + d), abs=1e-12)
    assert wins[1:] == pytest.approx(np.full(n, (1 - wins[0]) / n), abs=1e-13)


def wilson(successes: list[int], failures: list[int]) -> tuple[np.ndarray, np.ndarray]:
    low, high = wilson_bounds(np.array(successes), np.array(failures))
    return low, high


def test_the_deployed_rule_against_ten_million_draws() -> None:
    """Shares of 10,000,000 draws (NumPy, seed 1); 5 standard errors are below 8e-4."""
    low, high = wilson([1, 3, 50, 20, 7], [1, 9, 60, 15, 40])
    drawn = [0.4093, 0.0191, 0.0792, 0.4924, 0.0]
    assert uniform_wins(low, high) == pytest.approx(drawn, abs=8e-4)


@pytest.mark.long
def test_the_recorded_shares_are_those_of_draws() -> None:
    low, high = wilson([1, 3, 50, 20, 7], [1, 9, 60, 15, 40])
    generator, wins = np.random.default_rng(1), np.zeros(5)
    for _ in range(100):
        best = generator.uniform(low, high, (100_000, 5)).argmax(axis=1)
        wins += np.bincount(best, minlength=5)
    assert uniform_wins(low, high) == pytest.approx(wins / 1e7, abs=8e-4)


def test_two_betas_with_whole_parameters_by_a_finite_sum() -> None:
    """P(Beta(a, b) > Beta(c, d)) as a sum (Evan Miller 2015), here with factorials."""

    def above(a: int, b: int, c: int, d: int) -> float:
        def beta(x: int, y: int) -> Fraction:
            return Fraction(factorial(x - 1) * factorial(y - 1), factorial(x + y - 1))

        return float(sum(beta(c + i, b + d) / ((b + i) * beta(1 + i, b) * beta(c, d)) for i in range(a))) if a else 0.0

    for a, b, c, d in [(2, 3, 1, 1), (5, 1, 2, 7), (4, 9, 3, 8)]:
        first = beta_wins(np.array([a, c], float), np.array([b, d], float))[0]
        integral, _ = integrate.quad(
            lambda x, a=a, b=b, c=c, d=d: stats.beta.pdf(x, a, b) * stats.beta.cdf(x, c, d), 0, 1, epsabs=1e-13
        )
        assert first == pytest.approx(integral, abs=1e-10)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(1.0, 60.0), st.floats(1.0, 60.0)), min_size=2, max_size=5),
)
def test_betas_agree_with_adaptive_quadrature(parameters: list[tuple[float, float]]) -> None:
    a, b = (np.array(column) for column in zip(*parameters, strict=True))
    wins = beta_wins(a, b)

    def integrand(x: float) -> float:
        rest = np.prod(stats.beta.cdf(x, a[1:], b[1:]))
        return float(stats.beta.pdf(x, a[0], b[0]) * rest)

    points = sorted(float(p / (p + q)) for p, q in parameters)
    expected, error = integrate.quad(integrand, 0.0, 1.0, limit=400, points=points, epsabs=1e-11)
    assert wins[0] == pytest.approx(expected, abs=max(1e-8, 10 * error))
    assert wins.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e2, 1e4, 1e6])
def test_sharp_betas_next_to_flat_ones(scale: float) -> None:
    wins = beta_wins(np.array([scale, 1.0, scale]), np.array([scale, 1.0, scale]))
    assert wins[0] == wins[2]
    # The flat one wins where it is above the larger of two draws near a half.
    largest = integrate.quad(lambda u: stats.beta.ppf(u**0.5, scale, scale), 0.0, 1.0, limit=400, epsabs=1e-12)[0]
    assert wins[1] == pytest.approx(1.0 - largest, abs=1e-7)


def test_a_thousand_captions_of_few_counts_are_few_terms() -> None:
    generator = np.random.default_rng(3)
    n = generator.integers(0, 12, 1_000)
    s = generator.binomial(n, 0.3)
    low, high = wilson_bounds(s + 1, n - s + 1)
    for wins in (uniform_wins(low, high), beta_wins(s + 1.0, n - s + 1.0)):
        assert wins.sum() == pytest.approx(1.0, abs=1e-12)
        assert (wins >= 0.0).all()
        assert len(np.unique(wins)) <= len({*zip(n.tolist(), s.tolist(), strict=True)})


@pytest.mark.parametrize(
    ("low", "high"), [([0.0], [0.0]), ([1.0], [0.0]), ([float("nan")], [1.0]), ([0.0], [float("inf")])]
)
def test_empty_ranges_are_refused(low: list[float], high: list[float]) -> None:
    with pytest.raises(ValueError, match="finite limits"):
        uniform_wins(np.array(low), np.array(high))


def test_parameters_that_are_no_betas_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        beta_wins(np.array([0.0]), np.array([1.0]))
