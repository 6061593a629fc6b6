"""The mean of a quantity of which a rare group makes a part: replications that end locked out, and all others.

A sample mean hides how little is known of the rare group: its share p and its mean are estimated from a handful of
replications, and a sample that met none of it is not even skewed. The mean is therefore split,

    mean = (1 − p) · mean of the rest + p · mean of the group,

and each term has limits of its own, which are put together by the method of variance estimates recovery (Zou, Huang &
Zhang 2009, Computational Statistics and Data Analysis 53): differences from the estimate add in quadrature. Means take
Student's t; the share takes exact binomial limits with half the probability of the count itself (mid-p: Lancaster 1961,
JASA 56).

The split is known only where the group and the rest hold `LEAST` replications each. A sample that is judged by its own
count is a selected one, so the limits of the share are those of a binomial count *given that* it is within
[LEAST, n − LEAST]: without that condition, samples that are just large enough would put the share too high.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, stdtrit

from reports.estimators.intervals import Difference, Estimate, Floats, Moments, moments

LEAST = 10  # replications of the group, and of the rest
RARE = 1_000  # replications without the group, from which its share is taken as 0 (below 0.3 %, 95 % limit)
METHOD = "split"
P_VALUE_STEPS = 25

Groups = NDArray[np.int8]
"""Group of each replication: 0 is the rest."""


@dataclass(frozen=True)
class GroupShare:
    """A group that the sample holds too few replications of, or of whose complement it does."""

    count: int
    n: int

    @property
    def known(self) -> bool:
        """Whether the count is large enough to know the group's share and mean, or so small that it has none."""
        if self.count == 0:
            return self.n >= RARE
        return LEAST <= self.count <= self.n - LEAST or self.count == self.n


def group_shares(groups: Groups) -> list[GroupShare]:
    """The groups 1 and −1 that are met; one of no replications where none is."""
    counts = [int((groups == group).sum()) for group in (1, -1)]
    return [GroupShare(count, len(groups)) for count in counts if count] or [GroupShare(0, len(groups))]


def is_known(groups: Groups) -> bool:
    """Whether every group's share and mean can be estimated."""
    return all(each.known for each in group_shares(groups))


def split_interval(values: Floats, groups: Groups, confidence: float) -> Estimate | None:
    """The mean of `values`, (n,), with limits by the split; None where nothing is split, or the split is not known."""
    if not is_known(groups) or not (groups != groups[0]).any():
        return None
    parts = {group: moments(values[groups == group]) for group in (0, 1, -1) if (groups == group).any()}
    return combined(moments(values).mean, parts.pop(0), list(parts.values()), confidence)


def combined(mean: float, rest: Moments, parts: Sequence[Moments], confidence: float) -> Estimate:
    """The mean of a sample with the limits of its parts, put together; each part has `LEAST` values at least."""
    n = rest.n + sum(part.n for part in parts)
    below = above = (_reach(rest, confidence) * rest.n / n) ** 2
    for part in parts:
        low, high = share_limits(part.n, n, confidence)
        cost, spread = part.mean - rest.mean, (_reach(part, confidence) * part.n / n) ** 2
        less, more = abs(cost) * (part.n / n - low), abs(cost) * (high - part.n / n)
        below += spread + (less if cost > 0.0 else more) ** 2
        above += spread + (more if cost > 0.0 else less) ** 2
    return Estimate(mean, mean - math.sqrt(below), mean + math.sqrt(above), METHOD)


def split_difference(values: Floats, groups: Groups, confidence: float) -> Difference | None:
    """`split_interval` of paired differences, with the p-value of no difference: where an interval would end at 0."""
    estimate = split_interval(values, groups, confidence)
    if estimate is None:
        return None
    return Difference(estimate, p_value_of(lambda level: split_interval(values, groups, level)))


def p_value_of(interval_at: Callable[[float], Estimate | None]) -> float:
    """1 minus the confidence at which an interval begins to hold 0; `interval_at` gives the interval at each."""
    inside, outside = 1.0, 0.0  # confidence at which 0 is inside, and at which it is not
    for _ in range(P_VALUE_STEPS):
        middle = (inside + outside) / 2
        each = interval_at(middle)
        inside, outside = (inside, middle) if each is not None and not _holds_zero(each) else (middle, outside)
    return 1.0 - outside


def _holds_zero(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.high is not None and estimate.low <= 0.0 <= estimate.high


def _reach(m: Moments, confidence: float) -> float:
    return 0.0 if m.n < 2 else float(stdtrit(m.n - 1, 0.5 + confidence / 2)) * m.standard_error


@lru_cache(maxsize=100_000)
def share_limits(count: int, n: int, confidence: float) -> tuple[float, float]:
    """Limits of a share, of a binomial count that is known to be within [LEAST, n − LEAST]; mid-p."""
    tail = (1.0 - confidence) / 2
    return _root(count, n, 1.0 - tail), _root(count, n, tail)


def _root(count: int, n: int, target: float) -> float:
    """The share at which the mid-p distribution function of the count equals `target`; 0 where it is never so high."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _mid_p(count, n, middle) > target else (low, middle)
    return (low + high) / 2


def _mid_p(count: int, n: int, share: float) -> float:
    """P(K < count) + P(K = count) / 2, given LEAST <= K <= n − LEAST."""
    before, least, most = float(bdtr(LEAST - 1, n, share)), LEAST, n - LEAST
    whole = float(bdtr(most, n, share)) - before
    if whole <= 0.0:
        return 0.5 * (count == least) if share < least / n else 1.0 - 0.5 * (count == most)
    up_to = (float(bdtr(count - 1, n, share)) - before if count > LEAST else 0.0, float(bdtr(count, n, share)) - before)
    return sum(up_to) / (2.0 * whole)
