"""Where sends went between two points in time, in sums of whole numbers over the pages of a block.

Integers, fractions in units of 2**-32, add up to the same bits however replications are split into blocks.
"""

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import specialise
from sim.worlds.base import Counts, Flags, Floats, Tally

RANK_BINS: tuple[tuple[int, int | None], ...] = (
    *((rank, rank) for rank in range(1, 11)),
    (11, 30),
    (31, 100),
    (101, None),
)
"""First and last rank of each bin; rank 1 is the best true mean."""
GONE = len(RANK_BINS)
"""The bin of captions that were replaced, or retired, since they were sent."""
UNRANKED = -1
"""No bin: captions that are left out of the count."""
COLD_SENDS = 10
"""A caption is cold in its first so many sends."""
UNIT = 2**32

Bins = NDArray[np.int8]
_LOWEST = np.array([low for low, _ in RANK_BINS])
_COLD, _KNOWN, _ENTROPY, _ACTIVE, _EVENNESS, _SPREAD = range(6)


class AllocationCounter:
    """The sends of every arm at the last tally, (replications, arms); page p owns `offsets[p]` to `offsets[p + 1]`."""

    def __init__(self, replications: int, offsets: Counts) -> None:
        self._offsets = offsets
        self._before = np.zeros((replications, int(offsets[-1])), np.int64)
        self._counted = self._before.copy()
        self._by_bin = np.zeros(len(RANK_BINS) + 1, np.int64)

    @property
    def counted(self) -> Counts:
        """Sends that are counted in bins already."""
        return self._counted

    def replace(self, arms: Flags) -> None:
        """Start the arms of this mask from zero: they hold new captions."""
        self._before[arms] = 0
        self._counted[arms] = 0

    def record(self, sent: Counts, bins: Bins) -> None:
        """Count the sends since the last call in their bins, before ranks change."""
        _compiled(bin_counts)(self._counted, sent, bins, self._by_bin)
        self._counted = sent.copy()

    def tally(self, sent: Counts, bins: Bins, captions: Counts) -> Tally:
        """Everything since the last tally; `captions` (replications, pages) is how many there are to choose from."""
        self.record(sent, bins)
        sums = np.zeros(6, np.int64)
        _compiled(entropy_sums)(self._before, sent, self._offsets, captions, sums)
        done = Tally(self._by_bin, *(int(total) for total in sums))
        self._before, self._by_bin = self._counted.copy(), np.zeros_like(self._by_bin)
        return done


def rank_bins(rates: Floats, offsets: Counts) -> Bins:
    """The bin of every arm by its rank on its page, (replications, arms); equal rates are ranked by position."""
    bins = np.empty(rates.shape, np.int8)
    for low, high in pairwise(offsets):
        order = np.argsort(-rates[:, low:high], axis=1, kind="stable")
        of_rank = np.searchsorted(_LOWEST, np.arange(1, high - low + 1), side="right") - 1
        np.put_along_axis(bins[:, low:high], order, of_rank[None, :].astype(np.int8), axis=1)
    return bins


def bin_of(rank: int) -> int:
    """The bin of a rank, in compiled code."""
    if rank <= 10:
        return rank - 1
    return 10 + (rank > 30) + (rank > 100)


@cache
def _compiled(function: Callable[..., None]) -> Any:
    return specialise(function, "allocation", refcount=False)


def bin_counts(before: Counts, now: Counts, bins: Bins, by_bin: Counts) -> None:
    """Add the sends between two counts (R, A) to `by_bin`."""
    for r in range(now.shape[0]):
        for a in range(now.shape[1]):
            if now[r, a] > before[r, a] and bins[r, a] >= 0:
                by_bin[bins[r, a]] += now[r, a] - before[r, a]


def entropy_sums(before: Counts, now: Counts, offsets: Counts, captions: Counts, sums: Counts) -> None:
    """Add up, into `sums`, cold sends and the entropies of all pages."""
    for r in range(now.shape[0]):
        for p in range(offsets.shape[0] - 1):
            total, logs = 0, 0.0
            for a in range(offsets[p], offsets[p + 1]):
                count = now[r, a] - before[r, a]
                if count > 0:
                    total += count
                    logs += count * math.log(count)
                    count_cold(before[r, a], now[r, a], sums)
            add_page(total, logs, captions[r, p], sums)


def count_cold(before: int, now: int, sums: Counts) -> None:
    """Add the cold ones among the sends of a caption that had `before` and has `now`."""
    sums[_COLD] += min(now, COLD_SENDS) - min(before, COLD_SENDS)


def add_page(total: int, logs: float, captions: int, sums: Counts) -> None:
    """Add one page of `total` sends, Σ count · ln count being `logs`: its entropy is ln total − logs / total."""
    if total > 0:
        entropy = max(0.0, math.log(total) - logs / total)
        sums[_KNOWN] += total
        sums[_ENTROPY] += int(entropy * UNIT + 0.5)
        sums[_ACTIVE] += 1
        if min(total, captions) > 1:
            sums[_EVENNESS] += int(min(1.0, entropy / math.log(min(total, captions))) * UNIT + 0.5)
            sums[_SPREAD] += 1
