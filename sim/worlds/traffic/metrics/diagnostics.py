"""What the owners of the deployed loop want to know, week by week, and what the constraints cost.

Plain functions of the traffic kernel; `loop_metrics.py` turns what they note into columns. They read the state and
change no choice.
"""

import math

from sim.kernels import unbound
from sim.units import DAY_S, WEEK_DAYS
from sim.worlds.metrics.allocation import COLD_SENDS
from sim.worlds.sorted_arrays import push_top_k
from sim.worlds.traffic.bank.top_cold import ensure_size
from sim.worlds.traffic.metrics.regret import push_best, rate_on, worth
from sim.worlds.traffic.records import BUMP, RETIRED, USD, Record
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.timetable import AUDIENCE

POOLED: bool = unbound("POOLED")
RECOUNT: bool = unbound("RECOUNT")

EXPLORE_OBSERVATIONS, EXPLORE_WIDTH = 10, 0.3  # a send explores below so many observations, or above this width
Z = 1.96  # of the stored interval


def note_send(slot: Record, purchases: int, row: Row) -> None:
    """Add a message with a caption to its week."""
    c, week = slot.caption, row.weeks[slot.time // (WEEK_DAYS * DAY_S)]
    caption, uses = row.tried.captions[c], row.tried.uses[c]
    week.sends += 1
    week.explored += explores(c, row)
    week.cold += uses < COLD_SENDS
    week.distinct += uses == 0 or caption.last_used // (WEEK_DAYS * DAY_S) != slot.time // (WEEK_DAYS * DAY_S)
    if slot.tier != BUMP:
        week.priced += 1
        week.top += caption.rate >= row.page.top_rate[slot.tier]
        week.price += caption.price
        week.revenue += purchases * caption.price


def explores(c: int, row: Row) -> bool:
    """Whether a send of a tried caption explores: by its row of the table, few observations or a wide interval."""
    if RECOUNT:
        table = row.tried.table[row.tried.table_row[c]]
        if table.runs == 0:
            return True
        return is_uncertain(table.observations, table.successes, table.failures)
    history = row.tried.history[c]
    return is_uncertain(history.observations, 1 + history.successes, 1 + history.failures)


def is_uncertain(observations: int, successes: int, failures: int) -> bool:
    """Fewer than 10 observations, or a Wilson interval wider than 0.3."""
    return observations < EXPLORE_OBSERVATIONS or width(successes, failures) > EXPLORE_WIDTH


def width(successes: int, failures: int) -> float:
    """Width of the stored interval (Wilson 1927)."""
    n = float(successes + failures)
    p = successes / n
    return 2.0 * Z * math.sqrt(p * (1.0 - p) / n + Z * Z / (4.0 * n * n)) / (1.0 + Z * Z / n)


def expect_free(tier: int, day: int, wanted: int, row: Row) -> None:
    """Write the `wanted` largest dollars per view in the bank, cool-down and budgets aside, into `row.work.free`."""
    free = row.work.free
    if not POOLED:
        push_best(USD, tier, day, RETIRED, free[:wanted], row)
        return
    for i in range(wanted):
        free[i] = 0.0
    ensure_size(tier, wanted, row)
    for i in range(min(wanted, row.bank.top_sizes[tier, USD])):
        entry = row.bank.entries[row.bank.top_place[tier, USD, i]]
        free[i] = worth(math.exp(entry.log_rate), USD, entry.price)
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        caption = row.tried.captions[c]
        if caption.rate * caption.price > free[wanted - 1] and caption.last_used != RETIRED:
            value = rate_on(day, c, row) * caption.price
            if value > free[wanted - 1]:
                push_top_k(free, wanted, value)


def note_constraints_cost(tier: int, day: int, found: int, wanted: int, row: Row) -> None:
    """Add the dollars that a clairvoyant without constraints would have earned more with the tier's slots of a day.

    `row.work.own` holds the dollars per view of the `found` captions chosen; an empty slot earns nothing.
    """
    missed = 0.0
    for i in range(wanted):
        missed += row.work.free[i]
    for i in range(found):
        missed -= row.work.own[i]
    exposure = 0.0
    for place in range(row.page.slots):
        if row.plan[place].tier == tier:
            exposure += row.plan[place].factor
    fans = row.page.fans * row.tables.daily[row.page.number, day, AUDIENCE]
    row.sums.free_regret_usd += fans * row.rules.mean_views * exposure * max(0.0, missed) / wanted
