"""Confidence intervals of an off-policy estimate.

| name | holds | needs |
|---|---|---|
| normal | for many rows | nothing |
| bootstrap | for many rows, skewed terms included | nothing |
| empirical_bernstein | for any number of rows | the largest weight, rewards within known limits; `ips` alone |
| empirical_likelihood | for many rows; respects the limits of the reward | rewards within known limits; `ips` alone |
| anytime | at all numbers of rows at once | rewards within known limits; `ips` alone |
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, ndtri

from sim.evaluation.estimators import Floats, Sample, Terms

CONFIDENCE = 0.95
RESAMPLES = 1_000
SEED = 20_260_101
_AT_ONCE = 4_000_000  # values of a bootstrap in memory
_STEPS = 60  # of bisection
_NEWTON = 50


@dataclass(frozen=True)
class Interval:
    """A two-sided interval; infinite limits where the method can say nothing."""

    method: str
    low: float
    high: float


def normal(terms: Terms, confidence: float = CONFIDENCE) -> Interval:
    """The estimate ± z standard errors of the mean of `Terms.influence`."""
    n = len(terms.plain)
    if n < 2:
        return Interval("normal", -math.inf, math.inf)
    reach = float(ndtri(0.5 + confidence / 2)) * float(terms.influence.std(ddof=1)) / math.sqrt(n)
    return Interval("normal", terms.value - reach, terms.value + reach)


def bootstrap(terms: Terms, confidence: float = CONFIDENCE) -> Interval:
    """Percentiles of the estimate over resampled rows (Efron 1979); the ratio is taken anew in each resample."""
    columns = [terms.plain] if terms.part is None or terms.whole is None else [terms.plain, terms.part, terms.whole]
    means = _resampled_means(np.stack(columns, axis=1))
    values = means[:, 0]
    if means.shape[1] > 1:
        values = values + np.divide(means[:, 1], means[:, 2], out=np.zeros(len(means)), where=means[:, 2] > 0.0)
    low, high = np.quantile(values, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval("bootstrap", float(low), float(high))


def _resampled_means(columns: Floats) -> Floats:
    """Means of `RESAMPLES` resamples of the rows, (resamples, columns); equal rows are drawn together."""
    distinct, counts = np.unique(columns, axis=0, return_counts=True)
    generator = np.random.Generator(np.random.PCG64(SEED))
    rows, share = int(counts.sum()), counts / counts.sum()
    step = max(1, _AT_ONCE // len(distinct))
    parts = [
        generator.multinomial(rows, share, min(step, RESAMPLES - start)) @ distinct / rows
        for start in range(0, RESAMPLES, step)
    ]
    return np.concatenate(parts)


def empirical_bernstein(
    sample: Sample, limits: tuple[float, float], most_weight: float, confidence: float = CONFIDENCE
) -> Interval:
    """Two-sided interval of `ips` for any number of rows (Maurer and Pontil 2009, theorem 4, at both sides).

    Rewards are moved to start at the lower limit, so that terms lie in [0, most_weight · range].
    """
    least, most = limits
    terms, n = sample.weight * (sample.reward - least), sample.rows
    if n < 2:
        return Interval("empirical_bernstein", *limits)
    log = math.log(4.0 / (1.0 - confidence))
    reach = math.sqrt(2.0 * float(terms.var(ddof=1)) * log / n)
    reach += 7.0 * most_weight * (most - least) * log / (3.0 * (n - 1))
    value = least + float(terms.mean())
    return Interval("empirical_bernstein", max(least, value - reach), min(most, value + reach))


def empirical_likelihood(sample: Sample, limits: tuple[float, float], confidence: float = CONFIDENCE) -> Interval:
    """Values that the empirical likelihood of (w, w·r) with mean weight 1 does not reject.

    Karampatziakis, Langford and Mineiro 2020, "Empirical likelihood for contextual bandits", with Owen's chi-square
    limit for one constrained mean. The estimate inside it is the maximum-likelihood one.
    """
    least, most = limits
    scale = most - least
    pairs = np.stack([sample.weight, sample.weight * (sample.reward - least) / scale], axis=1)
    distinct, repeats = np.unique(pairs, axis=0, return_counts=True)
    counts = repeats.astype(np.float64)
    best = _profile(distinct, counts, None)
    if not math.isfinite(best):
        return Interval("empirical_likelihood", *limits)
    drop = float(chdtri(1, 1.0 - confidence)) / 2.0

    def excess(value: float) -> float:
        return min(1e6, _profile(distinct, counts, value) - best) - drop

    middle = _most_likely(distinct, counts)
    low = 0.0 if excess(0.0) <= 0.0 else float(brentq(excess, 0.0, middle, xtol=1e-12))
    high = 1.0 if excess(1.0) <= 0.0 else float(brentq(excess, middle, 1.0, xtol=1e-12))
    return Interval("empirical_likelihood", least + scale * low, least + scale * high)


def _constraints(distinct: Floats, value: float | None) -> Floats:
    columns = [distinct[:, 0] - 1.0]
    if value is not None:
        columns.append(distinct[:, 1] - value)
    return np.stack(columns, axis=1)


def _profile(distinct: Floats, counts: Floats, value: float | None) -> float:
    """−log of the empirical likelihood ratio with mean weight 1 (and mean w·r = `value`); inf where impossible."""
    return _dual(_constraints(distinct, value), counts)[0]


def _most_likely(distinct: Floats, counts: Floats) -> float:
    """The mean of w·r under the most likely distribution with mean weight 1."""
    g = _constraints(distinct, None)
    multiplier = _dual(g, counts)[1]
    share = counts / counts.sum() / (1.0 + g @ multiplier)
    return float(np.clip(share @ distinct[:, 1], 0.0, 1.0))


def _dual(g: Floats, counts: Floats) -> tuple[float, Floats]:
    """(Σ counts · log(1 + λ·g) at its maximum, λ) by damped Newton steps (Owen 2001, Empirical Likelihood, 3.14)."""
    multiplier = np.zeros(g.shape[1])
    total, floor = float(counts.sum()), 1.0 / float(counts.sum())
    value, gradient, hessian = _log_star(g, counts, multiplier, floor)
    for _ in range(_NEWTON):
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        size = float(gradient @ step)
        if size < 1e-12 * total:
            break
        length = 1.0
        while length > 1e-10:
            tried = _log_star(g, counts, multiplier + length * step, floor)
            if tried[0] >= value + 1e-4 * length * size:
                break
            length /= 2.0
        multiplier = multiplier + length * step
        value, gradient, hessian = tried
    inside = bool((1.0 + g @ multiplier > floor * (1 - 1e-9)).all()) and value < 0.5 * total
    return (value if inside else math.inf), multiplier


def _log_star(g: Floats, counts: Floats, multiplier: Floats, floor: float) -> tuple[float, Floats, Floats]:
    """Value, gradient and −Hessian of Σ counts · log*(1 + λ·g); log* continues log below `floor` as a parabola."""
    x = 1.0 + g @ multiplier
    safe = np.maximum(x, floor)
    value = np.where(x >= floor, np.log(safe), math.log(floor) - 1.5 + 2 * x / floor - (x / floor) ** 2 / 2)
    slope = np.where(x >= floor, 1.0 / safe, (2.0 - x / floor) / floor)
    bend = np.where(x >= floor, 1.0 / safe**2, 1.0 / floor**2)
    return float(counts @ value), g.T @ (counts * slope), (g * (counts * bend)[:, None]).T @ g


def anytime(sample: Sample, limits: tuple[float, float], confidence: float = CONFIDENCE) -> Interval:
    """The interval of a confidence sequence, valid at every number of rows at once, also when one stops at will.

    Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2024, "Anytime-valid off-policy inference for contextual
    bandits": betting against each value with the terms w·r (lower limit) and w·(1 − r) (upper limit), rewards scaled to
    [0, 1]. The weights need no upper limit. Rows must be in the order of time, which the logging policy may use.
    """
    least, most = limits
    reward = (sample.reward - least) / (most - least)
    tail = (1.0 - confidence) / 2.0
    low = _betting_limit(sample.weight * reward, tail)
    high = 1.0 - _betting_limit(sample.weight * (1.0 - reward), tail)
    return Interval("anytime", least + (most - least) * low, least + (most - least) * max(low, high))


def _betting_limit(terms: Floats, tail: float) -> float:
    """The largest m such that bets against "the mean is at most m" reached 1 / tail at some time; terms >= 0."""
    if len(terms) == 0:
        return 0.0
    bets, goal = _bets(terms, tail), math.log(1.0 / tail)

    def refuted(m: float) -> bool:
        bet = np.minimum(bets, 0.5 / m)
        return float(np.cumsum(np.log1p(bet * (terms - m))).max()) >= goal

    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def _bets(terms: Floats, tail: float) -> Floats:
    """Predictable bets: each uses the terms before it (Waudby-Smith and Ramdas 2024, section 4.2)."""
    t = np.arange(1, len(terms) + 1, dtype=np.float64)
    mean = (0.5 + np.cumsum(terms)) / (t + 1.0)
    spread = (0.25 + np.cumsum((terms - mean) ** 2)) / (t + 1.0)
    before = np.concatenate([[0.25], spread[:-1]])
    return np.sqrt(2.0 * math.log(1.0 / tail) / (before * t * np.log1p(t)))


OF_TERMS: dict[str, Callable[[Terms, float], Interval]] = {"normal": normal, "bootstrap": bootstrap}
"""Intervals of every estimator."""
OF_IPS = ("empirical_bernstein", "empirical_likelihood", "anytime")
"""Intervals of the mean of w·r."""
