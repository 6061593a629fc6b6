"""Who gains from a change: pages, histories, classes of audience, tiers, periods, and the fleet per year.

A *history* is one replication. Pages of one replication share its random numbers, so that intervals of page means are
those of ratios over replications (Cochran 1977, section 6.4): one residual per replication.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.decision.inputs import Unit
from reports.estimators.intervals import SHARE, UNBOUNDED, Estimate, Floats, mean_interval, paired_difference
from reports.formatting import number

PERIODS = 4
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
    own, base = (_at(curves, name, metric, ends) for name in (policy, baseline))
    starts = np.append(0.0, ends[:-1])
    found = []
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        share = (end - start) / ends[-1] if months is not None else 1.0
        scale = (months or 1.0) * share
        mine, theirs = ((each[:, k] - (each[:, k - 1] if k else 0.0)) / scale for each in (own, base))
        found.append((f"{number(start, 3)} to {number(end, 3)}", paired_difference(mine, theirs).estimate))
    return found


def _at(curves: pl.DataFrame, policy: str, metric: str, points: Floats) -> Floats:
    """The cumulative metric at these points, (replications, points)."""
    rows = curves.filter(pl.col("policy") == policy, pl.col("at").is_in(points.tolist())).sort("replication", "at")
    values: Floats = rows[metric].to_numpy().reshape(-1, len(points))
    return values
