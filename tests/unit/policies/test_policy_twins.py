"""Every policy against a twin written from the formula in NumPy and SciPy, on random statistics.

Statistical tests here use fixed keys and alpha = 1e-4 each; each is shown to reject a twin with a seeded mistake.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from policies.conformance import Statistics, decide
from policies.conformance.statistics import Floats
from policies.registry import build, kinds
from twins.statistics_rows import random_rows

ALPHA = 1e-4
KEY = np.uint64(0xC0FFEE)


def log_t(seen: Statistics) -> float:
    return float(np.log(max(seen.t, 1.0)))


def means(seen: Statistics) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen.n > 0, seen.s / seen.n, np.inf)


def plus_width(seen: Statistics, squared: Any) -> Floats:
    """mean + sqrt(squared / n), +inf where n is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen.n > 0, means(seen) + np.sqrt(squared / seen.n), np.inf)


def tuned(seen: Statistics) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        share, m = log_t(seen) / seen.n, seen.s / seen.n
        return plus_width(seen, log_t(seen) * np.minimum(0.25, m - m**2 + np.sqrt(2.0 * share)))


def moss(horizon: float | None) -> Callable[[Statistics], Floats]:
    def twin(seen: Statistics) -> Floats:
        ratio = (horizon or seen.t) / (len(seen.n) * np.maximum(seen.n, 1e-9))
        factor = 1.0 if horizon else (1.0 + 1.35) / 2.0
        return plus_width(seen, factor * np.log(np.maximum(ratio, 1.0)))

    return twin


def kl_bound(c: float) -> Callable[[Statistics], Floats]:
    """By bisection in extended precision on the definition."""

    def twin(seen: Statistics) -> Floats:
        log = log_t(seen)
        budget = max(0.0, log + (c * np.log(log) if c and log > 0.0 else 0.0))
        p = np.where(seen.n > 0, seen.s / np.maximum(seen.n, 1), 0.5).astype(np.longdouble)
        low, high = np.zeros_like(p), 1 - p
        for _ in range(100):
            middle = (low + high) / 2
            beyond = np.maximum(seen.n, 1) * relative_entropy(p, middle) > budget
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return np.where(seen.n > 0, (p + low).astype(np.float64), np.inf)

    return twin


def relative_entropy(p: Any, gap: Any) -> Any:
    with np.errstate(all="ignore"):
        first = np.where(p > 0, -p * np.log1p(gap / np.where(p > 0, p, 1)), 0)
        second = np.where(p < 1, -(1 - p) * np.log1p(-gap / np.where(p < 1, 1 - p, 1)), 0)
    return first + second


def bayes_quantile(seen: Statistics) -> Floats:
    quantile = special.betainccinv(1.0 + seen.s, 1.0 + seen.n - seen.s, 1.0 / max(seen.t, 1.0))
    return np.where(seen.n > 0, quantile, np.inf)


def wilson(z: float, a: float, b: float) -> Callable[[Statistics], tuple[Floats, Floats]]:
    """The two roots q of (p − q)² = z² q (1 − q) / m."""

    def twin(seen: Statistics) -> tuple[Floats, Floats]:
        m = seen.n + a + b
        p = (seen.s + a) / m
        second, first = 1.0 + z**2 / m, -(2.0 * p + z**2 / m)
        root = np.sqrt(first**2 - 4.0 * second * p**2)
        return (-first - root) / (2.0 * second), (-first + root) / (2.0 * second)

    return twin


def garivier(xi: float) -> Callable[[Statistics], Floats]:
    return lambda seen: plus_width(seen, 4.0 * xi * np.log(max(seen.n.sum(), 1.0)))


