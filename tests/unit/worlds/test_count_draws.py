"""Count draws invert the exact distribution function, from one addressed uniform, monotonically."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from policies.maths.draws import mix
from sim.kernels import specialise, unbound
from sim.worlds.count_draws import binomial, binomial_quantile, poisson

BINOMIALS = [
    (1, 0.3),
    (2, 0.5),
    (100, 0.0128),
    (100, 0.5),
    (100, 0.6),
    (100, 0.99),
    (121, 0.4999),
    (240, 0.4999),
    (241, 0.4999),
    (121, 0.5),
    (1_351, 0.034),
    (6_000, 0.034),
    (185_370, 0.034),
    (1_000_000, 1e-9),
    (1_000_000, 6.1e-5),
    (1_000_000, 0.25),
    (1_000_000, 0.999_99),
]
POISSONS = [1e-6, 0.73, 30.0, 119.999, 120.001, 1_000.5, 2_000_000.0]


draw = unbound("draw")


def fill(keys, n, p, out):
    for i in range(keys.size):
        out[i] = draw(keys[i], n, p)


def draw_binomial(key, n, p):
    return binomial(key, n, p)


def draw_poisson(key, n, p):
    return poisson(key, p)


@cache
def compiled(law):
    return specialise(fill, law.__name__, draw=law)


def sample(law, n, p, size, start=1):
    keys = mix(np.arange(start, start + size, dtype=np.uint64))
    out = np.empty(size, np.int64)
    compiled(law)(keys, n, p, out)
    return keys, out


def uniforms(keys):
    return (mix(keys) >> np.uint64(11)).astype(float) * 2.0**-53


@pytest.mark.parametrize(("n", "p"), BINOMIALS)
def test_a_binomial_draw_is_the_exact_quantile_of_its_uniform(n, p):
    keys, counts = sample(draw_binomial, n, p, 20_000)
    assert np.array_equal(counts, stats.binom.ppf(uniforms(keys), n, p).astype(np.int64))


@pytest.mark.parametrize("mean", POISSONS)
def test_a_poisson_draw_is_the_exact_quantile_of_its_uniform(mean):
    keys, counts = sample(draw_poisson, 0, mean, 20_000)
    assert np.array_equal(counts, stats.poisson.ppf(uniforms(keys), mean).astype(np.int64))


@pytest.mark.parametrize("n", [1, 7, 100, 5_000, 1_000_000])
def test_a_larger_probability_never_gives_a_smaller_count(n):
    around_half = 0.5 + np.linspace(-1e-6, 1e-6, 5)
    grid = np.unique(np.concatenate([np.linspace(0, 1, 60), np.geomspace(1e-9, 0.5, 40), around_half]))
    counts = np.array([sample(draw_binomial, n, p, 300)[1] for p in grid])
    assert (np.diff(counts, axis=0) >= 0).all()
    assert counts[0].max() == 0
    assert counts[-1].min() == n


def test_a_larger_mean_never_gives_a_smaller_poisson_count():
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e5, 120)])
    counts = np.array([sample(draw_poisson, 0, mean, 300)[1] for mean in grid])
    assert (np.diff(counts, axis=0) >= 0).all()


@pytest.mark.parametrize(
    ("n", "p", "expected"), [(0, 0.5, 0), (-3, 0.5, 0), (9, 0.0, 0), (9, -0.1, 0), (9, 1.0, 9), (9, 1.5, 9)]
)
def test_degenerate_binomials_are_certain(n, p, expected):
    assert set(sample(draw_binomial, n, p, 50)[1]) == {expected}


@pytest.mark.parametrize(("n", "p"), [(10**6, 0.5), (10**9, 1e-3), (10**6, 1e-300), (50, 5e-324), (3, 1 - 2**-53)])
def test_draws_stay_in_range_at_the_extremes(n, p):
    _, counts = sample(draw_binomial, n, p, 200)
    assert counts.min() >= 0
    assert counts.max() <= n
    assert abs(counts.mean() - n * p) <= 6 * np.sqrt(n * p * (1 - p) / 200) + 1e-9


@pytest.mark.parametrize("u", [0.0, 2.0**-53, 1 - 2.0**-53, 1.0])
@pytest.mark.parametrize(("n", "p"), [(100, 0.0128), (100, 0.5), (1_000_000, 0.01)])
def test_the_ends_of_the_uniform_give_the_ends_of_the_law(u, n, p):
    count = binomial_quantile(u, n, p)
    low, high = stats.binom.ppf([u / 2, 1 - 2.0**-53], n, p)
    assert max(low, 0) <= count <= high + 30


def test_a_draw_depends_on_its_key_alone():
    _, together = sample(draw_binomial, 100, 0.1, 100)
    apart = [sample(draw_binomial, 100, 0.1, 1, start=key)[1][0] for key in range(1, 101)]
    assert together.tolist() == apart
