"""What is recorded of a block beyond regret and reward: where sends went, lock-outs, revenue by tier, estimation.

All sums over replications are of whole numbers, so that they are the same bits however replications are split into
blocks; fractions are in units of 2**-32.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.worlds.base import Counts, Floats, Tally, Totals, World
from sim.worlds.metrics.allocation import UNIT

MOST_WATCHED_DAYS = 20  # finding lock-outs costs about what a day's decisions do
LOCKED_OUT_SHARE = 0.5  # of a replication's pages, where it has many

MEASURES = (
    *("sends", "best", "ranked", "cold", "known", "entropy", "active", "evenness", "spread"),
    *("replications", "locked_out", "locked_out_pages"),
)
"""What is summed at each watched point, about the sends since the last one; see `metrics.allocation.Tally`."""


@dataclass(frozen=True)
class Observations:
    """Sums over the replications of a block; W watched points, B rank bins, P curve points, T tiers."""

    watched: Floats
    """(W,): pulls or days, the horizon last."""
    by_bin: Counts
    """(W, B): sends since the last watched point."""
    measures: Counts
    """(W, measures)."""
    tier_revenue: Counts
    """(P, T): since time zero, in millionths of a dollar."""
    estimation: Counts
    """See `sim.worlds.metrics.estimation`."""
    weeks: Counts
    """(weeks, sums): see `sim.worlds.metrics.loop`."""


@dataclass(frozen=True)
class LockOuts:
    """When each replication was locked out, as seen at the watched points; arrays of shape (replications,)."""

    pages: Floats
    """Share of pages whose best arm ended with probability exactly 0."""
    now: NDArray[np.bool_]
    """Every page of a one-page world, at least half of the pages of a larger one."""
    first: Floats
    """The first point at which this was so; NaN: at none."""
    since: Floats
    """The first point from which on it was so at every point; NaN: it is not so at the end."""


def watched_points(at: Floats, *, pulls: bool) -> Floats:
    """The curve points at which more than the curve is recorded, the last always among them."""
    stride = 1 if pulls else -(-len(at) // MOST_WATCHED_DAYS)
    return at[::-stride][::-1]


class Observer:
    """Records a world at curve points."""

    def __init__(self, world: World, watched: Floats) -> None:
        self._world, self._watched = world, watched
        self._by_bin: list[Counts] = []
        self._measures: list[list[int]] = []
        self._tier_revenue: list[Counts] = []
        self._before = np.zeros(3, np.int64)
        self._first, self._since = np.empty(0), np.empty(0)

    def record(self, at: float, totals: Totals) -> None:
        """Record the point `at`, up to which the world has advanced."""
        self._tier_revenue.append(self._world.tier_revenue().sum(axis=1))
        if at in self._watched:
            self._watch(at, totals)

    def _watch(self, at: float, totals: Totals) -> None:
        tally, since = (
            self._world.tally(),
            np.array([totals.pulls.sum(), totals.best_pulls.sum(), totals.ranked_pulls.sum()]),
        )
        locked = self._record_lock_outs(at)
        self._by_bin.append(tally.by_bin)
        self._measures.append([*(since - self._before), *_sums(tally), *locked])
        self._before = since

    def _record_lock_outs(self, at: float) -> tuple[int, int, int]:
        """(replications, those locked out, share of their pages)."""
        self._pages = self._world.locked_out_pages()
        if not self._measures:
            self._first, self._since = (np.full(len(self._pages), np.nan) for _ in range(2))
        self._locked = self._pages >= (LOCKED_OUT_SHARE if self._world.pages > 1 else 1.0)
        self._first = _at_first(at, self._locked, self._first)
        self._since = np.where(self._locked, _at_first(at, self._locked, self._since), np.nan)
        share = np.rint(self._pages * UNIT).astype(np.int64)
        return len(self._pages), int(self._locked.sum()), int(share.sum())

    def lock_outs(self) -> LockOuts:
        """As of the last point, which must be the horizon."""
        return LockOuts(self._pages, self._locked, self._first, self._since)

    def observations(self, weeks: Counts) -> Observations:
        """Everything recorded, and what the table says now; `weeks` as in `metrics.loop`."""
        measures = np.array(self._measures, np.int64)
        return Observations(
            self._watched,
            np.array(self._by_bin),
            measures,
            np.array(self._tier_revenue),
            self._world.estimation(),
            weeks,
        )


def _at_first(at: float, happens: NDArray[np.bool_], first: Floats) -> Floats:
    """`first`, and `at` where it happens and has not happened before."""
    return np.where(happens & np.isnan(first), at, first)


def _sums(tally: Tally) -> tuple[int, ...]:
    return tally.cold, tally.known, tally.entropy, tally.active, tally.evenness, tally.spread
