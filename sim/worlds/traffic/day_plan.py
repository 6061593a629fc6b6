"""A page's day, before any caption is chosen: how many messages, when, and of which tier.

Plain functions of the traffic kernel. Everything is addressed by (page, day, slot): the policy has no part in it.
"""

import numpy as np

from policies.maths.draws import arm_key, pull_key, uniform
from sim.units import DAY_S, HOUR_S
from sim.worlds.base import Counts, Floats
from sim.worlds.sorted_arrays import insert_sorted
from sim.worlds.traffic.records import BUMP, Records
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.timetable import RATES

SLOTS = 1_024  # addresses of a day's slots

# Addresses within a day's key, below those of its slots.
PRICED, UNPRICED, TIMES, ORDER = 0, 1, 16, 16 + SLOTS


def plan_day(day: int, row: Row) -> None:
    """Lay out the page's slots of `day`, in order of time, still without captions."""
    key = pull_key(row.page.slot_key, day)
    priced, unpriced = how_many(key, row)
    place_priced(day, key, priced, row)
    place_unpriced(day, key, priced, unpriced, row)
    sort_by_time(row.plan, priced + unpriced)
    row.page.slots, row.page.slot = priced + unpriced, 0
    shuffle(row.work.order, priced + unpriced, key)
    assign_tiers(row)
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


def place_priced(day: int, key: np.uint64, count: int, row: Row) -> None:
    """Priced slots, uniform in the day given that they keep the page's minimum gap, also to the next day's."""
    if count == 0:
        return
    gap = min(row.page.gap_s, row.rules.open_s // count)
    free, draw = row.rules.open_s - count * gap, row.work.score
    for i in range(count):
        draw[i] = uniform(arm_key(key, TIMES + i))
    sort(draw, count)
    # Without a phase no page would ever send a priced message in the last hour of a day.
    start = day * DAY_S + row.rules.first_s + int(row.page.phase * gap)
    for i in range(count):
        # Spacing uniform order statistics by the gap gives the uniform law on all layouts that keep it.
        row.plan[i].time = start + int(draw[i] * free) + i * gap
        row.plan[i].number = day * SLOTS + i
        row.plan[i].tier = 0


def place_unpriced(day: int, key: np.uint64, first: int, count: int, row: Row) -> None:
    """Unpriced slots, uniform in the day."""
    start = day * DAY_S + row.rules.first_s
    for i in range(first, first + count):
        row.plan[i].time = start + int(uniform(arm_key(key, TIMES + i)) * row.rules.open_s)
        row.plan[i].number = day * SLOTS + i
        row.plan[i].tier = BUMP


def sort(values: Floats, count: int) -> None:
    """Sort `values[:count]` upwards."""
    for i in range(1, count):
        insert_sorted(values, i, values[i])


def sort_by_time(plan: Records, count: int) -> None:
    """Sort the day's slots by time; equal times keep their order."""
    for i in range(1, count):
        time, number, tier, place = plan[i].time, plan[i].number, plan[i].tier, i
        while place > 0 and plan[place - 1].time > time:
            plan[place].time = plan[place - 1].time
            plan[place].number = plan[place - 1].number
            plan[place].tier = plan[place - 1].tier
            place -= 1
        plan[place].time, plan[place].number, plan[place].tier = time, number, tier


def shuffle(order: Counts, count: int, key: np.uint64) -> None:
    """A uniform permutation of 0 … `count` − 1 (Fisher & Yates 1938)."""
    for i in range(count):
        order[i] = i
    for i in range(count - 1, 0, -1):
        j = int(uniform(arm_key(key, ORDER + i)) * (i + 1))
        order[i], order[j] = order[j], order[i]


def assign_tiers(row: Row) -> None:
    """Give the priced slots, in shuffled order, the next tiers of the page's cycle."""
    for i in range(row.page.slots):
        slot = row.work.order[i]
        if row.plan[slot].tier != BUMP:
            row.plan[slot].tier = row.tables.tiers[row.page.priced_sends % row.tables.tiers.shape[0]]
            row.page.priced_sends += 1


def factor_at(time: int, row: Row) -> float:
    """Weekday × holiday × hour factor."""
    day, second = time // DAY_S, time % DAY_S
    incident = row.tables.daily[row.page.number, day, RATES]
    return incident * row.tables.season[day] * row.tables.hours[second // HOUR_S]  # type: ignore[no-any-return]
