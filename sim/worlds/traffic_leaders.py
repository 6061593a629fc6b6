"""The best of a tier's cold captions, which the clairvoyant needs: by purchases and by dollars a view.

There may be thousands of cold captions, and only a few are looked at: the lists are made once a week, when rates
change, lose the captions that become warm, and are made again should they run out.
Plain functions of the traffic kernel.
"""

import math
from typing import Any

from sim.worlds.traffic_state import RATE, USD, Row

LOG_ERROR = 1e-9  # within which logarithms of rates and dollars do not decide who is better


def lead(tier: int, row: Row) -> None:
    """Make both lists of a priced tier."""
    row.led[tier, RATE] = row.led[tier, USD] = 0
    least_rate = least_usd = -math.inf
    start = row.page.tier_start[tier]
    for i in range(start, start + row.page.listed[tier]):
        c = row.cold[i]
        log_rate, price = row.bank[c].log_rate, row.bank[c].price
        if row.bank[c].retires <= row.page.week:
            continue
        if log_rate > least_rate:
            least_rate = consider(row.leaders[tier, RATE], row.led[tier], RATE, log_rate, price, c)
        if log_rate + row.log_price[price] > least_usd:
            least_usd = consider(row.leaders[tier, USD], row.led[tier], USD, log_rate, price, c)


def consider(leaders: Any, led: Any, by: int, log_rate: float, price: int, place: int) -> float:
    """Put a caption into a list where it belongs there; returns what the next must exceed, as a logarithm."""
    value = math.exp(log_rate) * (price if by == USD else 1)
    led[by] = enlist(leaders, led[by], value, place)
    return math.log(leaders[led[by] - 1].value) - LOG_ERROR if led[by] == leaders.shape[0] else -math.inf


def enlist(leaders: Any, size: int, value: float, place: int) -> int:
    """Put a caption into the descending list, whose last falls out of a full one; returns the new size."""
    if size == leaders.shape[0]:
        if value <= leaders[size - 1].value:
            return size
        size -= 1
    i = size
    while i > 0 and leaders[i - 1].value < value:
        leaders[i].value, leaders[i].place = leaders[i - 1].value, leaders[i - 1].place
        i -= 1
    leaders[i].value, leaders[i].place = value, place
    return size + 1


def strike(leaders: Any, led: Any, by: int, place: int) -> None:
    """Take a caption off a list, where it stands on it."""
    i = 0
    while i < led[by] and leaders[i].place != place:
        i += 1
    if i < led[by]:
        led[by] -= 1
        for j in range(i, led[by]):
            leaders[j].value, leaders[j].place = leaders[j + 1].value, leaders[j + 1].place


def ensure(tier: int, wanted: int, row: Row) -> None:
    """See to it that the lists of a tier hold its best `wanted` cold captions, or all that there are."""
    needed = min(wanted, row.page.cold[tier], row.leaders.shape[2])
    if min(row.led[tier, RATE], row.led[tier, USD]) < needed:
        lead(tier, row)