def fitted_prior(seen: Statistics, weak: tuple[float, float], most: float) -> tuple[float, float]:
    """The expected weighted spread is linear in rho: interpolate between its values at rho = 0 and rho = 1."""
    n, s = seen.n[seen.n > 0], seen.s[seen.n > 0]
    total, mean = n.sum(), s.sum() / max(n.sum(), 1.0)
    if len(n) < 2 or not 0.0 < mean < 1.0:
        return weak
    spread = (n * (s / n - mean) ** 2).sum()

    def expected(rho: float) -> float:
        return float((n * mean * (1 - mean) * (1 / n + rho * (1 - 1 / n)) * (1 - n / total)).sum())

    if expected(1.0) - expected(0.0) <= 0.0 or spread <= expected(0.0):
        return weak
    rho = (spread - expected(0.0)) / (expected(1.0) - expected(0.0))
    strength = min(max(1.0 / rho - 1.0, 0.1), most)
    return mean * strength, (1.0 - mean) * strength


def divergence_index(seen: Statistics) -> Floats:
    n, mean = np.maximum(seen.n, 1.0), np.where(seen.n > 0, seen.s / np.maximum(seen.n, 1.0), 0.0)
    gap = np.maximum(mean.max() - mean, 0.0).astype(np.longdouble)
    with np.errstate(divide="ignore"):
        index = -n * relative_entropy(mean.astype(np.longdouble), gap) - np.log(n)
    return np.where(seen.n > 0, np.maximum(index, -1e300), np.inf).astype(np.float64)


def gittins(seen: Statistics) -> Floats:
    """By bisection, with the expectation of max(X, q) by SciPy's incomplete beta functions."""
    a, b, g = 1.0 + seen.s, 1.0 + seen.n - seen.s, 1.0 - 1.0 / (seen.t + 100.0)
    mean, low, high = a / (a + b), np.zeros(len(a)), np.ones(len(a))
    for _ in range(60):
        q = (low + high) / 2
        larger = q * special.betainc(a, b, q) + mean * special.betaincc(a + 1.0, b, q)
        above = (1.0 - g) * mean + g * larger > q
        low, high = np.where(above, q, low), np.where(above, high, q)
    return low


def confidence_target(target: float | None) -> Callable[[Statistics], Floats]:
    def twin(seen: Statistics) -> Floats:
        w, n, losses = np.log(np.log(1000.0)), np.maximum(seen.n, 1.0), seen.n - seen.s
        p = losses / n
        bound = np.maximum(p / w, p - w * np.sqrt(p * (1.0 - p) / n))
        return np.where(seen.n > 0, (losses.sum() / 1000.0 if target is None else target) - bound, 0.0)

    return twin


def from_a_pool(seen: Statistics) -> Floats:
    return np.where(seen.n > 0, means(seen), np.inf if (seen.n > 0).sum() < 3 else -1.0)


def shrunk(seen: Statistics) -> Floats:
    a, b = fitted_prior(seen, (1.0, 1.0), 1000.0)
    return np.asarray((a + seen.s) / (a + b + seen.n))


def poisson_bound(seen: Statistics) -> Floats:
    """By bisection in extended precision on the definition."""
    n, log = np.maximum(seen.n, 1.0).astype(np.longdouble), log_t(seen)
    p = np.minimum(1.0, seen.s / n)
    low, high = p.copy(), p + 2.0 * log / n + np.sqrt(2.0 * p * log / n) + 1e-12
    for _ in range(110):
        middle = (low + high) / 2
        with np.errstate(all="ignore"):
            gap = middle - p - np.where(p > 0, p * np.log1p((middle - p) / np.where(p > 0, p, 1)), 0)
        low, high = np.where(n * gap > log, low, middle), np.where(n * gap > log, middle, high)
    return np.where(seen.n > 0, np.minimum(1.0, low), np.inf).astype(np.float64)


