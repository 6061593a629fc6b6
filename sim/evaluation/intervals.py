"""Confidence intervals of an off-policy estimate.

| name | holds | needs |
|---|---|---|
| normal | for many rows | nothing |
| bootstrap | for many rows, skewed terms included | nothing |
| empirical_bernstein | for any number of rows | the largest weight, rewards within known limits; `ips` alone |
| empirical_likelihood | for many rows; respects the limits of the reward | rewards within known limits; `ips` alone |
| anytime | at all numbers of rows at once | rewards within known limits; `ips` alone |
| asymptotic_sequence | for many rows, at all looks at once | nothing |
| exact | for any number of rows | rewards of two values; `replay` alone |

An interval that rests on the spread of the rows says nothing where all of them are equal: its limits are infinite.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, chdtri, ndtri

from sim.evaluation.estimators import GROUPS, Floats, Sample, Terms, distinct_rows, group_sums, ips
from sim.evaluation.totals import Totals, summarise

Summary = Terms | Totals
CONFIDENCE = 0.95
RESAMPLES = 1_000
SAME = 1e-12  # of the estimate: a deviation below is rounding
SEED = 20_260_101
TIGHTEST = 5_000.0  # rows at which an asymptotic sequence is tightest
_AT_ONCE = 4_000_000  # values of a bootstrap in memory
_STEPS = 36  # of bisection, to 1.5e-11
_CHUNK = 65_536  # rows whose bets stay in the cache
_NEWTON = 50


@dataclass(frozen=True)
class Interval:
    """A two-sided interval; infinite limits where the method can say nothing."""

    method: str
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return math.isfinite(self.low) or math.isfinite(self.high)


def unlimited(method: str) -> Interval:
    """An interval that says nothing."""
    return Interval(method, -math.inf, math.inf)


def says_nothing(terms: Summary) -> bool:
    """Whether the rows show no spread, up to rounding: one row, rows that all add the same, or no estimate at all."""
    return terms.rows < 2 or not math.isfinite(terms.value) or terms.deviation <= SAME * max(abs(terms.value), 1e-300)


def normal(terms: Summary, confidence: float = CONFIDENCE) -> Interval:
    """The estimate ± z standard errors of the mean of `Terms.influence`."""
    if says_nothing(terms):
        return unlimited("normal")
    reach = float(ndtri(0.5 + confidence / 2)) * standard_error(terms)
    return Interval("normal", terms.value - reach, terms.value + reach)


def standard_error(terms: Summary) -> float:
    """Of the estimate, by the delta method."""
    return terms.deviation / math.sqrt(terms.rows)


def bootstrap(terms: Summary, confidence: float = CONFIDENCE) -> Interval:
    """Percentiles of the estimate over resampled rows (Efron 1979); the ratio is taken anew in each resample.

    What is resampled: `Terms.units`, `Totals.units`.
    """
    if says_nothing(terms):
        return unlimited("bootstrap")
    sums = _resampled_sums(*terms.units())
    values = sums[:, 0] / terms.rows
    if sums.shape[1] > 1:
        values = values + np.divide(sums[:, 1], sums[:, 2], out=np.zeros(len(sums)), where=sums[:, 2] > 0.0)
    low, high = np.quantile(values, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval("bootstrap", float(low), float(high))


def _resampled_sums(units: Floats, counts: Floats) -> Floats:
    """Sums over `RESAMPLES` resamples of the units, (resamples, columns); equal units are drawn together."""
    if len(units) == GROUPS and (counts == 1.0).all():
        return _resampled_groups() @ units
    step = max(1, _AT_ONCE // len(units))
    generator = np.random.Generator(np.random.PCG64(SEED))
    size, share = int(counts.sum()), counts / counts.sum()
    parts = [
        generator.multinomial(size, share, min(step, RESAMPLES - start)) @ units for start in range(0, RESAMPLES, step)
    ]
    return np.concatenate(parts)


@cache
def _resampled_groups() -> Floats:
    """How often each group is in each resample, (resamples, groups): the same for every estimator."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    drawn = generator.multinomial(GROUPS, np.full(GROUPS, 1.0 / GROUPS), RESAMPLES)
    return drawn.astype(np.float64)


def exact(terms: Summary, limits: tuple[float, float], confidence: float = CONFIDENCE) -> Interval:
    """Clopper and Pearson's interval (1934) of `replay`, whose rewards are all one of the two limits.

    Of m rows kept, none with the larger reward, the upper limit is near 3.7 / m at 95 %.
    """
    least, most = limits
    kept = terms.kept
    if kept < 1.0:
        return unlimited("exact")
    hits, tail = round(kept * (terms.value - least) / (most - least)), (1.0 - confidence) / 2.0
    low = float(betaincinv(hits, kept - hits + 1.0, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1.0, kept - hits, 1.0 - tail)) if hits < kept else 1.0
    return Interval("exact", least + (most - least) * low, least + (most - least) * high)


def empirical_bernstein(
    sample: Sample, limits: tuple[float, float], most_weight: float, confidence: float = CONFIDENCE
) -> Interval:
    """Two-sided interval of `ips` for any number of rows (Maurer and Pontil 2009, theorem 4, at both sides).

    Rewards are moved to start at the lower limit, so that terms lie in [0, most_weight · range].
    """
    (least, most), n = limits, sample.rows
    if n < 2:
        return Interval("empirical_bernstein", *limits)
    found = summarise(lambda part: ips(replace(part, reward=part.reward - least)), sample)
    log = math.log(4.0 / (1.0 - confidence))
    reach = found.deviation * math.sqrt(2.0 * log / n)
    reach += 7.0 * most_weight * (most - least) * log / (3.0 * (n - 1))
    value = least + found.value
    return Interval("empirical_bernstein", max(least, value - reach), min(most, value + reach))


