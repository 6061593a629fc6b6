"""Sample sizes: replications that show two policies to differ, fans that show a change of a conversion rate.

Every size comes twice: from a closed form, and as the power that simulation finds at that size. Tests are two-sided
at level alpha = 1 − confidence; `power` is the probability that a true difference of the stated size is found.
Everything is deterministic.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from reports.estimators.intervals import Estimate, Floats, moments, share_interval
from reports.estimators.resampled import rejected
from reports.estimators.split import Groups

SEED = 20_250_102
RESAMPLES = 2_000
LEAST_RESAMPLES = 200
RESAMPLED_VALUES = 6_000_000  # at most, for one simulated power
MOST_SIMULATED = RESAMPLED_VALUES // LEAST_RESAMPLES  # replications; above, means are as good as normal
BINOMIAL_PAIRS = 20_000
SD_RESAMPLES = 1_000
NORMAL_FROM = 100_000  # replications from which Student's t is the normal distribution for every purpose
MOST_ROOT = 1e7  # of a number of replications or fans
TOGETHER = 2_000_000  # resampled values held at once
GROWTH, MOST_GROWTH = 1.02, 3.0  # of a number whose power is too low, from one simulation to the next
GROWTHS = 8
HALVINGS = 4
GROWTH_LEAST = 0.04  # of a number that is known well enough

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Replications:
    """Replications that show a difference between paired policies.

    `closed_form` is from Student's t; `likely` is its range under the pilot's own uncertainty (90 %); `needed` is the
    same as `closed_form`, or more where simulation finds its power too low; `simulated` is the power found at `needed`,
    None where nothing varies or there are too many to simulate.
    """

    closed_form: int
    likely: tuple[int, int]
    needed: int
    simulated: Estimate | None


@dataclass(frozen=True)
class Fans:
    """Fans an arm that show a change of a conversion rate, were all fans independent, and the power simulated there."""

    arm: int
    simulated: Estimate


@dataclass(frozen=True)
class FieldTraffic:
    """The traffic of a field test on the scenario's pages, under one policy.

    `rate` is conversions per fan reached, `sends_per_day` those of all pages together, NaN in a world without days;
    `design_effect` is the variance of the rate over that of independent fans; `source` says where the figures are from.
    """

    rate: float
    fans_per_send: float
    sends_per_day: float
    design_effect: float
    source: str


@dataclass(frozen=True)
class Pilot:
    """Paired differences of a pilot, (replications,), as a population to resample.

    `groups` says which of them a rare group makes (see `split`). `probability` is the chance of each, where
    they are not equal: unlucky replications were simulated more often than they occur, so many of each `stratum`.
    """

    differences: Floats
    groups: Groups | None = None
    probability: Floats | None = None
    stratum: Counts | None = None

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(np.average(self.differences, weights=self.probability))

    @property
    def sd(self) -> float:
        """Standard deviation of one difference, with n − 1 where all are equally likely."""
        if self.probability is None:
            return moments(self.differences).sd
        return math.sqrt(float(np.average((self.differences - self.mean) ** 2, weights=self.probability)))

    @property
    def skewness(self) -> float:
        """Skewness g1 of one difference; 0 where all are equal."""
        spread = self.sd if self.probability is not None else float(self.differences.std())
        if self.sd == 0.0:
            return 0.0
        return float(np.average((self.differences - self.mean) ** 3, weights=self.probability)) / spread**3

    def indices(self, generator: np.random.Generator, resamples: int, n: int) -> Counts:
        """Positions of resampled differences, (resamples, n)."""
        if self.probability is None:
            return generator.integers(0, len(self.differences), (resamples, n))
        edges = np.cumsum(self.probability) / self.probability.sum()
        found = np.searchsorted(edges[:-1], generator.random((resamples, n)), side="right")
        return found.astype(np.int64)

    def spreads(self, generator: np.random.Generator, resamples: int) -> Floats:
        """`sd` of resampled pilots, (resamples,): of as many replications, of each stratum where there are strata."""
        n = len(self.differences)
        if self.probability is None or self.stratum is None:
            spreads: Floats = self.differences[self.indices(generator, resamples, n)].std(axis=1, ddof=1)
            return spreads
        members = [np.flatnonzero(self.stratum == each) for each in np.unique(self.stratum)]
        drawn = np.hstack([own[generator.integers(0, len(own), (resamples, len(own)))] for own in members])
        values, weights = self.differences[drawn], self.probability[drawn]
        mean = (weights * values).sum(axis=1, keepdims=True)
        found: Floats = np.sqrt((weights * (values - mean) ** 2).sum(axis=1))
        return found

    def shifted(self, difference: float) -> Floats:
        """The differences moved to a mean of `difference`, with the spread `sd` when resampled."""
        n = len(self.differences)
        scale = math.sqrt(n / (n - 1)) if self.probability is None else 1.0
        return (self.differences - self.mean) * scale + difference


def plan_replications(pilot: Pilot | Floats, difference: float, confidence: float, power: float) -> Replications:
    """Replications needed to show a mean difference, given a pilot, or its paired differences, (replications,).

    Raises ValueError for fewer than two of them, a difference not above 0, or shares outside (0, 1).
    """
    pilot = pilot if isinstance(pilot, Pilot) else Pilot(pilot)
    if len(pilot.differences) < 2:
        raise ValueError("paired differences need at least two replications")
    least = replications_needed(difference, pilot.sd, confidence, power)
    if pilot.sd == 0.0:
        return Replications(least, (least, least), least, None)
    likely = likely_replications(pilot, difference, confidence, power)
    needed, simulated = _until_powerful(pilot, difference, least, confidence, power)
    return Replications(least, likely, needed, simulated)


def likely_replications(pilot: Pilot, difference: float, confidence: float, power: float) -> tuple[int, int]:
    """The middle 90 % of what `replications_needed` says of resampled pilots (percentile bootstrap, Efron 1979)."""
    generator = np.random.Generator(np.random.PCG64(SEED + 1))
    drawn = pilot.spreads(generator, SD_RESAMPLES)
    low, high = (
        replications_needed(difference, float(sd), confidence, power) for sd in np.quantile(drawn, (0.05, 0.95))
    )
    return low, high


def replications_needed(difference: float, sd: float, confidence: float, power: float) -> int:
    """Least number of pairs whose t test has the power asked for, `sd` being that of one paired difference.

    The power is exact under normal differences (noncentral t: Johnson & Welch 1940, Biometrika 31). At least 2. Raises
    ValueError as `plan_replications`.
    """
    _check(difference, confidence, power)
    if not (math.isfinite(sd) and sd >= 0.0):
        raise ValueError(f"a standard deviation is finite and not negative, got {sd}")
    if sd == 0.0:
        return 2
    _size(sd / difference)
    return _least(2, lambda n: t_power(difference, sd, n, confidence) >= power)


def t_power(difference: float, sd: float, n: int, confidence: float) -> float:
    """Power of the two-sided paired t test of `n` pairs, both tails counted."""
    shift = difference * math.sqrt(n) / sd
    if n > NORMAL_FROM:
        limit = float(ndtri(0.5 + confidence / 2))
        return float(ndtr(shift - limit) + ndtr(-shift - limit))
    limit = float(stdtrit(n - 1, 0.5 + confidence / 2))
    # The far tail is left out where it is nothing: the series behind `nctdtr` loses it there.
    far = float(nctdtr(n - 1, shift, -limit)) if shift < 4.0 else 0.0
    return 1.0 - float(nctdtr(n - 1, shift, limit)) + far


def simulated_power(pilot: Pilot | Floats, difference: float, n: int, confidence: float) -> Estimate | None:
    """Share of resamples of size `n` in which the reports' own test finds the difference, with its 95 % interval.

    The pilot's differences are centred and shifted to `difference`, so that its truth is known; the test is that of
    `resampled`. None above `MOST_SIMULATED`.
    """
    if n > MOST_SIMULATED:
        return None
    pilot = pilot if isinstance(pilot, Pilot) else Pilot(pilot)
    shifted = pilot.shifted(difference)
    generator = np.random.Generator(np.random.PCG64(SEED))
    resamples = max(LEAST_RESAMPLES, min(RESAMPLES, RESAMPLED_VALUES // n))
    step, found = max(1, TOGETHER // n), 0
    for start in range(0, resamples, step):
        drawn = pilot.indices(generator, min(step, resamples - start), n)
        groups = None if pilot.groups is None else pilot.groups[drawn]
        found += int(rejected(shifted[drawn], groups, 1.0 - confidence).sum())
    return share_interval(found, resamples)


def plan_fans(rate: float, other: float, confidence: float, power: float) -> Fans:
    """Fans per arm that show two conversion rates to differ, with the power simulated for them."""
    arm = fans_needed(rate, other, confidence, power)
    return Fans(arm, simulated_fans_power(rate, other, arm, confidence))


def fans_needed(rate: float, other: float, confidence: float, power: float) -> int:
    """Fans in each of two arms, for the pooled z test of two proportions.

    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14 (without continuity
    correction): the null variance is pooled, that of the alternative is not. Raises ValueError for rates that are equal
    or outside (0, 1), or as `plan_replications`.
    """
    _check(abs(other - rate), confidence, power)
    if not (0.0 < rate < 1.0 and 0.0 < other < 1.0):
        raise ValueError(f"conversion rates lie between 0 and 1, got {rate:.4g} and {other:.4g}")
    mean = (rate + other) / 2
    null = float(ndtri(0.5 + confidence / 2)) * math.sqrt(2 * mean * (1 - mean))
    alternative = float(ndtri(power)) * math.sqrt(rate * (1 - rate) + other * (1 - other))
    return max(1, math.ceil(_size(max(0.0, null + alternative) / abs(other - rate))))


def simulated_fans_power(rate: float, other: float, n: int, confidence: float) -> Estimate:
    """Share of simulated experiments, `n` fans an arm, in which the pooled z test finds a difference."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    a, b = (generator.binomial(n, p, BINOMIAL_PAIRS) / n for p in (rate, other))
    mean = (a + b) / 2
    error = np.sqrt(2 * mean * (1 - mean) / n)
    found = np.abs(b - a) > float(ndtri(0.5 + confidence / 2)) * error
    return share_interval(int(found.sum()), BINOMIAL_PAIRS)


