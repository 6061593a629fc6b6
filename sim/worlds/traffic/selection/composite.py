"""The composite score of the deployed selection, and the budgets that exclude captions.

    score = 0.70 · draw + 0.15 · diversity + 0.15 · value / 100 + 0.10 · penalty

`draw` is the policy's score. `value` is the EMV in the table; for a caption without a row it is, as deployed, the
bank's historical revenue per send in dollars (the unit mismatch then decides the ranking), or 0
(`selection.no_row_value`).
The segment factor of the deployed score is one number per page and tier. Scores are compared within a page and tier
only, so it changes no choice and is left out. Source: the specification of the deployed loop, section 3.

Plain functions of the traffic kernel, which binds `RECOUNT`.
"""

import math

from sim.kernels import unbound
from sim.worlds.traffic.records import Record
from sim.worlds.traffic.rows import Row

RECOUNT: bool = unbound("RECOUNT")

DRAW, DIVERSITY, VALUE, PENALTY = 0.70, 0.15, 0.15, 0.10
VALUE_UNIT = 100.0
NEW_CATEGORY, OLD_CATEGORY = 0.1, -0.2
NEW_TIER, OLD_TIER = 0.1, -0.2
NOT_URGENT_AGAIN, URGENT_AGAIN = 0.05, -0.1
CATEGORIES_BACK, TIERS_BACK = 5, 7  # messages that diversity looks back at
DAYS_BACK = 7  # of which uses are counted against the budgets
URGENT_LIMIT, LIMIT = 5, 20  # uses per week from which captions of a category and urgency are excluded


def prepare_classes(tier: int, row: Row) -> None:
    """Fill `row.work.class_bonus` and `row.work.excluded` before a tier is decided."""
    for category in range(1, row.work.class_bonus.shape[0] // 2):
        for urgent in range(2):
            uses = weekly_uses(category, urgent, row)
            bonus = DIVERSITY * diversity(category, tier, urgent, row)
            if row.rules.budgets:
                bonus += PENALTY * penalty(uses, urgent)
            kind = 2 * category + urgent
            row.work.class_bonus[kind] = bonus
            row.work.excluded[kind] = row.rules.budgets and uses >= (URGENT_LIMIT if urgent else LIMIT)


def weekly_uses(category: int, urgent: int, row: Row) -> int:
    """Uses of a category and urgency by this page in the last 7 days; none where the sweep has ended their locks."""
    uses = 0
    if not row.rules.sweep:
        for day in range(DAYS_BACK):
            uses += row.used.by_day[day, category, urgent]
    return uses


def diversity(category: int, tier: int, urgent: int, row: Row) -> float:
    """0.15 × (category term + tier term + urgency term), from the latest messages that carried a caption."""
    used, size = row.used, min(row.page.assigned, TIERS_BACK)
    category_term, tier_term, urgent_term = NEW_CATEGORY, NEW_TIER, NOT_URGENT_AGAIN
    for i in range(size):
        if i < CATEGORIES_BACK and used.category[i] == category:
            category_term = OLD_CATEGORY
        if used.tier[i] == tier:
            tier_term = OLD_TIER
    if urgent == 1 and size > 0 and used.urgent[0] == 1:
        urgent_term = URGENT_AGAIN
    return DIVERSITY * (category_term + tier_term + urgent_term)


def penalty(uses: int, urgent: int) -> float:
    """The penalty of a category and urgency by its weekly uses; excluded ones keep the largest."""
    if urgent == 1 and uses >= 4:
        return -0.5
    if uses >= 16:
        return -0.3
    return -0.15 if uses >= 12 else 0.0


def note_constraints(c: int, position: int, row: Row) -> bool:
    """Write all of a tried caption's score but the draw to `position`; whether its price tier and budget allow it."""
    kind, value = row.tried.captions[c].kind, row.tried.value[c]
    excluded = row.work.excluded[kind] > 0
    row.work.bonus[position], row.work.barred[position] = row.work.class_bonus[kind] + value, excluded
    return not math.isnan(value) and (not excluded or row.rules.rank_defect > 0)


def note_value(c: int, row: Row) -> None:
    """Bring what value adds to a tried caption's score up to its row: rows change less often than they are ranked."""
    place = row.tried.captions[c].place
    selectable = not math.isnan(row.bank.dollars[place])
    row.tried.value[c] = VALUE * value_of(c, place, row) / VALUE_UNIT if selectable else math.nan


def value_of(c: int, place: int, row: Row) -> float:
    """EMV in dollars as the table has it, 0 for NULL; without a row the bank's dollars per send, or 0."""
    if RECOUNT:
        table = row.tried.table[row.tried.table_row[c]]
        if table.runs > 0:
            return 0.0 if math.isnan(table.emv) else table.emv
    else:
        history = row.tried.history[c]
        if history.observations > 0:
            return history.emv_total / history.emvs if history.emvs > 0 else 0.0
    return float(row.bank.dollars[place]) if row.rules.no_row_dollars else 0.0


def drop_excluded(found: int, row: Row) -> int:
    """Take the excluded captions out of the list of the best, whose ranks they have used up; returns its length."""
    kept = 0
    for i in range(found):
        position = row.work.chosen[i]
        if row.work.barred[position] == 0:
            row.work.chosen[kept] = position
            row.work.score[kept], row.work.luck[kept] = row.work.score[i], row.work.luck[i]
            kept += 1
    return kept


def note_uses(day: int, row: Row) -> None:
    """Remember what today's slots use, in order of time."""
    used, page, today = row.used, row.page, day % DAYS_BACK
    for category in range(used.by_day.shape[1]):
        used.by_day[today, category, 0] = used.by_day[today, category, 1] = 0
    for s in range(page.slots):
        if row.plan[s].caption >= 0:
            note_use(row.plan[s], today, row)


def note_use(slot: Record, today: int, row: Row) -> None:
    """Remember the use of one slot, the newest first."""
    used, place = row.used, row.tried.captions[slot.caption].place
    category, urgent = row.bank.category[place], row.bank.urgent[place]
    for i in range(TIERS_BACK - 1, 0, -1):
        used.category[i], used.tier[i] = used.category[i - 1], used.tier[i - 1]
        used.urgent[i] = used.urgent[i - 1]
    used.category[0], used.tier[0], used.urgent[0] = category, slot.tier, urgent
    used.by_day[today, category, urgent] += 1
    row.page.assigned += 1
