"""Whether a policy has locked itself out of the best captions.

Plain functions of the traffic kernel; the modules of `selection` declare the names that it binds.
"""

import math
from collections.abc import Callable

from policies.maths.draws import pull_key
from sim.kernels import unbound
from sim.worlds.base import Flags, Floats, Params
from sim.worlds.selection.chances import copy
from sim.worlds.traffic.bank.pool import cold_of
from sim.worlds.traffic.bank.top_cold import ensure_size
from sim.worlds.traffic.feedback.update_job import recall
from sim.worlds.traffic.metrics.regret import rate_on
from sim.worlds.traffic.records import BUMP, RATE, RETIRED
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.choose import TIERS, gather, wanted_of
from sim.worlds.traffic.selection.composite import DRAW

prepare: Callable[..., None] = unbound("prepare")
summarise: Callable[..., tuple[float, float]] = unbound("summarise")
support: Callable[..., tuple[float, float]] = unbound("support")
DISCOUNTED: bool = unbound("DISCOUNTED")
WINDOWED: bool = unbound("WINDOWED")
COMPOSITE: bool = unbound("COMPOSITE")
POOL: bool = unbound("POOL")
READS_TRIED: bool = unbound("READS_TRIED")

NO_COOL_DOWN = RETIRED - 1


def locked_out(locked: Flags, row: Row, params: Params) -> None:
    """Into `locked` (3,): whether the best caption of each priced tier can no longer be chosen, cool-down aside.

    It cannot where as many others as the tier sends in a day always score above it. Nothing remembered is changed.
    """
    page, day = row.page, row.page.day - 1
    decayed_at, head, size = page.decayed_at, page.labelled_head, page.labelled_size
    if DISCOUNTED or WINDOWED:
        keep_memory(row)
        recall(row)
    for tier in range(BUMP):
        copy(row.state[tier], row.work.states[0])
        locked[tier] = day >= 0 and is_locked_out(tier, day, row, params)
        copy(row.work.states[0], row.state[tier])
    if DISCOUNTED or WINDOWED:
        restore_memory(row)
        page.decayed_at, page.labelled_head, page.labelled_size = decayed_at, head, size


def is_locked_out(tier: int, day: int, row: Row, params: Params) -> bool:
    """Whether it is so of one tier; changes the policy's state. Cold captions may all be in the pool, if any is."""
    eligible, cold = gather(tier, day, NO_COOL_DOWN, row, params), cold_of(tier, row)
    if eligible + cold == 0:
        return False
    key, arms = pull_key(row.page.policy_key, (day + 1) * TIERS + tier), eligible + cold
    shown = eligible if READS_TRIED else arms
    prepare(row.sums.sends, row.work.n[:shown], row.work.a[:shown], row.work.b[:shown], params, row.state[tier], key)
    best = best_of(tier, day, eligible + row.page.outside if POOL else eligible, row)
    if POOL and (best >= eligible or (best < 0 and cold == 0)):
        return True  # it is not in the pool
    return count_above(best, tier, eligible, row, params) >= max(1, wanted_of(tier, row))


def keep_memory(row: Row) -> None:
    """Save what the policy sees of the captions."""
    for c in range(row.tried.history.shape[0]):
        history = row.tried.history[c]
        row.work.memory[c, 0], row.work.memory[c, 1], row.work.memory[c, 2] = (
            history.n,
            history.s,
            history.ipw_successes,
        )


def restore_memory(row: Row) -> None:
    """Bring it back."""
    for c in range(row.tried.history.shape[0]):
        history = row.tried.history[c]
        history.n, history.s, history.ipw_successes = (
            row.work.memory[c, 0],
            row.work.memory[c, 1],
            row.work.memory[c, 2],
        )


def best_of(tier: int, day: int, eligible: int, row: Row) -> int:
    """The position of the truly best of the gathered captions; −1 for a cold one."""
    ensure_size(tier, 1, row)
    best, most = -1, math.exp(row.bank.top_worth[tier, RATE, 0]) if row.page.cold[tier] > 0 else -1.0
    for i in range(eligible):
        # A fresh caption is worth more than a worn one: most need no closer look.
        if row.tried.captions[row.work.eligible[i]].rate > most:
            rate = rate_on(day, row.work.eligible[i], row)
            if rate > most:
                best, most = i, rate
    return best


def count_above(best: int, tier: int, eligible: int, row: Row, params: Params) -> int:
    """How many captions of a tier always score above the one at position `best`, of which −1 is a cold one."""
    state, above = row.state[tier], 0
    cold_a, cold_b = summarise(0.0, 0.0, 0.0, 0.0, params)
    a, b = (row.work.a[best], row.work.b[best]) if best >= 0 else (cold_a, cold_b)
    for i in range(eligible):
        bonus = (row.work.bonus[i] - row.work.bonus[best]) / DRAW if COMPOSITE else 0.0
        above += i != best and is_above(a, b, row.work.a[i], row.work.b[i], bonus, state, params)
    # Captions of equal statistics cannot exclude one another.
    if best >= 0 and is_above(a, b, cold_a, cold_b, 0.0, state, params):
        above += row.page.cold[tier]
    return above


def is_above(a: float, b: float, other_a: float, other_b: float, bonus: float, state: Floats, params: Params) -> bool:
    """Whether the other score plus `bonus` is always above the first."""
    low, high = support(a, b, state, params)
    floor, ceiling = support(other_a, other_b, state, params)
    floor, ceiling = floor + bonus, ceiling + bonus
    # At equal bounds a tie has probability zero as soon as either score is spread out.
    return high < floor or (high == floor and (low < high or floor < ceiling))
