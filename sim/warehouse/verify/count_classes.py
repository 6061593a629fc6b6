"""Sums of draws over classes of counts, as `probes/sample_counts` makes them, and the tests on these sums.

A class is one pair of counts, or a range of pairs; or all pairs of the same successes, failures or sum (`line`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.warehouse.verify.uniformity import (
    COSINE_VARIANCE,
    SQUARE_VARIANCE,
    VARIANCE,
    bernstein_p,
    gaps_p,
    log_p,
    mean_p,
    normal_p,
    uniform_sum_p,
)

Numbers = NDArray[np.float64]
EXACT = 40  # counts up to here are classes of their own
LARGE_CLASS = 70  # counts from 1e6; see probes/sample_counts
PAIRS, SUCCESSES, FAILURES, SUMS, ANY_FAILURES, ANY_SUCCESSES = range(6)  # lines; the last two are sums of pairs


@dataclass(frozen=True)
class Classes:
    """Sums of shares u over classes of counts, each of shape (classes,); see `probes/sample_counts`."""

    line: Numbers
    s_class: Numbers
    f_class: Numbers
    draws: Numbers
    missing: Numbers
    outside: Numbers
    first_moment: Numbers
    second_moment: Numbers
    third_moment: Numbers
    fourth_moment: Numbers
    log_low: Numbers
    log_high: Numbers
    sharp: Numbers
    grid: Numbers
    least: Numbers
    most: Numbers

    @property
    def large(self) -> NDArray[np.bool_]:
        """The classes of pairs in which both counts are at least 1e6."""
        return np.asarray((self.line == PAIRS) & (self.s_class >= LARGE_CLASS) & (self.f_class >= LARGE_CLASS))

    @property
    def total(self) -> int:
        """Draws of all classes."""
        return int(self.draws.sum())

    def groups(self) -> "Groups":
        """The classes, and those of pairs summed over all failures or all successes."""
        sums = np.array([self.draws, self.first_moment, self.second_moment, self.sharp, self.grid])
        parts = [np.array([self.line, self.s_class, self.f_class, *sums])]
        pairs = self.line == PAIRS
        for line, key in ((ANY_FAILURES, self.s_class[pairs]), (ANY_SUCCESSES, self.f_class[pairs])):
            names, at = np.unique(key, return_inverse=True)
            summed = [np.bincount(at, one) for one in sums[:, pairs]]
            parts.append(np.array([np.full(names.size, line), names, np.zeros(names.size), *summed]))
        return Groups(*np.concatenate(parts, axis=1))


@dataclass(frozen=True)
class Groups:
    """Sums over overlapping groups of counts, each of shape (groups,)."""

    line: Numbers
    one: Numbers
    other: Numbers
    draws: Numbers
    first_moment: Numbers
    second_moment: Numbers
    sharp: Numbers
    grid: Numbers

    @property
    def size(self) -> int:
        """The number of groups."""
        return self.draws.size

    @property
    def uniform_p(self) -> Numbers:
        """The lesser p of mean and spread in each group; limits that hold for few draws too."""
        spread = self.second_moment - self.draws * VARIANCE
        return np.minimum(
            uniform_sum_p(self.first_moment, self.draws),
            bernstein_p(spread, self.draws, SQUARE_VARIANCE, 1.0 / 6.0),
        )

    @property
    def grid_p(self) -> Numbers:
        """p that shares do not lie on a grid of 32 bits, in each group."""
        return bernstein_p(self.grid, np.maximum(self.sharp, 1.0), COSINE_VARIANCE, 1.0)

    def label(self, at: int) -> str:
        """The counts of a group."""
        one, other = _range(self.one[at]), _range(self.other[at])
        exact = f"{self.one[at]:.0f}"
        return {
            PAIRS: f"({one}, {other})",
            SUCCESSES: f"({exact}, any)",
            FAILURES: f"(any, {exact})",
            SUMS: f"counts whose sum is {exact}",
            ANY_FAILURES: f"({one}, any)",
            ANY_SUCCESSES: f"(any, {one})",
        }[int(self.line[at])]


def _range(count_class: float) -> str:
    """The counts of a class: one up to 40, else a range."""
    if count_class <= EXACT:
        return f"{count_class:.0f}"
    low, high = (EXACT * 2.0 ** ((count_class - EXACT - 1.0 + step) / 2.0) for step in (0, 1))
    return f"{low:.0f}–{high:.0f}"


def ends_p(classes: Classes) -> float:
    """p of the gaps at both ends at large counts; at small ones an end moves less with z."""
    large = classes.large
    gaps = float(classes.least[large].min(initial=1.0)) + 1.0 - float(classes.most[large].max(initial=0.0))
    return gaps_p(gaps, int(classes.draws[large].sum()))


def logs_p(classes: Classes) -> dict[str, float]:
    """p of the sums of ln u and ln(1 − u)."""
    return {
        "the logarithms": log_p(float(classes.log_low.sum()), classes.total),
        "the logarithms from above": log_p(float(classes.log_high.sum()), classes.total),
    }


def moments_p(classes: Classes) -> dict[str, float]:
    """p of the second to fourth moments of d = u − 1/2, as Legendre polynomials: orthogonal, so with known variances.

    The polynomials with leading coefficient 1, and the variances (k!)⁴ / ((2k)!² (2k + 1)) of order k.
    """
    n = classes.total
    first, second, third, fourth = (
        float(one.sum())
        for one in (classes.first_moment, classes.second_moment, classes.third_moment, classes.fourth_moment)
    )
    return {
        "the spread": normal_p((second - n * VARIANCE) / np.sqrt(n * SQUARE_VARIANCE)),
        "the third moment": normal_p((third - 0.15 * first) / np.sqrt(n / 2800.0)),
        "the fourth moment": normal_p((fourth - 3.0 / 14.0 * second + n * 3.0 / 560.0) / np.sqrt(n / 44100.0)),
    }


def other_width(classes: Classes) -> str:
    """Which z explains draws that fill an interval of the same centre and another width; empty if none does.

    Only large counts tell: there z changes the width in proportion, and neither the centre nor the clamp matters.
    """
    large = classes.large
    if not large.any():
        return ""
    below, above = float(classes.least[large].min()), float(classes.most[large].max()) - 1.0
    off = abs(below + above) > 0.2 * abs(above - below) + 20.0 / classes.draws[large].sum()
    return "" if off else f"an interval with z of about {1.96 * (1.0 + above - below):.5g}"


def power_of(classes: Classes) -> str:
    """Which power of a uniform draw, or one minus which power, explains the logarithms and the mean; empty if none."""
    return next(_powers(classes), "")


def _powers(classes: Classes) -> Iterator[str]:
    n, mean = classes.total, float(classes.first_moment.sum())
    for log_sum, sign, name in ((classes.log_low, 1.0, ""), (classes.log_high, -1.0, "one minus ")):
        power = -float(log_sum.sum()) / n
        off = sign * mean - n * (1.0 / (1.0 + power) - 0.5)
        if log_p(float(log_sum.sum()), n) < 1e-6 and mean_p(off, n) > 1e-3:
            yield f"{name}a uniform draw to the power of {power:.4g}"
