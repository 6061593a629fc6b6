"""All captions of a page cost another price, while an incident changes prices.

Plain functions of the traffic kernel.
"""

import math

from sim.kernels import unbound
from sim.worlds.traffic.bank.rank_cutoff import set_cutoff_rate
from sim.worlds.traffic.bank.top_cold import rebuild
from sim.worlds.traffic.bank.top_tried import list_tried
from sim.worlds.traffic.records import BUMP, RETIRED
from sim.worlds.traffic.rows import Row

POOLED: bool = unbound("POOLED")


def reprice(factor: float, row: Row) -> None:
    """Charge `factor` times the prices at start; purchases per view follow the price at the same quality."""
    entries, demand = row.bank.entries, row.tables.log_demand
    for place in range(row.bank.base_price.shape[0]):
        base, old = row.bank.base_price[place], entries[place].price
        if base > 0:
            new = max(1, int(base * factor + 0.5))
            entries[place].log_rate += demand[new] - demand[old]
            entries[place].price = new
    for tier in range(BUMP):
        start = row.page.tried_start[tier]
        for c in range(start, start + row.page.tried[tier]):
            caption = row.tried.captions[c]
            caption.price = entries[caption.place].price
            if caption.last_used != RETIRED:
                caption.rate = math.exp(entries[caption.place].log_rate)
        set_cutoff_rate(tier, row)
        if POOLED:
            rebuild(tier, row)
        else:
            list_tried(tier, row)
    row.page.price_factor = factor
