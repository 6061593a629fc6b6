"""Where the messages of a block of the traffic world went, by the true rank of the caption."""

from functools import cache
from typing import Any

import numpy as np

from sim.kernels import specialise
from sim.worlds.ledger import GONE, UNRANKED, Bins, Ledger, Tally, bin_of
from sim.worlds.traffic_crowd import rank_above
from sim.worlds.traffic_state import BUMP, RETIRED, Block


class Sends:
    """The messages of a block's captions, tallied page by page."""

    def __init__(self, rows: int, captions: int) -> None:
        self._ledger = Ledger(rows, np.array([0, captions]))

    def tally(self, b: Block) -> Tally:
        """The messages since the last tally; a caption's rank is by its fresh rate among those of its tier in the bank.

        Captions that left the bank since are `GONE`; unpriced ones, which sell nothing, are `UNRANKED`.
        """
        alive = b.pages["alive"][:, None].copy()
        return self._ledger.tally(b.uses, self._bins(b), alive)

    def _bins(self, b: Block) -> Bins:
        bins = np.empty(b.uses.shape, np.int8)
        _ranking()(b.pages, b.bank, b.captions, b.uses, self._ledger.noted, bins)
        return bins


@cache
def _ranking() -> Any:
    return specialise(rank_sent, "traffic", allocates=False)


def rank_sent(pages: Any, bank: Any, captions: Any, uses: Any, noted: Any, bins: Any) -> None:
    """Set `bins` (N, W) of the captions whose `uses` (N, W) are more than `noted` (N, W)."""
    for i in range(bins.shape[0]):
        for tier in range(BUMP + 1):
            start = pages[i].warm_start[tier]
            for w in range(start, start + pages[i].warm[tier]):
                if uses[i, w] > noted[i, w]:
                    bins[i, w] = UNRANKED if tier == BUMP else bin_sent(captions[i, w], tier, pages[i], bank[i])


def bin_sent(caption: Any, tier: int, page: Any, bank: Any) -> int:
    """The bin of a warm caption."""
    if caption.last_used == RETIRED:
        return GONE
    if caption.rate < page.crowd[tier]:
        return GONE - 1
    log_rate, start = bank[caption.place].log_rate, page.tier_start[tier]
    arrived = bank[start : start + page.arrived[tier]]
    return bin_of(1 + rank_above(log_rate, caption.place - start, page.week, arrived))
