"""Where the pulls of a Bernoulli world went, by the true rank of the arm, also where arms change or are replaced."""

import numpy as np

from sim.worlds.base import Counts, Tally
from sim.worlds.bernoulli.rows import Rows
from sim.worlds.metrics.allocation import GONE, AllocationCounter, Bins, rank_bins


class Sends:
    """Which arms the pulls of a block's rows went to."""

    def __init__(self, rows: Rows) -> None:
        replications, arms = rows.means.shape
        self._rows = rows
        self._counter = AllocationCounter(replications, np.array([0, arms]))
        self._generation, self._ranked = rows.generation.copy(), rows.means.copy()
        self._bins = rank_bins(rows.means, np.array([0, arms]))
        self._tallied = 0

    def bins(self) -> Bins:
        """The bin of each arm by its present mean."""
        changed = (self._ranked != self._rows.means).any(axis=1)
        if changed.any():
            self._ranked[changed] = self._rows.means[changed]
            self._bins[changed] = rank_bins(self._ranked[changed], np.array([0, self._ranked.shape[1]]))
        return self._bins

    def record(self) -> None:
        """Rank the pulls up to now, before means change."""
        self._counter.record(self._pulled(), self.bins())

    def tally(self, time: int) -> Tally:
        """The pulls since the last tally, `time` being now."""
        rows = len(self._ranked)
        captions = np.full((rows, 1), self._ranked.shape[1])
        tally = self._counter.tally(self._pulled(), self.bins(), captions)
        tally.by_bin[GONE] += rows * (time - self._tallied) - tally.by_bin.sum()
        self._tallied = time
        return tally

    def _pulled(self) -> Counts:
        replaced = self._generation != self._rows.generation
        if replaced.any():
            self._counter.replace(replaced)
            self._generation = self._rows.generation.copy()
        pulled: Counts = self._rows.pulled
        return pulled
