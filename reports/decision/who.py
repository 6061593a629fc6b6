"""Who gains from a change: pages, histories, classes of audience, tiers, periods, and the fleet per year.

A *history* is one replication. Pages of one replication share its random numbers, so that intervals of page means are
those of ratios over replications (Cochran 1977, section 6.4): one residual per replication.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.decision.inputs import Unit
from reports.estimators.intervals import SHARE, UNBOUNDED, Estimate, Floats, mean_interval, paired_difference
from reports.formatting import number
from sim.units import WEEK_DAYS

PERIODS = 4
MOST_WEEKS = 60  # of which the gain is stated
MONTHS_A_YEAR = 12
CUTS = (0.5, 0.9)  # of all pages, by size
CLASSES = ("smaller half of the pages", "next 40 %", "top tenth")
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PageValues:
    """The metric of each page, (replications, pages) by policy, in the unit of the decision, and the page's size.

    `size_of` says what the size is; `size` is None where all pages have one size. `weight` is how many pages of the
    population each stands for.
    """

    values: Mapping[str, Floats]
    weight: Floats
    size: Floats | None
    size_of: str


@dataclass(frozen=True)
class ClassGain:
    """The mean gain of a class of pages, and the share of its pages that gain."""

    name: str
    pages: int
    gain: Estimate
    gaining: Estimate


@dataclass(frozen=True)
class WhoGains:
    """The gain of `policy` over `baseline`, apart for pages, histories, classes, tiers and periods.

    `per_year` is the gain of the whole fleet in a year, for `fleet` pages; None without money. `tiers` are means
    without an interval.
    """

    policy: str
    baseline: str
    unit: Unit
    median_page: float
    pages: Estimate
    histories: Estimate
    size_of: str
    classes: Sequence[ClassGain]
    tiers: Sequence[tuple[str, float]]
    periods: Sequence[tuple[str, Estimate]]
    weeks: Sequence[tuple[str, Estimate]]
    fleet: int
    per_year: Estimate | None


def page_gains(gains: Floats, weight: Floats, size: Floats | None) -> list[ClassGain]:
    """The gain of each class of pages by size; all arrays have shape (replications, pages)."""
    if size is None:
        return []
    cuts = weighted_quantiles(size, weight, CUTS)
    place = np.searchsorted(cuts, size, side="left")
    found = [(name, place == k) for k, name in enumerate(CLASSES)]
    return [_class(name, gains, weight * chosen, int(chosen.sum())) for name, chosen in found if chosen.any()]


def _class(name: str, gains: Floats, weight: Floats, pages: int) -> ClassGain:
    return ClassGain(name, pages, clustered(gains, weight), clustered(gains > 0.0, weight, SHARE))


def weighted_quantiles(values: Floats, weight: Floats, shares: Sequence[float]) -> Floats:
    """The values up to which these shares of the weight lie; with equal weights the inverse of the sample's law."""
    order = np.argsort(values, axis=None, kind="stable")
    reached = np.cumsum(weight.ravel()[order])
    places = np.searchsorted(reached, np.array(shares) * reached[-1] * (1.0 - 1e-12))
    found: Floats = values.ravel()[order][places]
    return found


def clustered(values: "Floats | Flags", weight: Floats, bounds: tuple[float, float] = UNBOUNDED) -> Estimate:
    """Weighted mean over all pages with the interval of a ratio; arrays (replications, pages)."""
    totals, counts = (values * weight).sum(axis=1), weight.sum(axis=1)
    mean = float(totals.sum() / counts.sum())
    return mean_interval(mean + (totals - mean * counts) / counts.mean(), bounds=bounds)


def tier_gains(revenue: pl.DataFrame | None, policy: str, baseline: str, months: float) -> list[tuple[str, float]]:
    """Gain per page and month by tier, from the last point of `revenue.parquet`."""
    if revenue is None or not len(revenue):
        return []
    last = revenue.filter(pl.col("at") == revenue["at"].max())
    own, base = (
        dict(last.filter(policy=name).select("tier", "revenue_usd").iter_rows()) for name in (policy, baseline)
    )
    return [(tier, (own[tier] - base[tier]) / months) for tier in own]


def period_gains(
    curves: pl.DataFrame, policy: str, baseline: str, metric: str, months: float | None
) -> list[tuple[str, Estimate]]:
    """Gain in each quarter of the horizon, per page and month (per replication without money)."""
    at = curves["at"].unique().sort().to_numpy()
    ends = np.unique(at[np.searchsorted(at, at[-1] * np.arange(1, PERIODS + 1) / PERIODS)])
    gains = _gains_between(curves, policy, baseline, metric, ends)
    names = [f"{number(start, 3)} to {number(end, 3)}" for start, end in _spans(ends)]
    return list(zip(names, _per_month(gains, ends, months), strict=True))


def week_gains(
    curves: pl.DataFrame, policy: str, baseline: str, metric: str, months: float | None
) -> list[tuple[str, Estimate]]:
    """Gain in each week, as in `period_gains`; between points of the curve it is taken to grow evenly.

    Empty for more than `MOST_WEEKS` weeks, and for less than two.
    """
    last = float(curves["at"].to_numpy().max())
    ends = np.append(np.arange(WEEK_DAYS, last, WEEK_DAYS), last)
    if not 2 <= len(ends) <= MOST_WEEKS:
        return []
    gains = _gains_between(curves, policy, baseline, metric, ends)
    return [(str(k), gain) for k, gain in enumerate(_per_month(gains, ends, months), 1)]


def _spans(ends: Floats) -> Iterator[tuple[float, float]]:
    return zip(np.append(0.0, ends[:-1]), ends, strict=True)


def _per_month(gains: Floats, ends: Floats, months: float | None) -> list[Estimate]:
    """Means of gains, (replications, periods), per page and month; as they are without money."""
    shares = [(end - start) / ends[-1] for start, end in _spans(ends)]
    scaled = gains if months is None else gains / (months * np.array(shares))
    return [paired_difference(each, np.zeros(len(each))).estimate for each in scaled.T]


def _gains_between(curves: pl.DataFrame, policy: str, baseline: str, metric: str, ends: Floats) -> Floats:
    """What `policy` gains over `baseline` from each end to the next, (replications, periods)."""
    own, base = (_at(curves, name, metric, ends) for name in (policy, baseline))
    return np.diff(own - base, axis=1, prepend=0.0)


def _at(curves: pl.DataFrame, policy: str, metric: str, points: Floats) -> Floats:
    """The cumulative metric at these points, (replications, points), linear between those of the curve."""
    rows = curves.filter(policy=policy).sort("replication", "at")
    at = rows["at"].unique().sort().to_numpy()
    known = rows[metric].to_numpy().reshape(-1, len(at))
    return np.array([np.interp(points, np.append(0.0, at), np.append(0.0, values)) for values in known])
