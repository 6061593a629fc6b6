"""What a policy of the Bernoulli world knows, and when: plain functions of its kernel, over the records of one row.

A refresh before pull u shows an outcome of pull t with delay d iff t + d < u. Of an outcome shown, the policy sees the
weight discount**(u − 1 − t) under a discount, nothing once t < u − window under a window, otherwise 1; the stored
table sees 1. What arrives at one refresh is added latest pull first; outcomes of an arm replaced since are dropped.

Bound by `sim.kernels.specialise`: the policy's `summarise`, `learn_batch` and `weight`; `WEIGHTED`, `LAZY_INDEX`,
`CACHED_LEADER`, `TAIL_PRUNING`, `DISCOUNTED`, `WINDOWED`, `BATCHES`, `CHURNS`, `PROMPT`, and `EXPECTS`: whether `n` is
the expected number of known outcomes.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from policies.maths.draws import arm_key, open_uniform, pull_key
from sim.kernels import force_inline, unbound
from sim.worlds.base import Params
from sim.worlds.bernoulli.rows import Log, Plan, Rows
from sim.worlds.selection.cached_leader import update_runner_up
from sim.worlds.selection.lazy_index import invalidate
from sim.worlds.selection.tail_pruning import update

learn_batch: Callable[..., None] = unbound("learn_batch")
summarise: Callable[..., tuple[float, float]] = unbound("summarise")
weight: Callable[..., float] = unbound("weight")
BATCHES: bool = unbound("BATCHES")
CACHED_LEADER: bool = unbound("CACHED_LEADER")
CHURNS: bool = unbound("CHURNS")
DISCOUNTED: bool = unbound("DISCOUNTED")
EXPECTS: bool = unbound("EXPECTS")
LAZY_INDEX: bool = unbound("LAZY_INDEX")
PROMPT: bool = unbound("PROMPT")
TAIL_PRUNING: bool = unbound("TAIL_PRUNING")
WEIGHTED: bool = unbound("WEIGHTED")
WINDOWED: bool = unbound("WINDOWED")


def summarise_arm(arm: int, row: Rows, params: Params) -> None:
    """Bring `a` and `b` up to the statistics of an arm (and to the truth, which the oracle knows at once)."""
    if BATCHES and row.n[arm] > 0.0:
        row.stale[arm] = False
        return
    a, b = summarise(row.n[arm], row.s[arm], row.ipw_successes[arm], row.means[arm], params)
    if TAIL_PRUNING:
        update(arm, row.a[arm], row.b[arm], a, b, row.tails, params)
    row.a[arm], row.b[arm] = a, b
    row.stale[arm] = False
    if LAZY_INDEX:
        invalidate(arm, row.lazy_index)
    if CACHED_LEADER:
        update_runner_up(arm, a, row.leader)


def summarise_stale(row: Rows, params: Params) -> None:
    """The same for every arm whose statistics, or truth, have changed."""
    for arm in range(row.stale.shape[0]):
        if row.stale[arm]:
            summarise_arm(arm, row, params)


def identity(arm: int, row: Rows) -> int:
    """The number of the arm that now holds this place, different from every arm before it."""
    if CHURNS:
        return arm + row.generation[arm] * row.means.shape[0]  # type: ignore[no-any-return]
    return arm


def address(arm: int, row: Rows, row_key: np.uint64) -> np.uint64:
    """The key of an arm's next pull in one stream: the same for every policy and at every time."""
    return pull_key(arm_key(row_key, identity(arm, row)), row.pulled[arm])


def forget(arm: int, row: Rows) -> None:
    """Fresh statistics for a newcomer."""
    row.n[arm], row.s[arm], row.ipw_successes[arm] = 0.0, 0.0, 0.0
    row.known[arm], row.successes[arm] = 0, 0
    row.shown[arm] = row.generation[arm]
    row.stale[arm] = True
    if BATCHES:
        row.batch.told_n[arm], row.batch.told_s[arm] = 0.0, 0.0
        row.batch.notes[arm, :] = 0.0


def fade(factor: float, row: Rows) -> None:
    """Discount everything that the policy sees."""
    for arm in range(row.n.shape[0]):
        row.n[arm] *= factor
        row.s[arm] *= factor
        row.ipw_successes[arm] *= factor
        row.stale[arm] = True


def show(u: int, arm: int, outcomes: int, successes: int, row: Rows) -> None:
    """Put outcomes of an arm into the stored table, before pull u."""
    if row.known[arm] == 0:
        row.inserted[arm] = u
    row.updated[arm] = u
    row.known[arm] += outcomes
    row.successes[arm] += successes


@force_inline
def learn(t: int, arm: int, outcome: float, row: Rows, params: Params, plan: Plan) -> None:
    """The refresh before pull t + 1 where the outcome of pull t is all there is to show."""
    if WEIGHTED:
        inverse_propensity = weight(row.a[arm], row.b[arm], row.state, params)
    if DISCOUNTED:
        fade(plan.decay, row)
    row.n[arm] += 1.0
    row.s[arm] += outcome
    if WEIGHTED:
        row.ipw_successes[arm] += inverse_propensity * outcome
    show(t + 1, arm, 1, int(outcome), row)
    summarise_arm(arm, row, params)
    if DISCOUNTED:
        summarise_stale(row, params)


def hold(arm: int, outcome: float, row: Rows) -> None:
    """Keep an outcome for the next refresh."""
    row.held[arm] += 1
    row.held_successes[arm] += int(outcome)


