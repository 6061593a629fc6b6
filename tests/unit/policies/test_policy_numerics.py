"""The numerical functions that rules share, against definitions in extended precision and against SciPy."""

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from policies.maths.divergence import kl, kl_reach, kl_upper
from policies.maths.incomplete_beta import (
    beta_quantile,
    beta_tail,
    beta_upper_quantile,
    normal_upper_quantile,
    stirling_remainder,
)


def problems(count: int, seed: int = 1) -> Any:
    """(p, budget) pairs: means of 1 to 1e9 trials, bounds of up to 20 nats."""
    rng = np.random.default_rng(seed)
    n = np.floor(10.0 ** rng.uniform(0.0, 9.0, count))
    p = np.floor(n * rng.random(count) ** 3) / n
    p[:20], p[20:40] = 0.0, 1.0
    return np.column_stack([p, rng.uniform(0.0, 20.0, count) / n])


def test_kl_is_the_definition() -> None:
    for p, q in np.random.default_rng(2).uniform(0.01, 0.99, (500, 2)):
        low, high = min(p, q), max(p, q)
        assert kl(low, high - low) == pytest.approx(special.rel_entr([low, 1 - low], [high, 1 - high]).sum(), abs=1e-13)
    assert kl(0.3, 0.7) == np.inf
    assert kl(0.3, 0.0) == 0.0


def test_kl_upper_solves_its_equation() -> None:
    for p, budget in problems(4000):
        q = kl_upper(p, budget)
        assert p <= q <= 1.0
        step = 1e-12 * q
        assert kl(p, max(q - step - p, 0.0)) <= budget
        assert q == 1.0 or kl(p, q + step - p) >= budget


def test_kl_reach_bounds_kl_upper_and_is_not_idle() -> None:
    slack = np.array(
        [(kl_reach(p, budget) - p) / (kl_upper(p, budget) - p) for p, budget in problems(4000) if p < 0.999]
    )
    assert (slack >= 1.0).all()
    assert np.median(slack) < 1.5


def test_stirling_remainder_completes_the_logarithm_of_gamma() -> None:
    for a in np.geomspace(1e-3, 1e3, 200):
        whole = (a - 0.5) * np.log(a) - a + 0.5 * np.log(2.0 * np.pi) + stirling_remainder(a)
        assert whole == pytest.approx(special.gammaln(a), rel=1e-12, abs=1e-13)


def beta_shapes(count: int, lowest: float, highest: float, seed: int = 4) -> Any:
    return 10.0 ** np.random.default_rng(seed).uniform(lowest, highest, (count, 2))


@pytest.mark.parametrize(("lowest", "highest"), [(-2.0, 1.0), (0.0, 4.0), (3.0, 6.0), (0.0, 9.0)])
def test_beta_tail_equals_scipy(lowest: float, highest: float) -> None:
    for a, b in beta_shapes(150, lowest, highest):
        x = stats.beta(a, b).mean() + np.linspace(-4.0, 6.0, 7) * stats.beta(a, b).std()
        for point in x[(x > 0.0) & (x < 1.0)]:
            assert beta_tail(a, b, point) == pytest.approx(special.betaincc(a, b, point), rel=1e-9, abs=1e-13)


def binomial_tail(a: int, b: int, x: float) -> Decimal:
    """P(Beta(a, b) > x) for whole a and b: at most a − 1 successes in a + b − 1 trials of rate x, in 40 digits."""
    n, p, q = a + b - 1, Decimal(x), 1 - Decimal(x)
    log_term = log_factorial(n) - log_factorial(a - 1) - log_factorial(b) + (a - 1) * p.ln() + b * q.ln()
    if x < a / (a + b):
        return 1 - successes_beyond(a, b, p, q, log_term)
    term, total = log_term.exp(), Decimal(0)
    for k in range(a - 1, -1, -1):
        total += term
        if term < total * Decimal("1e-20"):
            break
        term *= k * q / ((n - k + 1) * p)
    return total


def successes_beyond(a: int, b: int, p: Decimal, q: Decimal, log_term: Decimal) -> Decimal:
    n, term, above = a + b - 1, log_term.exp(), Decimal(0)
    for k in range(a - 1, n):
        term *= (n - k) * p / ((k + 1) * q)
        above += term
        if term < above * Decimal("1e-20"):
            break
    return above


def log_factorial(n: int) -> Decimal:
    """By Stirling's series from 60 on."""
    z, product = Decimal(n + 1), Decimal(1)
    while z < 60:
        product *= z
        z += 1
    coefficients = [(1, 12), (-1, 360), (1, 1260), (-1, 1680), (1, 1188), (-691, 360360), (1, 156), (-3617, 122400)]
    series = sum((Decimal(top) / low / z ** (2 * i + 1) for i, (top, low) in enumerate(coefficients)), Decimal(0))
    half_log_two_pi = Decimal("0.918938533204672741780329736405617639861")
    return (z - Decimal("0.5")) * z.ln() - z + half_log_two_pi + series - product.ln()


