"""What a clairvoyant would have chosen: the truly best captions among those eligible, and what a choice missed.

Plain functions of the traffic kernel.
"""

import math

from sim.kernels import unbound
from sim.units import DAY_S
from sim.worlds.base import Floats
from sim.worlds.sorted_arrays import push_top_k
from sim.worlds.traffic.bank.top_cold import ensure_size
from sim.worlds.traffic.records import RATE, RETIRED, USD
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.agency_lock import is_locked

ABORTS: bool = unbound("ABORTS")
CONSTRAINED: bool = unbound("CONSTRAINED")
LOCKED: bool = unbound("LOCKED")
POOLED: bool = unbound("POOLED")


def expect(tier: int, day: int, eligible: int, found: int, row: Row) -> None:
    """Write the `found` largest purchases and dollars per view, of eligible and cold captions, into `row.work.best`."""
    if found == 0:
        return
    if POOLED:
        expect_pooled(tier, day, eligible, found, row)
    else:
        latest = day * DAY_S - row.rules.cool_down_s
        push_best(RATE, tier, day, latest, row.work.best[RATE, :found], row)
        push_best(USD, tier, day, latest, row.work.best[USD, :found], row)


def expect_pooled(tier: int, day: int, eligible: int, found: int, row: Row) -> None:
    """The same where most captions are cold, and no budgets apply."""
    row.work.best[:, :found] = 0.0
    ensure_size(tier, found, row)
    for by in (RATE, USD):
        for i in range(min(found, row.bank.top_sizes[tier, by])):
            entry = row.bank.entries[row.bank.top_place[tier, by, i]]
            row.work.best[by, i] = worth(math.exp(entry.log_rate), by, entry.price)
    best, best_usd = row.work.best[RATE], row.work.best[USD]
    for i in range(eligible):
        caption = row.tried.captions[row.work.eligible[i]]
        # A fresh caption is worth more than a worn one: most need no closer look.
        if caption.rate > best[found - 1] or caption.rate * caption.price > best_usd[found - 1]:
            rate = rate_on(day, row.work.eligible[i], row)
            if rate > best[found - 1]:
                push_top_k(best, found, rate)
            if rate * caption.price > best_usd[found - 1]:
                push_top_k(best_usd, found, rate * caption.price)


def push_best(by: int, tier: int, day: int, latest: int, best: Floats, row: Row) -> None:
    """Write the largest values of the tier's captions on `day` into `best`, descending; 0 where there are no more.

    `by` RATE or USD. Only captions that can be chosen if they were last used by second `latest`; all with `latest`
    = `RETIRED`.
    """
    worth, place = row.bank.top_worth[tier, by], row.bank.top_place[tier, by]
    size, last = row.bank.top_sizes[tier, by], best.shape[0] - 1
    best[:] = 0.0
    for i in range(size):
        if worth[i] <= best[last]:
            return
        push_value(by, day, place[i], latest, best, row)
    if size == worth.shape[0]:
        best[:] = 0.0
        start = row.page.tried_start[tier]
        for c in range(start, start + row.page.tried[tier]):
            push_value(by, day, c, latest, best, row)


def push_value(by: int, day: int, c: int, latest: int, best: Floats, row: Row) -> None:
    """Let a caption into `best` where it belongs there."""
    caption, last = row.tried.captions[c], best.shape[0] - 1
    price = float(caption.price) if by == USD else 1.0
    # A fresh caption is worth more than a worn one: most need no closer look.
    if caption.rate * price > best[last] and can_be_chosen(c, latest, row):
        value = rate_on(day, c, row) * price
        if value > best[last]:
            push_top_k(best, last + 1, value)


def can_be_chosen(c: int, latest: int, row: Row) -> bool:
    """Whether a caption is in the bank and, unless `latest` is `RETIRED`, no constraint excludes it."""
    caption = row.tried.captions[c]
    if latest == RETIRED:
        return bool(caption.last_used != RETIRED)
    ready = caption.last_used <= latest
    if LOCKED or ABORTS:
        ready &= not is_locked(c, latest, row)
    if CONSTRAINED:
        ready &= not math.isnan(row.tried.value[c]) and row.work.excluded[caption.kind] == 0
    return bool(ready)


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
