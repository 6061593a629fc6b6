"""The best captions of a tier where all captions have records of their own: by purchases and by dollars per view.

The lists are built once a week, when rates change, in order of the values of fresh captions. Repetition only lowers
these, so that a search (`regret.push_best`) can end at the first caption that would not be among the best even fresh.
Plain functions of the traffic kernel.
"""

import math

from sim.worlds.traffic.bank.top_cold import insert
from sim.worlds.traffic.records import RATE, RETIRED, USD
from sim.worlds.traffic.rows import Row


def list_tried(tier: int, row: Row) -> None:
    """Build both lists of a priced tier."""
    worth, place, sizes = row.bank.top_worth[tier], row.bank.top_place[tier], row.bank.top_sizes[tier]
    sizes[RATE] = sizes[USD] = 0
    least_rate = least_usd = -math.inf  # below it no caption enters
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        caption = row.tried.captions[c]
        if caption.last_used != RETIRED:
            usd = caption.rate * caption.price
            if caption.rate > least_rate:
                least_rate = insert(worth[RATE], place[RATE], sizes, RATE, caption.rate, c)
            if usd > least_usd:
                least_usd = insert(worth[USD], place[USD], sizes, USD, usd, c)