@pytest.mark.parametrize("highest", [1, 2, 3, 5, 7])
def test_beta_tail_has_twelve_digits_by_exact_sums(highest: int) -> None:
    """Also 30 standard deviations out, and for ten million trials."""
    rng = np.random.default_rng(8)
    with localcontext(prec=40):
        for a, b in np.floor(10.0 ** rng.uniform(0.0, highest, (20, 2))).astype(int).tolist():
            x = a / (a + b) + rng.uniform(-2.0, 30.0) * np.sqrt(a * b / (a + b + 1.0)) / (a + b)
            if x < 1.0:
                exact = binomial_tail(a, b, float(x))
                assert abs(Decimal(beta_tail(a, b, float(x))) / exact - 1) < Decimal("1e-12")


def test_beta_tail_ends_at_the_ends() -> None:
    assert (beta_tail(2.0, 3.0, 0.0), beta_tail(2.0, 3.0, 1.0)) == (1.0, 0.0)


def test_quantile_equals_scipy_where_scipy_is_accurate() -> None:
    tails = 1.0 / np.exp(np.random.default_rng(5).uniform(0.01, 16.0, 600))
    for (a, b), tail in zip(beta_shapes(600, 0.0, 3.5), tails, strict=True):
        assert beta_upper_quantile(a, b, tail) == pytest.approx(special.betainccinv(a, b, tail), rel=1e-9)


@pytest.mark.parametrize(("lowest", "highest"), [(-2.0, 0.0), (0.0, 3.0), (3.0, 9.0)])
def test_quantile_inverts_scipys_tail(lowest: float, highest: float) -> None:
    """SciPy's own inverse loses digits at large shapes, so the tail at our quantile is the sharper question."""
    tails = 1.0 / np.exp(np.random.default_rng(6).uniform(0.01, 16.0, 200))
    for (a, b), tail in zip(beta_shapes(200, lowest, highest, seed=7), tails, strict=True):
        x = beta_upper_quantile(a, b, tail)
        if 1e-12 < x < 1.0 - 1e-12:
            one_step = 2e-14 * x * stats.beta(a, b).pdf(x)  # what the solver's tolerance in x does to the tail
            assert special.betaincc(a, b, x) == pytest.approx(tail, rel=1e-9, abs=one_step)


def test_quantile_of_certain_and_impossible_tails() -> None:
    assert (beta_upper_quantile(2.0, 2.0, 1.0), beta_upper_quantile(2.0, 2.0, 0.0)) == (0.0, 1.0)
    assert beta_upper_quantile(1.0, 1.0, 0.3) == pytest.approx(0.7, rel=1e-13)


@pytest.mark.parametrize(("lowest", "highest"), [(-2.0, 0.0), (0.0, 1.0), (0.0, 3.0), (3.0, 7.0)])
def test_the_quantile_of_a_uniform_lies_where_scipys_distribution_function_crosses_it(
    lowest: float, highest: float
) -> None:
    rng = np.random.default_rng(9)
    for a, b in beta_shapes(250, lowest, highest, seed=10):
        u = float(rng.choice([rng.random(), 10.0 ** rng.uniform(-15.0, -1.0), 1.0 - 10.0 ** rng.uniform(-15.0, -1.0)]))
        x = beta_quantile(u, a, b)
        below, above = max(x * (1.0 - 2e-14), 0.0), min(x * (1.0 + 2e-14), 1.0)
        if x > 1e-280:
            assert special.betainc(a, b, below) <= u * (1.0 + 1e-12)
            assert special.betaincc(a, b, above) <= (1.0 - u) * (1.0 + 1e-12)


def test_quantiles_of_a_uniform_in_closed_form() -> None:
    assert (beta_quantile(0.0, 2.0, 3.0), beta_quantile(1.0, 2.0, 3.0)) == (0.0, 1.0)
    for u in (1e-12, 0.3, 0.5, 0.9):
        assert beta_quantile(u, 1.0, 1.0) == pytest.approx(u, rel=1e-15)
        assert beta_quantile(u, 4.0, 1.0) == pytest.approx(u**0.25, rel=1e-15)
        assert beta_quantile(u, 1.0, 2.0) == pytest.approx(u / (1.0 + np.sqrt(1.0 - u)), rel=1e-14)


def test_the_normal_quantile_is_as_rough_as_it_says() -> None:
    for tail in (1e-9, 1e-3, 0.2, 0.5, 0.9, 1.0 - 1e-6):
        assert normal_upper_quantile(tail) == pytest.approx(stats.norm.isf(tail), abs=4.5e-4)
