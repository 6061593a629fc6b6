"""Simulates a block of the traffic world through a list of times, and keeps what is recorded at each.

Rows do not interact, unless a policy learns from all pages of a replication or pages lock captions for one another:
these then advance together, day by day.
Otherwise a caller that knows all times in advance can have each row run through all of them at
once: the state of a row then stays in the processor's cache (a quarter of the time, with many more captions).
"""

from collections.abc import Callable, Sequence

import numpy as np

from sim.errors import InputError
from sim.units import DAY_S
from sim.worlds.base import Counts, Flags, Floats, Tally
from sim.worlds.metrics.allocation import RANK_BINS
from sim.worlds.traffic.kernel import LOCK_OUT, SHARE, TALLY
from sim.worlds.traffic.records import BUMP, RESULT, Records
from sim.worlds.traffic.rows import Block, Snapshots

Play = Callable[..., None]  # a compiled function that carries rows through times
AT_ONCE = 256  # rows of a compiled call, which cannot be interrupted
WEIGHED = ("purchases", "revenue", "tier_revenue", "regret", "regret_usd", "expected_usd")
WEIGHTED_RESULT = np.dtype(
    [(name, "f8" if name in WEIGHED else RESULT[name].base, RESULT[name].shape) for name in RESULT.names or ()]
)
"""`RESULT` where rows have weights: what is earned and missed is then a mean over the population; counts are not."""


class RowDriver:
    """A block and its present time, in seconds."""

    def __init__(
        self, policy: str, play: Play, block: Block, weights: Floats | None = None, *, together: bool = False
    ) -> None:
        """`weights` (N,) of the rows in the sums of their replications; None: all 1."""
        self._weights, self._together = weights, together
        self._policy, self._play, self._block = policy, play, block
        self._times = [0]
        self._observe: Counts = np.zeros(1, np.int64)
        self._snapshots = self._no_snapshots(1)
        self._at = 0  # index of the present among the times

    def simulate_through(self, times: Sequence[int], observe_at: Sequence[int]) -> None:
        """Simulate through all `times`, rising; `locked` and `tally` can be asked for at those of `observe_at`."""
        self._simulate(times, np.where(np.isin(times, observe_at), LOCK_OUT | TALLY, 0))

    def advance(self, until: int) -> None:
        """Make `until` the present, which never goes back; raises ValueError for a time between those simulated."""
        if until > self._times[-1]:
            self._simulate([until], np.zeros(1, np.int64))
        elif until in self._times:
            self._at = max(self._at, self._times.index(until))
        elif until > self._times[self._at]:
            raise ValueError(f"second {until} is not among the simulated times")

    @property
    def sums(self) -> Records:
        """(R,) RESULT: of all pages of every replication, from time zero to now."""
        sums: Records = self._snapshots.sums[self._at]
        return sums

    def locked(self) -> Flags:
        """(N, priced tiers): whether the policy has locked itself out of the tier's best caption."""
        recorded = self._observe[self._at] & LOCK_OUT
        locked: Flags = self._snapshots.locked[self._at] if recorded else self._record(LOCK_OUT).locked[0]
        return locked

    def tally(self) -> Tally:
        """Where the messages since the last tally went."""
        snapshots, at = self._snapshots, self._at
        if not self._observe[at] & TALLY:
            snapshots, at = self._record(TALLY), 0
        return Tally(snapshots.by_bin[at], *snapshots.tally[at].tolist())

    def _simulate(self, times: Sequence[int], observe: Counts) -> None:
        """Simulate through `times`, and make the first of them the present."""
        self._snapshots = self._run(times, observe)
        self._times, self._observe, self._at = list(times), observe, 0

    def _record(self, what: int) -> Snapshots:
        """Record the present, unless the rows are beyond it."""
        if self._at + 1 < len(self._times):
            raise ValueError(f"second {self._times[self._at]} was not to be observed")
        return self._run([self._times[self._at]], np.array([what]))

    def _run(self, times: Sequence[int], observe: Counts) -> Snapshots:
        snapshots, stops = self._no_snapshots(len(times)), np.array(times, np.int64)
        rows = len(self._block.pages)
        pages = rows // len(self._block.tables.season)
        step = max(1, AT_ONCE // pages) * pages if self._together else AT_ONCE
        for first in range(0, rows, step):
            try:
                self._run_rows(range(first, min(first + step, rows)), stops, observe, snapshots)
            except ValueError as error:
                raise InputError(f"policy {self._policy}: {error}", "a rule must score at least one arm") from error
        return snapshots

    def _run_rows(self, rows: range, stops: Counts, observe: Counts, snapshots: Snapshots) -> None:
        if not self._together:
            self._play_rows(rows, stops, observe, snapshots)
            return
        present = self._times[-1]
        for i, stop in enumerate(stops):
            for day in range(-(-present // DAY_S), -(-int(stop) // DAY_S)):
                for what in (0, SHARE):  # nobody shares before all have come to the day
                    self._play_rows(rows, np.array([day * DAY_S]), np.array([what]), self._no_snapshots(1))
            now = slice(i, i + 1)
            self._play_rows(rows, stops[now], observe[now], _at(snapshots, now))
            present = int(stop)

    def _play_rows(self, rows: range, stops: Counts, observe: Counts, snapshots: Snapshots) -> None:
        if self._weights is None:
            self._play(rows.start, rows.stop, stops, observe, self._block, snapshots)
            return
        for row in rows:
            alone = snapshots._replace(sums=np.zeros(snapshots.sums.shape, RESULT))
            self._play(row, row + 1, stops, observe, self._block, alone)
            replication = self._block.pages["replication"][row]
            add_weighted(snapshots.sums[:, replication], alone.sums[:, replication], self._weights[row])

    def _no_snapshots(self, times: int) -> Snapshots:
        return Snapshots(
            np.zeros((times, len(self._block.tables.season)), RESULT if self._weights is None else WEIGHTED_RESULT),
            np.zeros((times, len(self._block.pages), BUMP), np.bool_),
            np.zeros((times, len(RANK_BINS) + 1), np.int64),
            np.zeros((times, 6), np.int64),
        )


def _at(snapshots: Snapshots, times: slice) -> Snapshots:
    """Views of what is recorded at some of the times."""
    return Snapshots(snapshots.sums[times], snapshots.locked[times], snapshots.by_bin[times], snapshots.tally[times])


def add_weighted(total: Records, own: Records, weight: float) -> None:
    """Add the sums of one row to those of its replication, (P,); `WEIGHED` ones times the row's weight."""
    for name in RESULT.names or ():
        total[name] += own[name] * weight if name in WEIGHED else own[name]
