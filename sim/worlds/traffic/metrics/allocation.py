"""Where the messages of a page went, by the true rank of the caption.

Plain functions of the traffic kernel.
"""

import math

from sim.worlds.base import Counts
from sim.worlds.metrics.allocation import GONE, add_page, bin_of, count_cold
from sim.worlds.traffic.bank.rank_cutoff import rank_above
from sim.worlds.traffic.records import BUMP, RETIRED, Record, Records
from sim.worlds.traffic.rows import Row


def tally(row: Row, by_bin: Counts, sums: Counts) -> None:
    """Add the messages since the last tally to `by_bin` and `sums`, which are those of `metrics.allocation.Tally`.

    A caption's rank is by its fresh rate among those of its tier in the bank. Captions that left the bank since are
    `GONE`; unpriced ones, which sell nothing, have no bin.
    """
    total, logs = 0, 0.0
    for tier in range(BUMP + 1):
        start = row.page.tried_start[tier]
        for w in range(start, start + row.page.tried[tier]):
            count = row.tried.uses[w] - row.tried.tallied[w]
            if count > 0:
                total += count
                if count > 1:  # most are sent once, and the logarithm of 1 is 0
                    logs += count * math.log(count)
                count_cold(row.tried.tallied[w], row.tried.uses[w], sums)
                if tier != BUMP:
                    by_bin[bin_sent(row.tried.captions[w], tier, row.page, row.bank.entries)] += count
                row.tried.tallied[w] = row.tried.uses[w]
    add_page(total, logs, row.page.alive, sums)


def bin_sent(caption: Record, tier: int, page: Record, bank: Records) -> int:
    """The bin of a priced tried caption."""
    if caption.last_used == RETIRED:
        return GONE
    if caption.rate < page.cutoff_rate[tier]:
        return GONE - 1
    log_rate, start = bank[caption.place].log_rate, page.tier_start[tier]
    arrived = bank[start : start + page.arrived[tier]]
    return bin_of(1 + rank_above(log_rate, caption.place - start, page.week, arrived))