def empirical_likelihood(sample: Sample, limits: tuple[float, float], confidence: float = CONFIDENCE) -> Interval:
    """Values that the empirical likelihood of (w, w·r) with mean weight 1 does not reject.

    Karampatziakis, Langford and Mineiro 2020, "Empirical likelihood for contextual bandits", with Owen's chi-square
    limit for one constrained mean. The estimate inside it is the maximum-likelihood one.
    """
    least, most = limits
    scale = most - least
    distinct, counts = _likelihood_units(sample, least, scale)
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


def _likelihood_units(sample: Sample, least: float, scale: float) -> tuple[Floats, Floats]:
    """(distinct pairs of w and w·r, how often each occurs), of groups of rows where more are distinct.

    The same limit holds for means of groups as for rows (Kitamura 1997, blockwise empirical likelihood).
    """

    def pairs(part: Sample) -> Terms:
        return Terms(part.weight, part.weight * (part.reward - least) / scale, part.weight)

    found = summarise(pairs, sample)
    if isinstance(found, Terms) and found.part is not None:
        stacked = np.stack([found.plain, found.part], axis=1)
        distinct, counts = distinct_rows(stacked)
        if len(distinct) <= GROUPS:
            return distinct, counts
        sums = group_sums(stacked)
    else:
        assert isinstance(found, Totals)
        sums = found.sums[:, :2]
    sizes = (np.arange(GROUPS) < sample.rows % GROUPS) + sample.rows // GROUPS
    return sums / sizes[:, None], np.ones(GROUPS)


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
    [0, 1]. The weights need no upper limit. Rows must be in the order of time, which the logging policy may use. Where
    rewards drift so much that both bets together exclude every value, no mean stays, and the limits are infinite.
    """
    (least, most), tail = limits, (1.0 - confidence) / 2.0
    low = _betting_limit(_terms(sample, least, most), tail)
    high = 1.0 - _betting_limit(_terms(sample, most, least), tail)
    if low > high:
        return unlimited("anytime")
    return Interval("anytime", least + (most - least) * low, least + (most - least) * high)


def _terms(sample: Sample, zero: float, one: float) -> Floats:
    """w times the reward on the scale that has 0 at `zero` and 1 at `one`, in one array: a log may be long."""
    terms = sample.reward - zero
    terms /= one - zero
    terms *= sample.weight
    return terms


def _betting_limit(terms: Floats, tail: float) -> float:
    """The largest m such that bets against "the mean is at most m" reached 1 / tail at some time; terms >= 0."""
    if len(terms) == 0:
        return 0.0
    bets, goal = _bets(terms, tail), math.log(1.0 / tail)
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _refuted(terms, bets, middle, goal) else (low, middle)
    return low


def _refuted(terms: Floats, bets: Floats, m: float, goal: float) -> bool:
    """Whether the logarithm of the wealth reaches `goal` at some row."""
    wealth = 0.0
    for start in range(0, len(terms), _CHUNK):
        rows = slice(start, start + _CHUNK)
        path = wealth + np.cumsum(np.log1p(np.minimum(bets[rows], 0.5 / m) * (terms[rows] - m)))
        if path.max() >= goal:
            return True
        wealth = float(path[-1])
    return False


def _bets(terms: Floats, tail: float) -> Floats:
    """Predictable bets: each uses the terms before it (Waudby-Smith and Ramdas 2024, section 4.2)."""
    bets = np.empty(len(terms))
    total, squares, spread = 0.5, 0.25, 0.25
    for start in range(0, len(terms), _CHUNK):
        part = terms[start : start + _CHUNK]
        t = np.arange(start + 1.0, start + 1.0 + len(part))
        mean = (total + np.cumsum(part)) / (t + 1.0)
        sums = squares + np.cumsum((part - mean) ** 2)
        before = np.concatenate([[spread], (sums / (t + 1.0))[:-1]])
        bets[start : start + _CHUNK] = np.sqrt(2.0 * math.log(1.0 / tail) / (before * t * np.log1p(t)))
        total, squares = total + float(part.sum()), float(sums[-1])
        spread = squares / (float(t[-1]) + 1.0)
    return bets


def asymptotic_sequence(terms: Summary, confidence: float = CONFIDENCE) -> Interval:
    """The interval of an asymptotic confidence sequence, tightest at `TIGHTEST` rows.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform central limit theory and asymptotic confidence
    sequences", theorem 2.2: valid at all looks at once for many rows, and for every estimator.
    """
    if says_nothing(terms):
        return unlimited("asymptotic_sequence")
    reach = mixture_limit(terms.rows, confidence) * terms.deviation
    return Interval("asymptotic_sequence", terms.value - reach, terms.value + reach)


def mixture_limit(rows: float, confidence: float = CONFIDENCE, tightest: float = TIGHTEST) -> float:
    """How far a mean of `rows` values of deviation 1 strays, ever, with probability 1 − `confidence` at most.

    Robbins' normal mixture; its scale is nearly the best one at `tightest` rows (ibid., equation 57).
    """
    alpha = 1.0 - confidence
    scale = (-2.0 * math.log(alpha) + math.log(-2.0 * math.log(alpha) + 1.0)) / tightest
    return math.sqrt((rows + 1.0 / scale) * math.log((rows * scale + 1.0) / alpha**2)) / rows


OF_TERMS: dict[str, Callable[[Summary, float], Interval]] = {"normal": normal, "bootstrap": bootstrap}
"""Intervals of every estimator."""
