"""Where the messages of a block of the traffic world went, by the true rank of the caption."""

from functools import cache
from typing import Any

import numpy as np

from sim.kernels import specialise
from sim.worlds.ledger import GONE, UNRANKED, Bins, Ledger, Tally, bin_of
from sim.worlds.traffic_state import BUMP, Block


class Sends:
    """The messages of a block's captions, tallied page by page."""

    def __init__(self, rows: int, captions: int) -> None:
        self._ledger = Ledger(rows, np.array([0, captions]))

    def tally(self, b: Block) -> Tally:
        """The messages since the last tally; a caption's rank is by its fresh rate among those of its tier in the bank.

        Captions that left the bank since are `GONE`; unpriced ones, which sell nothing, are `UNRANKED`.
        """
        uses = b.captions["uses"].astype(np.int64)
        alive = b.pages["alive_start"][:, -1:].copy()
        return self._ledger.tally(uses, self._bins(b, uses), alive)

    def _bins(self, b: Block, uses: Any) -> Bins:
        bins = np.empty(uses.shape, np.int8)
        edges, alive_edges = b.pages["tier_start"].copy(), b.pages["alive_start"].copy()
        rates = b.captions["rate"].copy()
        _ranking()(edges, alive_edges, b.alive, rates, uses > self._ledger.noted, bins)
        return bins


@cache
def _ranking() -> Any:
    return specialise(rank_sent, "traffic", allocates=False)


def rank_sent(tier_start: Any, alive_start: Any, alive: Any, rates: Any, sent: Any, bins: Any) -> None:
    """Set `bins` (N, C) of the captions that were sent; `rates` and `sent` (N, C), `alive` as in `Block`."""
    for i in range(bins.shape[0]):
        for c in range(bins.shape[1]):
            bins[i, c] = GONE if c < tier_start[i, BUMP] else UNRANKED
        for tier in range(BUMP):
            low, high = alive_start[i, tier], alive_start[i, tier + 1]
            for place in range(low, high):
                if sent[i, alive[i, place]]:
                    bins[i, alive[i, place]] = bin_of(rank_of(place, alive[i, low:high], rates[i], low))


def rank_of(place: int, alive: Any, rates: Any, low: int) -> int:
    """1 + how many captions of the tier have a larger rate, or an equal one and an earlier place."""
    rank, own = 1, rates[alive[place - low]]
    for other in range(alive.shape[0]):
        rate = rates[alive[other]]
        rank += rate > own or (rate == own and other < place - low)
    return rank
