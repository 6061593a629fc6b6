"""What a clairvoyant would have chosen: the truly best captions among those eligible, and what a choice missed.

Plain functions of the traffic kernel.
"""

import math

from sim.kernels import unbound
from sim.units import DAY_S
from sim.worlds.sorted_arrays import push_top_k
from sim.worlds.traffic.bank.top_cold import ensure_size
from sim.worlds.traffic.records import RATE, USD
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.agency_lock import is_locked

ABORTS: bool = unbound("ABORTS")
CONSTRAINED: bool = unbound("CONSTRAINED")


def expect(tier: int, day: int, eligible: int, found: int, row: Row) -> None:
    """Write the `found` largest purchases and dollars per view, of eligible and cold captions, into `row.work.best`."""
    row.work.best[:, :found] = 0.0
    if found == 0:
        return
    ensure_size(tier, found, row)
    for by in (RATE, USD):
        for i in range(min(found, row.bank.top_sizes[tier, by])):
            entry = row.bank.entries[row.bank.top_place[tier, by, i]]
            row.work.best[by, i] = worth(math.exp(entry.log_rate), by, entry.price)
    best, best_usd = row.work.best[RATE], row.work.best[USD]
    latest = day * DAY_S - row.rules.cool_down_s
    for i in range(eligible):
        caption = row.tried.captions[row.work.eligible[i]]
        # A fresh caption is worth more than a worn one: most need no closer look.
        if caption.rate > best[found - 1] or caption.rate * caption.price > best_usd[found - 1]:
            if CONSTRAINED and row.work.barred[i] > 0:
                continue
            if ABORTS and is_locked(row.work.eligible[i], latest, row):
                continue
            rate = rate_on(day, row.work.eligible[i], row)
            if rate > best[found - 1]:
                push_top_k(best, found, rate)
            if rate * caption.price > best_usd[found - 1]:
                push_top_k(best_usd, found, rate * caption.price)


def worth(rate: float, by: int, price: int) -> float:
    """Purchases, or dollars, a view."""
    return rate * price if by == USD else rate


def rate_on(day: int, c: int, row: Row) -> float:
    """Purchases per view of a tried caption on `day`, at neutral factors."""
    return row.tried.captions[c].rate * (1.0 - wear_on(day, c, row))  # type: ignore[no-any-return]


def wear_on(day: int, c: int, row: Row) -> float:
    """Share of its rate that a tried caption lacks on `day` because it was repeated."""
    history = row.tried.history[c]
    if history.wear == 0.0:
        return 0.0
    return history.wear * row.tables.recovery[day - history.worn_on]  # type: ignore[no-any-return]


def assumed_wear(day: int, c: int, row: Row) -> float:
    """The same by what the policy believes about fatigue."""
    history = row.tried.history[c]
    if history.assumed_wear == 0.0:
        return 0.0
    return history.assumed_wear * 2.0 ** (-float(day - history.worn_on) / row.rules.assumed_half_life)  # type: ignore[no-any-return]


def missed(by: int, day: int, found: int, row: Row) -> float:
    """Mean difference per slot, >= 0, between the largest values, in `row.work.best`, and those of the chosen."""
    row.work.own[:found] = 0.0
    for i in range(found):
        c = row.work.chosen[i]
        push_top_k(row.work.own, found, worth(rate_on(day, c, row), by, row.tried.captions[c].price))
    total = 0.0
    for i in range(found):
        total += row.work.best[by, i] - row.work.own[i]
    return max(0.0, total) / found  # the lists are in order of logarithms, which rounding may tie
