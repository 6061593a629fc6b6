"""Count draws follow their laws. Every test has a false-alarm rate of 1e-4 by construction (the seeds are fixed)."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from policies.maths.draws import mix
from sim.kernels import specialise, unbound
from sim.worlds.count_draws import binomial, poisson

pytestmark = pytest.mark.slow

FALSE_ALARM = 1e-4
SIZE = 100_000


draw = unbound("draw")


def fill(keys, n, p, out):
    for i in range(keys.size):
        out[i] = draw(keys[i], n, p)


def one_trial_too_few(key, n, p):
    return binomial(key, n - 1, p)


def poisson_of_same_mean(key, n, p):
    return poisson(key, n * p)


@cache
def compiled(law):
    return specialise(fill, law.__name__, draw=law)


def sample(law, n, p, seed):
    keys = mix(np.random.default_rng(seed).integers(0, 2**63, SIZE).astype(np.uint64))
    out = np.empty(SIZE, np.int64)
    compiled(law)(keys, n, p, out)
    return out


def p_value(counts, n, p):
    """Chi-square over cells of about equal probability, at least 40 expected draws each."""
    edges = np.unique(stats.binom.ppf(np.linspace(0, 1, 50)[1:-1], n, p))
    expected = np.diff(np.concatenate([[0.0], stats.binom.cdf(edges, n, p), [1.0]])) * counts.size
    observed = np.bincount(np.searchsorted(edges, counts), minlength=expected.size)
    rare = expected < 40
    merged = [np.append(values[~rare], values[rare].sum()) for values in (observed, expected)]
    kept = merged[1] > 1e-9
    return stats.chisquare(merged[0][kept], merged[1][kept]).pvalue


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (100, 0.0128), (100, 0.5), (100, 0.93), (700, 0.2), (20_000, 0.034)])
def test_binomial_draws_follow_the_binomial_law(n, p):
    assert p_value(sample(binomial, n, p, seed=11), n, p) > FALSE_ALARM


@pytest.mark.parametrize(("law", "n", "p"), [(one_trial_too_few, 100, 0.5), (poisson_of_same_mean, 100, 0.5)])
def test_a_wrong_law_is_caught(law, n, p):
    assert p_value(sample(law, n, p, seed=11), n, p) < FALSE_ALARM


def test_neighbouring_keys_draw_independently():
    keys = np.arange(SIZE, dtype=np.uint64)
    out = np.empty(SIZE, np.int64)
    compiled(binomial)(keys, 100, 0.5, out)
    assert stats.pearsonr(out[:-1], out[1:]).pvalue > FALSE_ALARM
    assert p_value(out, 100, 0.5) > FALSE_ALARM