DETERMINISTIC: list[tuple[str, dict[str, Any], Callable[[Statistics], Floats], float]] = [
    ("oracle", {}, lambda seen: seen.true_mean, 0.0),
    ("greedy", {}, means, 1e-12),
    ("epsilon_greedy", {"epsilon": 0.0}, means, 1e-12),
    ("ucb1", {}, lambda seen: plus_width(seen, 2.0 * log_t(seen)), 1e-12),
    ("ucb1", {"alpha": 0.5}, lambda seen: plus_width(seen, 0.5 * log_t(seen)), 1e-12),
    ("ucb_tuned", {}, tuned, 1e-12),
    ("kl_ucb", {}, kl_bound(0.0), 1e-12),
    ("kl_ucb", {"c": 3.0}, kl_bound(3.0), 1e-12),
    ("moss", {}, moss(None), 1e-12),
    ("moss", {"horizon": 50_000}, moss(50_000), 1e-12),
    ("bayes_ucb", {}, bayes_quantile, 1e-9),
    ("discounted_ucb", {}, garivier(0.6), 1e-12),
    (
        "sliding_window_ucb",
        {"window": 500, "xi": 1.0},
        lambda seen: plus_width(seen, min(log_t(seen), np.log(500))),
        1e-12,
    ),
    ("round_robin", {}, lambda seen: -seen.n, 0.0),
    ("posterior_mean", {}, shrunk, 1e-9),
    ("imed", {}, divergence_index, 1e-9),
    ("delay_corrected", {}, poisson_bound, 1e-9),
    ("ogi", {}, gittins, 1e-9),
    ("cbt", {"horizon": 1000}, confidence_target(None), 1e-12),
    ("cbt", {"horizon": 1000, "target": 0.05}, confidence_target(0.05), 1e-12),
    ("subsampled_greedy", {"pool": 3}, from_a_pool, 1e-12),
    ("wilson_upper", {}, lambda seen: wilson(1.96, 1, 1)(seen)[1], 1e-12),
    ("wilson_lower", {"z": 1.0, "prior": (2, 3)}, lambda seen: wilson(1.0, 2, 3)(seen)[0], 1e-12),
]


@pytest.mark.parametrize(("kind", "params", "twin", "tolerance"), DETERMINISTIC)
def test_deterministic_scores_equal_their_twin(
    kind: str, params: dict[str, Any], twin: Callable[[Statistics], Floats], tolerance: float
) -> None:
    policy = build(kind, params)
    highest = 4.0 if kind == "bayes_ucb" else 6.0  # SciPy's inverse itself loses digits beyond
    for seen in random_rows(120, seed=3, highest=highest):
        expected = twin(seen)
        # A lower bound near 0 is a difference of two numbers of the size of the upper bound.
        np.testing.assert_allclose(decide(policy, seen, KEY).out[:, 0], expected, rtol=tolerance, atol=1e-15)


def test_a_twin_with_a_seeded_mistake_is_caught() -> None:
    seen = random_rows(1, seed=3)[0]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(
            decide(build("ucb1"), seen, KEY).out[:, 0], plus_width(seen, 2.0 * np.log(seen.t + 1.0)), rtol=1e-12
        )


ELSEWHERE = {
    *("explore_then_commit", "boltzmann", "exp3", "top_two_thompson", "gamma_poisson"),
    "recovering_softmax",  # test_recovering_softmax.py
    "glr_klucb",  # test_glr_klucb.py
    "planning_oracle",  # test_planning_oracle.py
    *("pooled_thompson", "pooled_wilson", "pooled_gamma_poisson", "pooled_posterior_mean"),  # test_pooling.py
    "gamma_poisson_bands",  # test_gamma_poisson_bands.py
    *("beta_arcsine", "beta_logit_normal", "beta_wilson_hilferty"),
}


def test_every_policy_has_a_twin() -> None:
    drawn = {kind for kind, *_ in DRAWN}
    assert {kind for kind, *_ in DETERMINISTIC} | drawn | ELSEWHERE == set(kinds())


def crowd(n: float, s: float, arms: int = 4000) -> Statistics:
    """Many arms with equal statistics: their scores in one decision are draws of one distribution."""
    ones = np.ones(arms)
    return Statistics(n * arms, n * ones, s * ones, s * ones, 0.5 * ones)


