"""An estimate as sums over rows, for logs that are too long to keep every term of every estimator in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sim.evaluation.estimators import GROUPS, Floats, Sample, Terms, group_sums

AT_ONCE = 128 * GROUPS
"""Rows whose terms are in memory at the same time."""


@dataclass(frozen=True)
class Totals:
    """Sums of the columns (plain, part, whole) of `Terms`: what all its intervals need."""

    rows: int
    products: Floats
    """Σ of the products of columns around `centre`, (3, 3)."""
    centre: Floats
    sums: Floats
    """By group, (groups, 3)."""
    ratio: bool

    @property
    def means(self) -> Floats:
        """Means of the columns, (3,)."""
        means: Floats = self.sums.sum(axis=0) / self.rows
        return means

    @property
    def value(self) -> float:
        """The estimate; NaN where all weights are 0 and the estimator divides by them."""
        plain, part, whole = (float(mean) for mean in self.means)
        if not self.ratio:
            return plain
        return plain + part / whole if whole > 0.0 else float("nan")

    @property
    def kept(self) -> float:
        """Σ of `whole`: of `replay`, how many rows are kept."""
        return float(self.sums[:, 2].sum())

    @property
    def deviation(self) -> float:
        """The standard deviation of the influence of a row (delta method)."""
        _, part, whole = self.means
        slope = np.array([1.0, 1.0 / whole, -part / whole**2]) if self.ratio else np.array([1.0, 0.0, 0.0])
        away = self.means - self.centre
        covariance = self.products / self.rows - np.outer(away, away)
        return float(np.sqrt(max(0.0, slope @ covariance @ slope) * self.rows / (self.rows - 1)))

    def units(self) -> tuple[Floats, Floats]:
        """(sums of the columns per group, 1 each): what a bootstrap resamples."""
        columns = self.sums if self.ratio else self.sums[:, :1]
        return columns, np.ones(len(columns))


def summarise(estimator: Callable[[Sample], Terms], sample: Sample) -> Terms | Totals:
    """The terms of a short log; the totals of one above `AT_ONCE` rows. `estimator` treats each row alone."""
    return estimator(sample) if sample.rows <= AT_ONCE else totals(estimator, sample)


def totals(estimator: Callable[[Sample], Terms], sample: Sample) -> Totals:
    """Totals of an estimator, `AT_ONCE` rows at a time."""
    sums, products, centre, ratio = np.zeros((GROUPS, 3)), np.zeros((3, 3)), None, False
    for part in parts(sample):
        terms = estimator(part)
        ratio = terms.part is not None
        columns = _columns(terms)
        if centre is None:
            centre = columns.mean(axis=0)
        away = columns - centre
        products += away.T @ away
        sums += group_sums(columns)
    assert centre is not None
    return Totals(sample.rows, products, centre, sums, ratio)


def parts(sample: Sample) -> Iterator[Sample]:
    """The rows in order, `AT_ONCE` at a time."""
    for start in range(0, sample.rows, AT_ONCE):
        yield sample.part(slice(start, start + AT_ONCE))


def _columns(terms: Terms) -> Floats:
    columns = np.zeros((len(terms.plain), 3))
    for place, column in enumerate((terms.plain, terms.part, terms.whole)):
        if column is not None:
            columns[:, place] = column
    return columns
