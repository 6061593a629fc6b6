"""The best captions of a tier where all captions have records of their own: by purchases and by dollars per view.

The lists are made once a week, when rates change, in order of the values of fresh captions. Repetition only lowers
these, so that a search (`regret.push_best`) can end at the first caption that would not be among the best even fresh.
Plain functions of the traffic kernel.
"""

import math

from sim.worlds.base import Counts
from sim.worlds.traffic.bank.top_cold import insert
from sim.worlds.traffic.records import RATE, RETIRED, USD
from sim.worlds.traffic.rows import Row


def list_tried(tier: int, row: Row) -> None:
    """Bring both lists of a priced tier up to the captions' present values, those of last week first.

    These are nearly all of them, so that few others get past the last place of the list.
    """
    place, sizes = row.bank.top_place[tier], row.bank.top_sizes[tier]
    least_rate, least_usd = renew(RATE, tier, row), renew(USD, tier, row)  # below it no caption enters
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        caption = row.tried.captions[c]
        if caption.last_used != RETIRED:
            if caption.rate > least_rate and not is_listed(c, place[RATE], sizes[RATE]):
                least_rate = enter(c, RATE, tier, row)
            if caption.rate * caption.price > least_usd and not is_listed(c, place[USD], sizes[USD]):
                least_usd = enter(c, USD, tier, row)


def renew(by: int, tier: int, row: Row) -> float:
    """List those that are listed again, by present value and without those that retired; see `insert`."""
    size, least = row.bank.top_sizes[tier, by], -math.inf
    row.bank.top_sizes[tier, by] = 0
    for i in range(size):  # what has been listed again takes places up to this one
        c = row.bank.top_place[tier, by, i]
        if row.tried.captions[c].last_used != RETIRED:
            least = enter(c, by, tier, row)
    return least


def enter(c: int, by: int, tier: int, row: Row) -> float:
    """Insert a caption into a list; returns what the next must exceed."""
    worth, place, sizes = row.bank.top_worth[tier, by], row.bank.top_place[tier, by], row.bank.top_sizes[tier]
    caption = row.tried.captions[c]
    return insert(worth, place, sizes, by, caption.rate * (float(caption.price) if by == USD else 1.0), c)


def is_listed(c: int, place: Counts, size: int) -> bool:
    """Whether a caption is among the first `size` of a list."""
    i = 0
    while i < size and place[i] != c:
        i += 1
    return i < size