Law = Callable[[float, float], Callable[[Any], Any]]


def uniform_law(z: float, a: float, b: float) -> Law:
    def law(n: float, s: float) -> Callable[[Any], Any]:
        low, high = wilson(z, a, b)(Statistics(0.0, np.array([n]), np.array([s]), np.zeros(1), np.zeros(1)))
        return stats.uniform(low[0], high[0] - low[0]).cdf

    return law


def widening_law(z: float) -> Law:
    def law(n: float, s: float) -> Callable[[Any], Any]:
        width = z * np.sqrt(1.0 + np.log1p(n * len(crowd(n, s).n)))
        return uniform_law(width, 1, 1)(n, s)

    return law


def irwin_hall_law(n: float, s: float) -> Callable[[Any], Any]:
    """The sum of twelve uniform numbers, by simulation, around the Wilson centre."""
    low, high = wilson(1.96, 1, 1)(Statistics(0.0, np.array([n]), np.array([s]), np.zeros(1), np.zeros(1)))
    sums = np.random.default_rng(3).random((100_000, 12)).sum(axis=1) - 6.0
    known = np.sort(np.clip((low + high) / 2.0 + (high - low) / 3.92 * sums, 0.0, 1.0))
    return lambda x: np.searchsorted(known, x, side="right") / len(known)


def beta_law(a: float, b: float) -> Law:
    return lambda n, s: stats.beta(a + s, b + n - s).cdf


def normal_law(scale: float, a: float, b: float) -> Law:
    def law(n: float, s: float) -> Callable[[Any], Any]:
        posterior = stats.beta(a + s, b + n - s)
        return stats.norm(posterior.mean(), scale * posterior.std()).cdf

    return law


def one_step_law(sd: float) -> Law:
    """Where no batches are shown: one step of Newton's method from even odds under a normal prior."""

    def law(n: float, s: float) -> Callable[[Any], Any]:
        precision = 1.0 / sd**2 + n / 4.0
        return stats.norm((s - n / 2.0) / precision, precision**-0.5).cdf

    return law


DRAWN: list[tuple[str, dict[str, Any], Law, Law]] = [
    ("uniform", {}, lambda n, s: stats.uniform().cdf, lambda n, s: stats.uniform(0, 0.95).cdf),
    ("thompson_beta", {}, beta_law(1, 1), beta_law(1.25, 1)),
    ("thompson_beta", {"prior": (0.5, 3)}, beta_law(0.5, 3), beta_law(0.75, 3)),
    ("thompson_empirical_bayes", {"prior": (2, 4)}, beta_law(2, 4), beta_law(1, 1)),  # equal arms: the weak prior
    ("discounted_thompson", {}, beta_law(1, 1), beta_law(1, 1.5)),
    ("sliding_window_thompson", {}, beta_law(1, 1), beta_law(1, 1.5)),
    ("wilson_sample", {}, uniform_law(1.96, 1, 1), uniform_law(1.645, 1, 1)),
    ("wilson_sample", {"z": 3.0, "prior": (2, 1)}, uniform_law(3.0, 2, 1), beta_law(2, 1)),
    ("wilson_widening", {}, widening_law(1.96), uniform_law(1.96, 1, 1)),
    ("wilson_gaussian", {}, irwin_hall_law, beta_law(2, 1)),
    ("wilson_normal", {}, normal_law(0.2, 1, 1), normal_law(0.25, 1, 1)),
    ("odds_ratio_thompson", {}, one_step_law(1.0), one_step_law(1.4)),
    ("odds_ratio_thompson", {"sd": 0.5}, one_step_law(0.5), one_step_law(0.8)),
    ("epsilon_greedy", {"epsilon": 1.0}, lambda n, s: stats.uniform().cdf, lambda n, s: stats.uniform(0, 0.95).cdf),
]


