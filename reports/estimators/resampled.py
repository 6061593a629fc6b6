"""The tests of the reports on many samples at once, for the power that resampling finds.

The same rule as `paired_difference` and `split_difference`, sample by sample, but each test is asked only where a
cheaper one has not answered: of a skewed sample, Hall's transformed t first, and sign flips only where that rejects.
Sign flips of all samples share their random subsets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from reports.estimators.intervals import COCHRAN, SMALL, Floats, Moments
from reports.estimators.sign_flips import p_value, subset_means
from reports.estimators.split import Groups, GroupShare, combined

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class ManyMoments:
    """Moments of each sample, (samples,)."""

    n: int
    mean: Floats
    sd: Floats
    skewness: Floats

    @property
    def t(self) -> Floats:
        """Student's statistic of a mean of zero; 0 where a sample has no spread."""
        found: Floats = np.divide(
            self.mean * np.sqrt(self.n), self.sd, out=np.zeros_like(self.mean), where=self.sd > 0.0
        )
        return found


def rejected(samples: Floats, groups: Groups | None, alpha: float) -> Flags:
    """Whether the reports' test finds a difference in each of `samples`, (samples, n), at level `alpha`.

    `groups` has the same shape, for differences that are split; a sample too small for that finds nothing.
    """
    if groups is None or not groups.any():
        return _unsplit(samples, alpha)
    return _split(samples, groups, alpha)


def _unsplit(samples: Floats, alpha: float) -> Flags:
    m = many_moments(samples)
    student = _two_sided(m.t, m.n)
    skewed = (m.n >= SMALL) & (m.n < COCHRAN * m.skewness**2)
    found: Flags = np.where(m.sd > 0.0, student < alpha, (m.mean != 0.0) & (2.0 ** (1 - min(m.n, 1000)) < alpha))
    found &= ~skewed
    asked = np.flatnonzero(skewed)
    asked = asked[_two_sided(_transformed(m)[asked], m.n) < alpha]
    if len(asked):
        means = subset_means(samples[asked])
        found[asked] = [p_value(own, m.n, p) < alpha for own, p in zip(means, student[asked], strict=True)]
    return found


def many_moments(samples: Floats) -> ManyMoments:
    """Moments of each row."""
    n, mean = samples.shape[1], samples.mean(axis=1)
    deviations = samples - mean[:, None]
    square = deviations * deviations
    m2, m3 = square.mean(axis=1), np.einsum("ij,ij->i", square, deviations) / n
    m2[(samples == samples[:, :1]).all(axis=1)] = 0.0
    skewness = np.divide(m3, m2**1.5, out=np.zeros(len(mean)), where=m2 > 0.0)
    return ManyMoments(n, mean, np.sqrt(m2 * n / (n - 1)), skewness)


def _transformed(m: ManyMoments) -> Floats:
    """Hall's transformation of Student's statistic (see `intervals`)."""
    u = np.where(m.skewness == 0.0, 1.0, m.skewness) / np.sqrt(m.n)
    found: Floats = ((1.0 + u * m.t / 3.0) ** 3 - 1.0) / u + u / 6.0
    return found


def _two_sided(statistic: Floats, n: int) -> Floats:
    found: Floats = 2.0 * stdtr(n - 1, -np.abs(statistic))
    return found


def _split(samples: Floats, groups: Groups, alpha: float) -> Flags:
    mean = samples.mean(axis=1)
    parts = {group: _parts(samples, groups == group, mean) for group in (0, 1, -1)}
    found = np.zeros(len(samples), np.bool_)
    for row in range(len(samples)):
        rest, others = parts[0][row], [parts[group][row] for group in (1, -1)]
        met = [part for part in others if part.n > 0]
        if met and all(GroupShare(part.n, samples.shape[1]).known for part in met):
            estimate = combined(float(mean[row]), rest, met, 1.0 - alpha)
            found[row] = estimate.low > 0.0 or estimate.high < 0.0  # type: ignore[operator]
    return found


def _parts(samples: Floats, members: Flags, centre: Floats) -> list[Moments]:
    """Moments, without skewness, of the members of each sample."""
    count = members.sum(axis=1)
    size = np.maximum(count, 1)
    deviations = np.where(members, samples - centre[:, None], 0.0)
    mean = deviations.sum(axis=1) / size
    square = np.maximum(np.einsum("ij,ij->i", deviations, deviations) - size * mean**2, 0.0)
    sd = np.sqrt(square / np.maximum(count - 1, 1))
    return [Moments(int(n), float(m), float(s), 0.0) for n, m, s in zip(count, mean + centre, sd, strict=True)]