def design_effect(purchased: Floats, sent: Floats, page: NDArray[np.int64]) -> float:
    """How many times the variance of a conversion rate exceeds that of independent fans; at least 1.

    All of shape (sends,). Fans of one send share its caption, hour and luck, so a send is a cluster of unequal size:
    the variance of the ratio Σ purchased / Σ sent from residuals within pages, over the binomial one (Kish 1965, Survey
    Sampling, section 8.2; Rao & Scott 1992, Biometrics 48). Pages count as strata: both arms run on each of them.
    """
    fans, rate = math.fsum(sent), math.fsum(purchased) / max(1.0, math.fsum(sent))
    if not 0.0 < rate < 1.0:
        return 1.0
    spread = math.fsum(_within(purchased[page == each], sent[page == each]) for each in np.unique(page))
    return max(1.0, spread / (rate * (1.0 - rate) * fans))


def _within(purchased: Floats, sent: Floats) -> float:
    """Sum of squared residuals of a page's sends around its rate, for the degree of freedom that the rate took."""
    n = len(sent)
    if n < 2:
        return 0.0
    residuals = purchased - math.fsum(purchased) / math.fsum(sent) * sent
    return math.fsum(residuals**2) * n / (n - 1)


def _check(difference: float, confidence: float, power: float) -> None:
    if not (math.isfinite(difference) and difference > 0.0):
        raise ValueError(f"a difference must be above 0, got {difference:.4g}")
    for name, share in (("confidence", confidence), ("power", power)):
        if not 0.0 < share < 1.0:
            raise ValueError(f"{name} lies between 0 and 1, got {share:.4g}")
    if power <= 1.0 - confidence:
        raise ValueError(f"power must exceed 1 - confidence, got {power:.4g} and {confidence:.4g}")