@pytest.mark.parametrize(("kind", "params", "law", "mistaken"), DRAWN)
def test_drawn_scores_follow_their_law(kind: str, params: dict[str, Any], law: Law, mistaken: Law) -> None:
    policy = build(kind, params)
    for n, s in ((0.0, 0.0), (5.0, 2.0), (3.375, 0.25), (1000.0, 40.0)):
        scores = decide(policy, crowd(n, s), KEY).out[:, 0]
        assert stats.kstest(scores, law(n, s)).pvalue > ALPHA, (n, s)
    small = decide(policy, crowd(2.0, 1.0), KEY).out[:, 0]
    assert stats.kstest(small, mistaken(2.0, 1.0)).pvalue < ALPHA


APPROXIMATE = [("beta_wilson_hilferty", 0.01), ("beta_logit_normal", 0.04), ("beta_arcsine", 0.04)]


@pytest.mark.parametrize(("kind", "distance"), APPROXIMATE)
def test_an_approximate_beta_draw_is_near_the_beta_distribution(kind: str, distance: float) -> None:
    """Kolmogorov's distance, and 0.035 for 4,000 draws, which chance exceeds less than once in 1e4 times."""
    for n, s in ((28.0, 9.0), (400.0, 30.0)):
        scores = decide(build(kind), crowd(n, s), KEY).out[:, 0]
        assert stats.kstest(scores, beta_law(1, 1)(n, s)).statistic < distance + 0.035, (n, s)
        assert stats.kstest(scores, beta_law(3, 1)(n, s)).statistic > distance + 0.035, (n, s)


def test_epsilon_decays_with_trials_and_gap() -> None:
    policy = build("epsilon_greedy", {"c": 0.5, "d": 0.5, "epsilon": 0.9})
    seen = Statistics(40.0, np.array([20.0, 20.0]), np.array([10.0, 19.0]), np.zeros(2), np.zeros(2))
    keys = np.random.default_rng(8).integers(0, 2**64, 4000, dtype=np.uint64)
    explored = sum(decide(policy, seen, key).state[0] > 0.0 for key in keys)
    assert stats.binomtest(int(explored), 4000, 0.5 * 2 / (0.25 * 40.0)).pvalue > ALPHA  # c K / (d² t) = 0.1
    early = Statistics(3.0, np.array([1.0, 2.0]), np.array([1.0, 1.0]), np.zeros(2), np.zeros(2))
    assert all(decide(policy, early, key).state[0] > 0.0 for key in keys[:200])  # min(1, …) = 1


def test_the_wilson_sample_is_clamped_at_rounding_level_only() -> None:
    for seen in (crowd(1e9 - 2, 1e9 - 2, 500), crowd(1e9, 0.0, 500)):
        out = decide(build("wilson_sample", {"prior": (1e-9, 1e-9)}), seen, KEY).out
        assert ((out[:, :3] >= 0.0) & (out[:, :3] <= 1.0)).all()


def test_empirical_bayes_fits_the_prior_by_moments() -> None:
    fitted = 0
    for seen in random_rows(200, seed=4, highest=3.0):
        expected = fitted_prior(seen, (1.0, 2.0), 300.0)
        fitted += expected != (1.0, 2.0)
        found = decide(build("thompson_empirical_bayes", {"prior": (1, 2), "max_strength": 300}), seen, KEY).state
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert 100 < fitted < 200


def test_empirical_bayes_finds_the_prior_that_drew_the_arms() -> None:
    rng = np.random.default_rng(21)
    n = rng.integers(20, 60, 4000).astype(np.float64)
    s = rng.binomial(n.astype(np.int64), rng.beta(2.0, 6.0, 4000)).astype(np.float64)
    a, b = decide(build("thompson_empirical_bayes"), Statistics(n.sum(), n, s, s, s), KEY).state
    assert (a, b) == pytest.approx((2.0, 6.0), rel=0.15)
