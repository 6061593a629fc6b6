"""The rank of a caption by its true rate in its tier, up to `RANK_CUTOFF`.

Reports do not distinguish ranks beyond `RANK_CUTOFF`. Most captions of a large bank have such a rank. A rate that more
than `RANK_CUTOFF` captions exceed is found once a week; a caption below it needs no search of the bank when it is sent.
Plain functions of kernels.
"""

import math

from sim.worlds.metrics.allocation import RANK_BINS
from sim.worlds.traffic.records import Records
from sim.worlds.traffic.rows import Row

RANK_CUTOFF = RANK_BINS[-1][0] - 1
SAMPLE, SAMPLE_RANK = 32, 4  # the rate is that of rank 4 among the first captions; about an eighth of all exceed it
STRIDE = 256  # captions that are compared at once


def set_cutoff_rate(tier: int, row: Row) -> None:
    """Find the week's `cutoff_rate` of a tier."""
    start = row.page.tier_start[tier]
    bank = row.bank.entries[start : start + row.page.arrived[tier]]
    row.page.cutoff_rate[tier] = 0.0
    if bank.shape[0] > SAMPLE:
        rate = rate_at_rank(SAMPLE_RANK, bank[:SAMPLE])
        if rank_above(rate, bank.shape[0], row.page.week, bank) > RANK_CUTOFF:
            row.page.cutoff_rate[tier] = math.exp(rate)


def rate_at_rank(rank: int, bank: Records) -> float:
    """The logarithm of the rate of `rank`, from 1; equal rates share one rank."""
    bound = math.inf
    for _ in range(rank):
        best = -math.inf
        for c in range(bank.shape[0]):
            if best < bank[c].log_rate < bound:
                best = bank[c].log_rate
        bound = best
    return bound


def rank_above(log_rate: float, place: int, week: int, bank: Records) -> int:
    """How many captions of a tier are better than one at `place` in it, or, beyond `RANK_CUTOFF`, at least how many."""
    rank = 0
    for low in range(0, bank.shape[0], STRIDE):
        if rank <= RANK_CUTOFF:
            rank += count_ahead(log_rate, place - low, week, bank[low : low + STRIDE])
    return rank


def count_ahead(own: float, place: int, week: int, bank: Records) -> int:
    """How many of some captions are in the bank and better, or as good and earlier; without branches, hence fast."""
    count = 0
    for other in range(bank.shape[0]):
        rate = bank[other].log_rate
        better = (rate > own) | ((rate == own) & (other < place))
        count += better & (bank[other].retires > week)
    return count
