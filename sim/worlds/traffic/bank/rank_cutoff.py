"""How many captions of a tier are truly better than one: its rank, as far as anybody asks.

Reports tell ranks up to `CROWD` apart. Most captions of a large bank lie far behind: a rate that so many exceed, found
once a week while the bank is at hand, spares looking at the bank again whenever one of them was sent.
Plain functions of kernels.
"""

import math
from typing import Any

from sim.worlds.metrics.allocation import RANK_BINS
from sim.worlds.traffic.records import Row

CROWD = RANK_BINS[-1][0] - 1
SAMPLE, SAMPLE_RANK = 32, 4  # the rate is the fourth of the first captions, which about an eighth of all exceed
STRIDE = 256  # captions that are compared at once


def gauge(tier: int, row: Row) -> None:
    """Find the week's `crowd` of a tier."""
    start = row.page.tier_start[tier]
    bank = row.bank[start : start + row.page.arrived[tier]]
    row.page.crowd[tier] = 0.0
    if bank.shape[0] > SAMPLE:
        rate = fourth(bank[:SAMPLE])
        if rank_above(rate, bank.shape[0], row.page.week, bank) > CROWD:
            row.page.crowd[tier] = math.exp(rate)


def fourth(bank: Any) -> float:
    """The `SAMPLE_RANK`-th largest logarithm of a rate."""
    bound = math.inf
    for _ in range(SAMPLE_RANK):
        best = -math.inf
        for c in range(bank.shape[0]):
            if best < bank[c].log_rate < bound:
                best = bank[c].log_rate
        bound = best
    return bound


def rank_above(log_rate: float, place: int, week: int, bank: Any) -> int:
    """How many captions of a tier are better than one at `place` in it, or, beyond `CROWD`, at least how many."""
    rank = 0
    for low in range(0, bank.shape[0], STRIDE):
        if rank <= CROWD:
            rank += count_ahead(log_rate, place - low, week, bank[low : low + STRIDE])
    return rank


def count_ahead(own: float, place: int, week: int, bank: Any) -> int:
    """How many of some captions are in the bank and better, or as good and earlier; without branches, hence fast."""
    count = 0
    for other in range(bank.shape[0]):
        rate = bank[other].log_rate
        better = (rate > own) | ((rate == own) & (other < place))
        count += better & (bank[other].retires > week)
    return count