def release(u: int, row: Rows) -> None:
    """Show, before pull u, all that was held."""
    for arm in range(row.held.shape[0]):
        outcomes, successes = row.held[arm], row.held_successes[arm]
        if outcomes > 0:
            row.n[arm] += outcomes
            row.s[arm] += successes
            show(u, arm, outcomes, successes, row)
            row.held[arm], row.held_successes[arm] = 0, 0
            row.stale[arm] = True


def place(number: int, ring: Any) -> int:
    """Where a ring keeps the thing of that number; its length is a power of two, because division is slow."""
    return number & (ring.shape[0] - 1)  # type: ignore[no-any-return]


def remember(t: int, following: int, arm: int, outcome: float, row: Rows, log: Log, params: Params, plan: Plan) -> None:
    """Log pull t, linked to the refresh that will show its outcome, if any; `following` numbers the next refresh."""
    slot = place(t, log.arm)
    log.arm[slot], log.generation[slot], log.outcome[slot] = arm, row.generation[arm], int(outcome)
    log.counted[slot] = False
    if WEIGHTED:
        log.weight[slot] = weight(row.a[arm], row.b[arm], row.state, params)
    if EXPECTS:
        row.recent[arm] += math.exp(plan.delay_scale * (following * plan.refresh_every - t))
    known_after = t + draw_delay(arm, row, plan)
    number = following if known_after < following * plan.refresh_every else known_after // plan.refresh_every + 1
    if number <= plan.refreshes:
        bucket = place(number, log.first)
        log.after[slot] = log.first[bucket]
        log.first[bucket] = slot


def draw_delay(arm: int, row: Rows, plan: Plan) -> int:
    """Pulls until the outcome of this pull is known; geometric ones by inversion, floor(ln U / ln P(delay > 0))."""
    if plan.delay_scale == 0.0:
        return plan.delay
    return int(math.log(open_uniform(address(arm, row, row.delay_key))) / plan.delay_scale)


def refresh(number: int, row: Rows, log: Log, params: Params, plan: Plan) -> None:
    """Show the policy, before pull u = number · refresh_every, all that is known by then."""
    u = number * plan.refresh_every
    if PROMPT:
        release(u, row)
    else:
        if CHURNS:
            welcome(row)
            if BATCHES:
                summarise_stale(row, params)  # before outcomes arrive: newcomers start from the prior
        if DISCOUNTED:
            fade(plan.decay, row)
        if WINDOWED:
            leave(u, row, log, plan)
        arrive(number, u, row, log, plan)
        if EXPECTS:
            expect_known(row, plan)
    summarise_stale(row, params)
    if BATCHES:
        learn_news(u, row, params)


def expect_known(row: Rows, plan: Plan) -> None:
    """Count, in place of known outcomes, all pulls, each by the probability that its outcome is known."""
    for arm in range(row.n.shape[0]):
        row.unknown[arm] = plan.unknown_left * row.unknown[arm] + row.recent[arm]
        row.recent[arm] = 0.0
        row.n[arm] = max(0.0, row.pulled[arm] - row.unknown[arm])
        row.stale[arm] = True


def learn_news(u: int, row: Rows, params: Params) -> None:
    """Let the policy learn from what the refresh before pull u has brought, if anything."""
    batch, news = row.batch, 0.0
    for arm in range(row.n.shape[0]):
        batch.new_n[arm], batch.new_s[arm] = row.n[arm] - batch.told_n[arm], row.s[arm] - batch.told_s[arm]
        batch.told_n[arm], batch.told_s[arm] = row.n[arm], row.s[arm]
        news += batch.new_n[arm]
    if news > 0.0:
        learn_batch(float(u), batch.new_n, batch.new_s, batch.notes, row.a, row.b, params, row.state)


def welcome(row: Rows) -> None:
    """Show the newcomers since the last refresh."""
    for arm in range(row.shown.shape[0]):
        if row.shown[arm] < row.generation[arm]:
            forget(arm, row)


def leave(u: int, row: Rows, log: Log, plan: Plan) -> None:
    """Take out of the statistics the pulls that have left the window since the last refresh."""
    for t in range(max(0, u - plan.refresh_every - plan.window), u - plan.window):
        slot = place(t, log.arm)
        arm = log.arm[slot]
        if log.counted[slot] and log.generation[slot] == row.generation[arm]:
            row.n[arm] -= 1.0
            row.s[arm] -= log.outcome[slot]
            row.stale[arm] = True


def arrive(number: int, u: int, row: Rows, log: Log, plan: Plan) -> None:
    """Add the outcomes that have become known since the last refresh."""
    bucket = place(number, log.first)
    slot = log.first[bucket]
    log.first[bucket] = -1
    while slot >= 0:
        arm = log.arm[slot]
        if log.generation[slot] == row.generation[arm]:
            include(u, slot, row, log, plan)
            show(u, arm, 1, log.outcome[slot], row)
        slot = log.after[slot]


def include(u: int, slot: int, row: Rows, log: Log, plan: Plan) -> None:
    """Add one outcome to what the policy sees, with the weight that its memory gives it."""
    arm, age = log.arm[slot], place(u - 1 - slot, log.arm)
    if WINDOWED and age >= plan.window:
        return
    share = math.pow(plan.discount, float(age)) if DISCOUNTED else 1.0
    row.n[arm] += share
    row.s[arm] += share * log.outcome[slot]
    if WEIGHTED:
        row.ipw_successes[arm] += share * (log.weight[slot] * log.outcome[slot])
    row.stale[arm] = True
    log.counted[slot] = True
