"""Takes a block of the traffic world from moment to moment, and keeps what was seen at each.

Rows have nothing to do with one another, so whoever knows all moments beforehand can have each row go through all of
them at once: its state then stays in the processor's cache (a quarter of the time, with many captions more).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.worlds.base import Counts
from sim.worlds.metrics.allocation import RANK_BINS, Tally
from sim.worlds.traffic.kernel import JUDGE, TALLY
from sim.worlds.traffic.records import BUMP, RESULT, Block, Views

AT_ONCE = 256  # rows of a compiled call: nobody can interrupt one


class Stage:
    """The present moment of a block, in seconds."""

    def __init__(self, policy: str, play: Callable[..., None], block: Block) -> None:
        self._policy, self._play, self._block = policy, play, block
        self._moments = [0]
        self._looks: Counts = np.zeros(1, np.int64)
        self._views = self._no_views(1)
        self._at = 0  # index of the present among the moments

    def foresee(self, moments: Sequence[int], watched: Sequence[int]) -> None:
        """Go through all `moments`, rising; at those `watched` `locked` and `tally` will be asked for."""
        self._see(moments, np.where(np.isin(moments, watched), JUDGE | TALLY, 0))

    def advance(self, until: int) -> None:
        """Make `until` the present, which never goes back; raises ValueError for a moment between those foreseen."""
        if until > self._moments[-1]:
            self._see([until], np.zeros(1, np.int64))
        elif until in self._moments:
            self._at = max(self._at, self._moments.index(until))
        elif until > self._moments[self._at]:
            raise ValueError(f"second {until} was not foreseen")

    @property
    def sums(self) -> Any:
        """(R,) RESULT: of all pages of every replication, from time zero to now."""
        return self._views.sums[self._at]

    def locked(self) -> Any:
        """(N, priced tiers) bool: whether the policy has locked itself out of the tier's best caption."""
        if self._looks[self._at] & JUDGE:
            return self._views.locked[self._at]
        return self._look(JUDGE).locked[0]

    def tally(self) -> Tally:
        """Where the messages since the last tally went."""
        views, at = self._views, self._at
        if not self._looks[at] & TALLY:
            views, at = self._look(TALLY), 0
        return Tally(views.by_bin[at], *views.tally[at].tolist())

    def _see(self, moments: Sequence[int], looks: Counts) -> None:
        """Go through `moments`, of which the first is the present."""
        self._views = self._run(moments, looks)
        self._moments, self._looks, self._at = list(moments), looks, 0

    def _look(self, what: int) -> Views:
        """Look at the present, unless the rows have left it behind."""
        if self._at + 1 < len(self._moments):
            raise ValueError(f"second {self._moments[self._at]} was not to be watched")
        return self._run([self._moments[self._at]], np.array([what]))

    def _run(self, moments: Sequence[int], looks: Counts) -> Views:
        views, stops = self._no_views(len(moments)), np.array(moments, np.int64)
        rows = len(self._block.pages)
        for first in range(0, rows, AT_ONCE):
            try:
                self._play(first, min(first + AT_ONCE, rows), stops, looks, self._block, views)
            except ValueError as error:
                raise InputError(f"policy {self._policy}: {error}", "a rule must score at least one arm") from error
        return views

    def _no_views(self, moments: int) -> Views:
        return Views(
            np.zeros((moments, len(self._block.season)), RESULT),
            np.zeros((moments, len(self._block.pages), BUMP), np.bool_),
            np.zeros((moments, len(RANK_BINS) + 1), np.int64),
            np.zeros((moments, 6), np.int64),
        )
