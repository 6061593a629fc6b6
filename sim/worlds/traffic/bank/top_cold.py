"""The best of a tier's cold captions, which the clairvoyant needs: by purchases and by dollars a view.

There may be thousands of cold captions, and only a few are looked at: the lists are made once a week, when rates
change, lose the captions that become warm, and are made again should they run out.
Plain functions of the traffic kernel.
"""

import math
from typing import Any

from sim.worlds.traffic.records import RATE, USD, Row


def lead(tier: int, row: Row) -> None:
    """Make both lists of a priced tier."""
    row.led[tier, RATE] = row.led[tier, USD] = 0
    least_rate = least_usd = -math.inf  # below it no caption enters
    start = row.page.tier_start[tier]
    for i in range(start, start + row.page.listed[tier]):
        c = row.cold[i]
        rate = row.bank[c].log_rate
        usd = rate + row.log_price[row.bank[c].price]
        if (rate > least_rate or usd > least_usd) and row.bank[c].retires > row.page.week:
            if rate > least_rate:
                least_rate = enlist(row.leaders[tier, RATE], row.led[tier], RATE, rate, c)
            if usd > least_usd:
                least_usd = enlist(row.leaders[tier, USD], row.led[tier], USD, usd, c)


def enlist(leaders: Any, led: Any, by: int, worth: float, place: int) -> float:
    """Put a caption into the descending list, whose last falls out of a full one; returns what the next must exceed."""
    size = leaders.shape[0]
    i = min(led[by], size - 1)
    led[by] = i + 1
    while i > 0 and leaders[i - 1].log_worth < worth:
        leaders[i].log_worth, leaders[i].place = leaders[i - 1].log_worth, leaders[i - 1].place
        i -= 1
    leaders[i].log_worth, leaders[i].place = worth, place
    return leaders[size - 1].log_worth if led[by] == size else -math.inf


def strike(leaders: Any, led: Any, by: int, place: int) -> None:
    """Take a caption off a list, where it stands on it."""
    i = 0
    while i < led[by] and leaders[i].place != place:
        i += 1
    if i < led[by]:
        led[by] -= 1
        for j in range(i, led[by]):
            leaders[j].log_worth, leaders[j].place = leaders[j + 1].log_worth, leaders[j + 1].place


def ensure(tier: int, wanted: int, row: Row) -> None:
    """See to it that the lists of a tier hold its best `wanted` cold captions, or all that there are."""
    needed = min(wanted, row.page.cold[tier], row.leaders.shape[2])
    if min(row.led[tier, RATE], row.led[tier, USD]) < needed:
        lead(tier, row)
