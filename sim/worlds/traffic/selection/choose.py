"""Which captions a page sends in a day: who is eligible, who is chosen, and which slot each one gets, tier by tier.

Plain functions of the traffic kernel, which binds the names that are declared here. `ranking.py` makes one decision,
`chances.py` says how probable it was.
"""

from collections.abc import Callable

import numpy as np

from policies.maths.draws import arm_key, pull_key
from sim.kernels import force_inline, unbound
from sim.units import DAY_S
from sim.worlds.base import Params
from sim.worlds.selection.chances import copy
from sim.worlds.traffic.bank.pool import cold_of
from sim.worlds.traffic.bank.turnover import take
from sim.worlds.traffic.feedback.update_job import recall, refresh_score
from sim.worlds.traffic.metrics.diagnostics import expect_free, note_constraints_cost
from sim.worlds.traffic.metrics.regret import assumed_wear, expect, missed, rate_on
from sim.worlds.traffic.records import BUMP, BY_HAND, RATE, USD, Record
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.agency_lock import is_locked, lock
from sim.worlds.traffic.selection.chances import note_chances
from sim.worlds.traffic.selection.composite import note_constraints, note_uses, prepare_classes
from sim.worlds.traffic.selection.learned import fit, learned
from sim.worlds.traffic.selection.likely import gather_likely
from sim.worlds.traffic.selection.ranking import decide

recover: Callable[..., tuple[float, float]] = unbound("recover")
weight: Callable[..., float] = unbound("weight")
ABORTS: bool = unbound("ABORTS")  # whether a locked caption aborts the page's call
CONSTRAINED: bool = unbound("CONSTRAINED")  # whether budgets apply
DISCOUNTED: bool = unbound("DISCOUNTED")
LOCKED: bool = unbound("LOCKED")  # whether captions that another page uses are not eligible
POOL: bool = unbound("POOL")  # whether only captions of a random pool are ranked
READS_FLEET: bool = unbound("READS_FLEET")
READS_LABELS: bool = unbound("READS_LABELS")  # whether `prepare` looks at the labels of captions
READS_REST: bool = unbound("READS_REST")
READS_SALES: bool = unbound("READS_SALES")
RECOMPUTE: bool = unbound("RECOMPUTE")
RECORD: bool = unbound("RECORD")
SKIPS: bool = unbound("SKIPS")  # whether captions whose composite score cannot be among the best are left out
WEIGHTED: bool = unbound("WEIGHTED")
WINDOWED: bool = unbound("WINDOWED")

TIERS = BUMP + 1


def choose_day(day: int, row: Row, params: Params) -> None:
    """Fill the page's slots of `day`, which are laid out, with captions."""
    if DISCOUNTED or WINDOWED:
        recall(row)
    row.page.aborted = 0
    for tier in range(TIERS):
        wanted = wanted_of(tier, row)
        if tier == BUMP and row.rules.bump_by_hand:
            send_by_hand(row)
        elif wanted > 0:
            if CONSTRAINED:
                prepare_classes(tier, row)
            eligible = gather_today(tier, day, row, params)
            # A policy is never asked about nothing.
            arms = eligible + cold_of(tier, row)
            called = arms > 0 and not row.page.aborted
            found = choose(tier, day, eligible, wanted, row, params) if called else 0
            if found == 0 and called and not CONSTRAINED and not row.page.aborted:
                raise ValueError("every score is NaN")
            if tier != BUMP:
                expect_free(tier, day, wanted, row)
            assign(tier, day, found, eligible, row, params)
            if tier != BUMP:
                note_constraints_cost(tier, day, found, wanted, row)
            row.sums.unfilled += wanted - found
    if CONSTRAINED:
        note_uses(day, row)


def send_by_hand(row: Row) -> None:
    """Leave the unpriced slots to messages without a caption: as deployed, none can be selected for them."""
    for place in range(row.page.slots):
        if row.plan[place].tier == BUMP:
            row.plan[place].caption = BY_HAND
            row.sums.unfilled += 1


def wanted_of(tier: int, row: Row) -> int:
    """How many slots of the day ask for this tier."""
    count = 0
    for slot in range(row.page.slots):
        count += row.plan[slot].tier == tier
    return count


def gather_today(tier: int, day: int, row: Row, params: Params) -> int:
    """Gather the captions that are eligible on `day`; where there are none, the policy has observed nothing."""
    if SKIPS:
        return gather_likely(tier, row.page.least[tier], row)
    if READS_SALES or READS_FLEET:
        copy(row.state[tier], row.work.states[0])
    eligible = gather(tier, day, day * DAY_S - row.rules.cool_down_s, row, params)
    if (READS_SALES or READS_FLEET) and eligible + cold_of(tier, row) == 0:
        copy(row.work.states[0], row.state[tier])
    return eligible


