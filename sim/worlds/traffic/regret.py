"""What a clairvoyant would have chosen: the truly best captions among those eligible, and what a choice missed.

Plain functions of the traffic kernel.
"""

import math
from typing import Any

from sim.worlds.traffic.bank.top_cold import ensure
from sim.worlds.traffic.records import RATE, USD, Row


def expect(tier: int, day: int, eligible: int, found: int, row: Row) -> None:
    """Put the `found` largest purchases and dollars a view of the eligible and the cold captions into `row.best`."""
    row.best[:, :found] = 0.0
    if found == 0:
        return
    ensure(tier, found, row)
    for by in (RATE, USD):
        for i in range(min(found, row.led[tier, by])):
            entry = row.bank[row.leaders[tier, by, i].place]
            row.best[by, i] = worth(math.exp(entry.log_rate), by, entry.price)
    best, best_usd = row.best[RATE], row.best[USD]
    for i in range(eligible):
        caption = row.captions[row.eligible[i]]
        # A fresh caption is worth more than a worn one: most need no closer look.
        if caption.rate > best[found - 1] or caption.rate * caption.price > best_usd[found - 1]:
            rate = rate_on(day, row.eligible[i], row)
            if rate > best[found - 1]:
                sink(best, found, rate)
            if rate * caption.price > best_usd[found - 1]:
                sink(best_usd, found, rate * caption.price)


def worth(rate: float, by: int, price: int) -> float:
    """Purchases, or dollars, a view."""
    return rate * price if by == USD else rate


def rate_on(day: int, c: int, row: Row) -> float:
    """Purchases a view of a warm caption on `day`, at neutral factors."""
    return row.captions[c].rate * (1.0 - wear_on(day, c, row))  # type: ignore[no-any-return]


def wear_on(day: int, c: int, row: Row) -> float:
    """Share of its rate that a warm caption lacks on `day` because it was repeated."""
    history = row.history[c]
    if history.wear == 0.0:
        return 0.0
    return history.wear * row.recovery[day - history.worn_on]  # type: ignore[no-any-return]


def missed(by: int, day: int, found: int, row: Row) -> float:
    """Mean difference a slot between the largest values, in `row.best`, and those of the chosen captions; >= 0."""
    row.own[:found] = 0.0
    for i in range(found):
        c = row.chosen[i]
        sink(row.own, found, worth(rate_on(day, c, row), by, row.captions[c].price))
    total = 0.0
    for i in range(found):
        total += row.best[by, i] - row.own[i]
    return max(0.0, total) / found  # the lists are in order of logarithms, which rounding may tie


def sink(falling: Any, size: int, value: float) -> None:
    """Put `value` into the descending `falling[:size]`, whose last falls out."""
    place = size - 1
    while place > 0 and falling[place - 1] < value:
        falling[place] = falling[place - 1]
        place -= 1
    falling[place] = value