def _size(root: float) -> float:
    """The square of `root`; raises ValueError where so many are infeasible."""
    if root > MOST_ROOT:
        raise ValueError(f"the difference is too small: more than {MOST_ROOT**2:.0e} would be needed")
    return root * root


def _least(start: int, enough: Callable[[int], bool]) -> int:
    """The least n from `start` on that is enough, where more is never less."""
    if enough(start):
        return start
    low, high = start, start + 1
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _until_powerful(
    pilot: Pilot, difference: float, start: int, confidence: float, power: float
) -> tuple[int, Estimate | None]:
    """From `start` up until the simulated power may be what was asked for, then down by halves while it still is."""
    n, short, found = start, start, simulated_power(pilot, difference, start, confidence)
    for _ in range(GROWTHS):
        if found is None or found.high is None or found.high >= power:
            break
        short, n = n, math.ceil(n * _growth(found.value, confidence, power))
        found = simulated_power(pilot, difference, n, confidence)
    for _ in range(HALVINGS):
        middle = (short + n) // 2
        tried = None if n - short < GROWTH_LEAST * n else simulated_power(pilot, difference, middle, confidence)
        if tried is None or tried.high is None:
            break
        short, n, found = (short, middle, tried) if tried.high >= power else (middle, n, found)
    return n, found


def _growth(found: float, confidence: float, power: float) -> float:
    """How many times as many would have the power, were the test's statistic normal; at least `GROWTH`."""
    limit = float(ndtri(0.5 + confidence / 2))
    wanted, reached = limit + float(ndtri(power)), limit + float(ndtri(max(found, 1e-3)))
    return min(MOST_GROWTH, max(GROWTH, (wanted / reached) ** 2)) if reached > 0.0 else MOST_GROWTH
