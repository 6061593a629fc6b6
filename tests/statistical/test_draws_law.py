"""Draws follow their laws: goodness of fit, moments and independence at alpha = 1e-4 each (1e-5 where it says so).

Keys are fixed, so a failure is never chance on one machine and not another; each kind of test is shown to reject a law
with a seeded mistake.
"""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from policies.maths.draws import PULL, arm_key, beta, gamma, gumbel, mix, normal, pull_key, uniform
from sim.kernels import specialise, unbound

pytestmark = pytest.mark.slow

ALPHA = 1e-4
DRAWS = 200_000


def _normal(key: Any, a: float, b: float) -> float:
    return normal(key)


def _gumbel(key: Any, a: float, b: float) -> float:
    return gumbel(key)


def _gamma(key: Any, a: float, b: float) -> float:
    return gamma(key, a)


draw = unbound("draw")


def fill(base: Any, a: float, b: float, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = draw(mix(base + PULL * np.uint64(i)), a, b)


def sample(function: Any, a: float, b: float, base: int, count: int = DRAWS) -> Any:
    out = np.empty(count)
    specialise(fill, f"law_test_{function.__name__}", draw=function)(np.uint64(base), a, b, out)
    return out


def test_uniforms_are_uniform_within_and_across_neighbouring_keys() -> None:
    rows = np.arange(300, dtype=np.uint64)
    with np.errstate(over="ignore"):
        keys = pull_key(rows[:, None], np.arange(300, dtype=np.uint64)[None, :])
        values = (mix(keys) >> np.uint64(11)) * 2.0**-53
        arms = (mix(arm_key(keys, np.uint64(3))) >> np.uint64(11)) * 2.0**-53
        assert float(values[2, 5]) == uniform(keys[2, 5])
    assert stats.kstest(values.ravel(), "uniform").pvalue > ALPHA
    pairs = [(values[:, 1:], values[:, :-1]), (values[1:], values[:-1]), (values, arms)]
    for first, second in pairs:
        cells = np.histogram2d(first.ravel(), second.ravel(), bins=16, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(cells.ravel()).pvalue > ALPHA
    assert stats.chisquare(np.histogram2d(values.ravel(), values.ravel(), bins=16)[0].ravel()).pvalue < ALPHA


def test_normals_fit_in_the_middle_and_in_the_tail() -> None:
    values = sample(_normal, 0.0, 0.0, 1, 2_000_000)
    assert stats.kstest(values, stats.norm.cdf).pvalue > ALPHA
    assert stats.kstest(values, stats.norm(0.0, 1.01).cdf).pvalue < ALPHA
    # The ziggurat's special cases: every layer's wedge, and the tail beyond the last edge.
    edges = stats.norm.ppf(np.linspace(0.0, 1.0, 1025))
    assert stats.chisquare(np.histogram(values, bins=edges)[0]).pvalue > ALPHA
    beyond = np.abs(values[np.abs(values) > 3.6541528853610088])
    expected = 2.0 * stats.norm.sf(3.6541528853610088)
    assert stats.binomtest(len(beyond), len(values), expected).pvalue > ALPHA
    assert stats.kstest(beyond, lambda x: 1.0 - 2.0 * stats.norm.sf(x) / expected).pvalue > ALPHA


def test_neighbouring_normals_are_independent() -> None:
    ranks = stats.norm.cdf(sample(_normal, 0.0, 0.0, 2))
    cells = np.histogram2d(ranks[1:], ranks[:-1], bins=20, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(cells.ravel()).pvalue > ALPHA


def test_gumbels_fit() -> None:
    values = sample(_gumbel, 0.0, 0.0, 3)
    assert stats.kstest(values, stats.gumbel_r.cdf).pvalue > ALPHA
    assert stats.kstest(values, stats.gumbel_r(0.02).cdf).pvalue < ALPHA


@pytest.mark.parametrize("shape", [0.01, 0.1, 0.5, 0.999, 1.0, 1.001, 2.5, 30.0, 1e4, 1e9])
def test_gammas_fit(shape: float) -> None:
    values = sample(_gamma, shape, 0.0, int(1000 * shape) + 4)
    assert stats.kstest(values, stats.gamma(shape).cdf).pvalue > ALPHA
    assert stats.kstest(values, stats.gamma(shape + 0.03 * shape**0.5).cdf).pvalue < ALPHA
    spread = 4.0 * np.sqrt(shape / len(values))  # false alarm 6e-5
    assert abs(values.mean() - shape) < spread


BETAS = [
    (1, 1),
    (1, 8),
    (2, 5),
    (0.5, 0.5),
    (0.05, 3),
    (3, 0.05),
    (1e-2, 1e-2),
    (40, 900),
    (1e5, 0.7),
    (1e9, 2),
    (1e9, 1e9),
]


@pytest.mark.parametrize(("a", "b"), BETAS)
def test_betas_fit(a: float, b: float) -> None:
    count = DRAWS if a + b < 1e8 else 40_000  # SciPy takes 10 µs a value there
    values = sample(beta, float(a), float(b), int(a + 7 * b), count)
    law = stats.beta(a, b)
    smallest = 1e-15  # below it 1 − x has no bits left, and an atom at 0 or 1 stands for the rest
    inside = values[(values > smallest) & (values < 1.0 - smallest)]
    share = law.cdf(1.0 - smallest) - law.cdf(smallest)
    assert stats.binomtest(len(inside), len(values), min(share, 1.0)).pvalue > ALPHA
    assert stats.kstest(inside, lambda x: (law.cdf(x) - law.cdf(smallest)) / share).pvalue > ALPHA
    assert abs(values.mean() - law.mean()) < 4.0 * law.std() / np.sqrt(len(values))  # false alarm 6e-5
    assert abs(values.var() / law.var() - 1.0) < 0.03


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 5), (0.5, 0.5), (40, 900)])
def test_a_beta_of_another_shape_is_rejected(a: float, b: float) -> None:
    values = sample(beta, float(a), float(b), 77)
    assert stats.kstest(values, stats.beta(a * 1.05, b).cdf).pvalue < ALPHA


@pytest.mark.parametrize("shape", [1e-3, 1e-5])
def test_tiny_betas_are_coins(shape: float) -> None:
    """Beta(e, e) puts about half of its mass at each end: P(X < 1e-9) = P(X > 1 − 1e-9)."""
    values = sample(beta, shape, shape, 99)
    for count in ((values < 1e-9).sum(), (values > 1.0 - 1e-9).sum()):
        assert stats.binomtest(int(count), len(values), stats.beta(shape, shape).cdf(1e-9)).pvalue > ALPHA


def test_the_betas_of_neighbouring_arms_are_independent() -> None:
    ranks = stats.beta(2, 5).cdf(sample(beta, 2.0, 5.0, 5))
    cells = np.histogram2d(ranks[1:], ranks[:-1], bins=20, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(cells.ravel()).pvalue > ALPHA


@pytest.mark.long
def test_a_hundred_million_normals_fit_in_a_thousand_cells() -> None:
    edges = stats.norm.ppf(np.linspace(0.0, 1.0, 1025))
    counts = sum(np.histogram(sample(_normal, 0.0, 0.0, 10 + i, 10_000_000), bins=edges)[0] for i in range(10))
    assert stats.chisquare(counts).pvalue > ALPHA
