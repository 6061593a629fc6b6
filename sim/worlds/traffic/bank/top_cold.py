"""The best cold captions of a tier, which the clairvoyant needs: by purchases and by dollars per view.

There may be thousands of cold captions, and only a few are looked at. The lists are built once a week, when rates
change; they lose the captions that are tried, and are built again when they run out.
Plain functions of the traffic kernel.
"""

import math

from sim.worlds.base import Counts, Floats
from sim.worlds.sorted_arrays import delete_at, insert_at
from sim.worlds.traffic.records import RATE, USD
from sim.worlds.traffic.rows import Row


def rebuild(tier: int, row: Row) -> None:
    """Build both lists of a priced tier."""
    worth, place, sizes = row.bank.top_worth[tier], row.bank.top_place[tier], row.bank.top_sizes[tier]
    sizes[RATE] = sizes[USD] = 0
    least_rate = least_usd = -math.inf  # below it no caption enters
    start = row.page.tier_start[tier]
    for i in range(start, start + row.page.listed[tier]):
        c = row.bank.cold[i]
        rate = row.bank.entries[c].log_rate
        usd = rate + row.tables.log_price[row.bank.entries[c].price]
        if (rate > least_rate or usd > least_usd) and row.bank.entries[c].retires > row.page.week:
            if rate > least_rate:
                least_rate = insert(worth[RATE], place[RATE], sizes, RATE, rate, c)
            if usd > least_usd:
                least_usd = insert(worth[USD], place[USD], sizes, USD, usd, c)


def insert(worth: Floats, place: Counts, sizes: Counts, by: int, value: float, caption: int) -> float:
    """Insert a caption into the descending list; a full one drops its last. Returns what the next must exceed."""
    most = worth.shape[0]
    i = last = min(sizes[by], most - 1)
    while i > 0 and worth[i - 1] < value:
        i -= 1
    insert_at(worth, last, i, value)
    insert_at(place, last, i, caption)
    sizes[by] = last + 1
    return worth[most - 1] if last + 1 == most else -math.inf


def remove(worth: Floats, place: Counts, sizes: Counts, by: int, caption: int) -> None:
    """Remove a caption from the list, where it is on it."""
    i = 0
    while i < sizes[by] and place[i] != caption:
        i += 1
    if i < sizes[by]:
        delete_at(worth, sizes[by], i)
        sizes[by] = delete_at(place, sizes[by], i)


def ensure_size(tier: int, wanted: int, row: Row) -> None:
    """Make the lists of a tier hold its best `wanted` cold captions, or all that there are."""
    needed = min(wanted, row.page.cold[tier], row.bank.top_worth.shape[2])
    if min(row.bank.top_sizes[tier, RATE], row.bank.top_sizes[tier, USD]) < needed:
        rebuild(tier, row)