def gather(tier: int, day: int, latest: int, row: Row, params: Params) -> int:
    """Copy a tier's tried captions that were last used by `latest` into the work space; returns how many there are.

    With a pool they are those of the pool; the others, which only a clairvoyant chooses, come behind them.
    """
    if READS_SALES or READS_FLEET:
        fit(tier, row, params)
    count = gather_from(1, 0, tier, day, latest, row, params)
    if POOL:
        row.page.outside = gather_from(0, count, tier, day, latest, row, params) - count
    return count


def gather_from(pooled: int, count: int, tier: int, day: int, latest: int, row: Row, params: Params) -> int:
    """The same from position `count` on, with a pool only of captions inside (1) or outside (0); the next position."""
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        caption = row.tried.captions[c]
        if POOL and caption.pooled != pooled:
            continue
        if RECOMPUTE and caption.last_used <= latest:
            refresh_score(c, rate_on(day, c, row), row, params)
        a, b = caption.a, caption.b
        if READS_SALES or READS_FLEET:
            a, b = learned(c, tier, row, params)
        if READS_REST and caption.last_used >= 0:
            rest, left = float(day * DAY_S - caption.last_used) / DAY_S, 1.0 - assumed_wear(day, c, row)
            a, b = recover(a, b, rest, left, params)
        # Copied first and counted then: a branch on who is cooling would be mispredicted.
        row.work.eligible[count], row.work.a[count], row.work.b[count] = c, a, b
        if READS_LABELS:
            row.work.n[count] = row.tried.history[c].n
        count += is_ready(c, count, latest, row)
    return count


@force_inline
def is_ready(c: int, position: int, latest: int, row: Row) -> bool:
    """Whether a tried caption is eligible; of the composite selection its bonus is then at `position`."""
    ready = row.tried.captions[c].last_used <= latest
    if LOCKED:
        ready &= not is_locked(c, latest, row)
    if CONSTRAINED:
        ready &= note_constraints(c, position, row)
    return bool(ready)


def choose(tier: int, day: int, eligible: int, wanted: int, row: Row, params: Params) -> int:
    """Choose `wanted` of the eligible and the cold captions, or all; returns how many, best first in `row.work.chosen`.

    There they are places among the tried, since every chosen caption is tried.
    """
    key = pull_key(row.page.policy_key, day * TIERS + tier)
    if RECORD:
        copy(row.state[tier], row.work.states[0])
    found = decide(tier, eligible, wanted, key, row, params)
    aborted = row.page.aborted
    if RECORD:
        note_chances(tier, eligible, wanted, found, key, row, params)
    row.page.aborted = aborted
    if tier != BUMP:
        expect(tier, day, eligible + row.page.outside if POOL else eligible, found, row)
    return found


def assign(tier: int, day: int, found: int, eligible: int, row: Row, params: Params) -> None:
    """Give the chosen captions, best first, to the tier's slots in the day's shuffled order; note what was missed."""
    taken = 0
    key = pull_key(row.page.policy_key, day * TIERS + tier)
    for place in range(row.page.slots):
        slot = row.plan[row.work.order[place]]
        if slot.tier == tier:
            slot.regret, slot.regret_usd, slot.caption = 0.0, 0.0, -1
            if taken < found:
                i = row.work.chosen[taken]
                if RECORD:
                    slot.propensity = row.work.chances[min(i, eligible)]
                luck = arm_key(key, 2 * eligible + found + taken)
                row.work.chosen[taken] = tried_place(tier, i, eligible, luck, row, params)
                fill(slot, tier, day, row.work.chosen[taken], row.work.best[RATE, found - 1], row, params)
                if LOCKED or ABORTS:
                    lock(slot.caption, slot.time, row)
            taken += 1
    if tier != BUMP and found > 0:
        note_missed(tier, missed(RATE, day, found, row), missed(USD, day, found, row), row)


def tried_place(tier: int, i: int, eligible: int, luck: np.uint64, row: Row, params: Params) -> int:
    """The place among the tried of the caption chosen at position `i`; chance says which of the cold ones it is."""
    if i < eligible:
        return row.work.eligible[i]  # type: ignore[no-any-return]
    return take(tier, luck, row, params)


def fill(slot: Record, tier: int, day: int, c: int, least: float, row: Row, params: Params) -> None:
    """Put a chosen caption into a slot."""
    slot.caption = c
    slot.best = tier != BUMP and rate_on(day, c, row) >= least
    if WEIGHTED:
        slot.weight = weight(row.tried.captions[c].a, row.tried.captions[c].b, row.state[tier], params)


def note_missed(tier: int, regret: float, regret_usd: float, row: Row) -> None:
    """Write the regret of a tier's day into its slots."""
    for place in range(row.page.slots):
        if row.plan[place].tier == tier:
            row.plan[place].regret, row.plan[place].regret_usd = regret, regret_usd
