"""A page's day, before any caption is chosen: how many messages, when, and of which tier.

Plain functions of the traffic kernel. Everything is addressed by (page, day, slot): the policy has no part in it.
"""

import numpy as np

from policies.maths.draws import arm_key, pull_key, uniform
from sim.units import DAY_S, HOUR_S
from sim.worlds.base import Counts, Floats
from sim.worlds.sorted_arrays import insert_sorted
from sim.worlds.traffic.records import BUMP
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.timetable import RATES

SLOTS = 1_024  # addresses of a day's slots

# Addresses within a day's key, below those of its slots.
PRICED, UNPRICED, TIMES, ORDER = 0, 1, 16, 16 + SLOTS


def plan_day(day: int, row: Row) -> None:
    """Lay out the page's slots of `day`, in order of time, still without captions."""
    key = pull_key(row.page.slot_key, day)
    priced, unpriced = how_many(key, row)
    place_slots(day, key, priced + unpriced, row)
    row.page.slots, row.page.slot = priced + unpriced, 0
    shuffle(row.work.order, priced + unpriced, key)
    assign_tiers(priced, row)
    for slot in range(priced + unpriced):
        row.plan[slot].factor = factor_at(row.plan[slot].time, row)


def how_many(key: np.uint64, row: Row) -> tuple[int, int]:
    """(priced, unpriced) messages of the day."""
    rules, luck = row.rules, uniform(arm_key(key, UNPRICED))
    if rules.priced_every_day >= 0:
        return rules.priced_every_day, rules.every_day - rules.priced_every_day
    if rules.every_day > 0:
        unpriced = int(rules.every_day * rules.unpriced_share + luck)
        return rules.every_day - unpriced, unpriced
    low, high = row.page.priced_low, row.page.priced_high
    priced = low + int(uniform(arm_key(key, PRICED)) * (high - low + 1))
    unpriced = int(priced * rules.unpriced_share / (1.0 - rules.unpriced_share) + luck)
    total = min(max(priced + unpriced, rules.least), max(rules.most, priced))
    return priced, max(total, priced) - priced


def place_slots(day: int, key: np.uint64, count: int, row: Row) -> None:
    """Slots in order of time, uniform in the day given that they keep the page's minimum gap, also to the next day's.

    Where so many do not fit, the gap shrinks to the even spacing.
    """
    if count == 0:
        return
    gap = min(row.page.gap_s, row.rules.open_s // count)
    free, draw = row.rules.open_s - count * gap, row.work.score
    for i in range(count):
        draw[i] = uniform(arm_key(key, TIMES + i))
    sort(draw, count)
    # Without a phase no page would ever send a message in the last minutes of a day.
    start = day * DAY_S + row.rules.first_s + int(row.page.phase * gap)
    for i in range(count):
        # Spacing uniform order statistics by the gap gives the uniform law on all layouts that keep it.
        row.plan[i].time = start + int(draw[i] * free) + i * gap
        row.plan[i].number = day * SLOTS + i


def sort(values: Floats, count: int) -> None:
    """Sort `values[:count]` upwards."""
    for i in range(1, count):
        insert_sorted(values, i, values[i])


def shuffle(order: Counts, count: int, key: np.uint64) -> None:
    """A uniform permutation of 0 … `count` − 1 (Fisher & Yates 1938)."""
    for i in range(count):
        order[i] = i
    for i in range(count - 1, 0, -1):
        j = int(uniform(arm_key(key, ORDER + i)) * (i + 1))
        order[i], order[j] = order[j], order[i]


def assign_tiers(priced: int, row: Row) -> None:
    """In shuffled order, give the next tiers of the page's cycle to so many priced slots; the others have no price."""
    for i in range(row.page.slots):
        slot = row.work.order[i]
        row.plan[slot].tier = BUMP
        if i < priced:
            row.plan[slot].tier = row.tables.tiers[row.page.priced_sends % row.tables.tiers.shape[0]]
            row.page.priced_sends += 1


def factor_at(time: int, row: Row) -> float:
    """Weekday × holiday × hour factor."""
    day, second = time // DAY_S, time % DAY_S
    incident = row.tables.daily[row.page.number, day, RATES]
    return incident * row.tables.season[day] * row.tables.hours[second // HOUR_S]  # type: ignore[no-any-return]
