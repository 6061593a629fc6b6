"""Means of stratified replications: unlucky ones are simulated more often than they occur (`worlds.bernoulli.luck`).

The mean is Σ W · mean of the stratum, with the known probabilities W (Cochran 1977, chapter 5). Its standard error
adds over strata. Student's t has Satterthwaite's degrees of freedom (Cochran, eq. 5.16), fewer where a stratum has long
tails, whose variance is known less well (O'Neill 2014, The American Statistician 68). The statistic is transformed for
the skewness that is left (Hall 1992, JRSS B 54).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from reports.estimators.intervals import Difference, Estimate, Floats, Moments, moments

METHOD = "stratified"

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Strata:
    """The stratum of each value of a sample, (values,), and the probability of each stratum, (strata,)."""

    of_value: Counts
    probability: Floats

    @property
    def weights(self) -> Floats:
        """Probability that each value stands for, (values,)."""
        counts = np.bincount(self.of_value, minlength=len(self.probability))
        found: Floats = (self.probability / np.maximum(counts, 1))[self.of_value]
        return found

    @property
    def enough(self) -> bool:
        """Whether every stratum holds two values, without which it has no spread."""
        counts = np.bincount(self.of_value, minlength=len(self.probability))
        return bool((counts[self.probability > 0.0] >= 2).all())


@dataclass(frozen=True)
class StratifiedMoments:
    """Mean, its standard error and degrees of freedom, and the skewness of the mean (0 for a symmetric one)."""

    mean: float
    standard_error: float
    freedom: float
    skewness: float


def stratified_moments(values: Floats, strata: Strata) -> StratifiedMoments:
    """Moments of the mean of `values`, (values,); `strata.enough` must hold."""
    mean = variance = third = spread = 0.0
    for stratum, weight in enumerate(strata.probability.tolist()):
        if weight > 0.0:
            m = moments(values[strata.of_value == stratum])
            part = weight**2 * m.sd**2 / m.n
            mean, variance = mean + weight * m.mean, variance + part
            spread += part**2 * _relative_variance(values[strata.of_value == stratum], m)
            third += weight**3 * m.skewness * m.sd**3 / m.n**2
    if variance == 0.0:
        return StratifiedMoments(mean, 0.0, math.inf, 0.0)
    return StratifiedMoments(mean, math.sqrt(variance), variance**2 / spread, third / variance**1.5)


def _relative_variance(values: Floats, m: Moments) -> float:
    """Half the squared coefficient of variation of the variance of a stratum: 1 / (n − 1) for normal values."""
    if m.sd == 0.0:
        return 0.0
    kurtosis = float(np.mean((values - m.mean) ** 4)) / (m.sd**2 * (m.n - 1) / m.n) ** 2 - 3.0
    return 1.0 / (m.n - 1) + max(0.0, kurtosis) / (2.0 * m.n)


def stratified_covariance(values: Floats, others: Floats, strata: Strata) -> float:
    """Covariance of the means of two paired samples, (values,) each; `strata.enough` must hold."""
    found = 0.0
    for stratum, weight in enumerate(strata.probability.tolist()):
        if weight > 0.0:
            of = strata.of_value == stratum
            found += weight**2 * float(np.cov(values[of], others[of])[0, 1]) / int(of.sum())
    return found


def stratified_difference(values: Floats, strata: Strata, confidence: float) -> Difference | None:
    """The mean of `values`, with its interval and the p-value of 0; None where a stratum has fewer than two."""
    if not strata.enough:
        return None
    m = stratified_moments(values, strata)
    if m.standard_error == 0.0:
        return Difference(Estimate(m.mean, m.mean, m.mean, METHOD), 1.0 if m.mean == 0.0 else 0.0)
    reach = float(stdtrit(m.freedom, 0.5 + confidence / 2))
    low, high = (m.mean - m.standard_error * _inverse(z, m.skewness) for z in (reach, -reach))
    statistic = _transformed(m.mean / m.standard_error, m.skewness)
    return Difference(Estimate(m.mean, low, high, METHOD), 2.0 * float(stdtr(m.freedom, -abs(statistic))))


def _transformed(t: float, u: float) -> float:
    """Hall's monotone cubic of the t statistic; `u` is the skewness of the mean."""
    return t if u == 0.0 else ((1.0 + u * t / 3.0) ** 3 - 1.0) / u + u / 6.0


def _inverse(z: float, u: float) -> float:
    return z if u == 0.0 else 3.0 / u * (math.cbrt(1.0 + u * (z - u / 6.0)) - 1.0)
