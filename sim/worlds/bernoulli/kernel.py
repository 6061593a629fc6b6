"""The compiled loop of the Bernoulli world: plain functions for `sim.kernels.specialise`.

A scenario that records sends binds `RECORD`: every pull is then noted, for good, in `Pulls`.

The order within pull t: churn, refresh, decision, outcome. A policy binds its rule and, as constants, `PRUNE`,
`LAZY_INDEX`, `TAIL_PRUNING`, `CACHED_LEADER`, `EXPLORES` (it has a state), `VECTORISE_FROM`, `WEIGHTED`, `BATCHES`,
`POOL` (it is shown a pool of the arms), and `DISCOUNTED` and `WINDOWED` (its memory); the scenario binds `CHURNS` and,
where no log of pulls is needed, `IMMEDIATE`: every outcome is known before the next pull and nothing leaves a window;
or `PROMPT`: it is known at the next refresh, where only counts matter. `SHARED`: the policy learns from all rows of a
replication, which then advance together, from refresh to refresh.
"""

from collections.abc import Callable

import numpy as np

from policies.base import EXPLORING
from policies.maths.draws import arm_key, beta, pull_key, uniform
from sim.kernels import force_inline, unbound
from sim.worlds.base import Floats, Params
from sim.worlds.bernoulli.feedback import address, forget, hold, learn, refresh, remember, summarise_stale
from sim.worlds.bernoulli.pull_log import Pulls, keep_state, note
from sim.worlds.bernoulli.rows import Log, Plan, Rows, Sums, log_of, row_of
from sim.worlds.selection.argmax import best_arm, best_of_all, can_win
from sim.worlds.selection.cached_leader import best_by_leader
from sim.worlds.selection.lazy_index import best_by_lazy_index
from sim.worlds.selection.pool import place_of, show_pool
from sim.worlds.selection.tail_pruning import best_by_tails

observe_fleet: Callable[..., None] = unbound("observe_fleet")
prepare: Callable[..., None] = unbound("prepare")
summarise_fleet: Callable[..., tuple[float, float]] = unbound("summarise_fleet")
CACHED_LEADER: bool = unbound("CACHED_LEADER")
CHURNS: bool = unbound("CHURNS")
EXPECTS: bool = unbound("EXPECTS")
EXPLORES: bool = unbound("EXPLORES")
IMMEDIATE: bool = unbound("IMMEDIATE")
LAZY_INDEX: bool = unbound("LAZY_INDEX")
POOL: bool = unbound("POOL")
PROMPT: bool = unbound("PROMPT")
RECORD: bool = unbound("RECORD")
SHARED: bool = unbound("SHARED")
TAIL_PRUNING: bool = unbound("TAIL_PRUNING")
VECTORISE_FROM: int = unbound("VECTORISE_FROM")


NO_PRICE = 0.0


def advance(start: int, stop: int, rows: Rows, log: Log, sums: Sums, pulls: Pulls, params: Params, plan: Plan) -> None:
    """Pulls `start` to `stop` − 1 of every row; at the horizon the refresh that is due there, too."""
    for r in range(rows.means.shape[0]):
        advance_row(r, start, stop, rows, log, sums, pulls, params, plan)


def advance_together(
    width: int, start: int, stop: int, rows: Rows, log: Log, sums: Sums, pulls: Pulls, params: Params, plan: Plan
) -> None:
    """The same where each `width` rows are a replication whose rows learn from one another at every refresh."""
    for first in range(0, rows.means.shape[0], width):
        now = start
        while now < stop:
            if now % plan.refresh_every == 0:
                for r in range(first, first + width):
                    refresh(now // plan.refresh_every, row_of(rows, r), log_of(log, r), params, plan)
                add_up(first, width, rows)
            until = min(stop, (now // plan.refresh_every + 1) * plan.refresh_every)
            for r in range(first, first + width):
                advance_row(r, now, until, rows, log, sums, pulls, params, plan)
            now = until


def add_up(first: int, width: int, rows: Rows) -> None:
    """Bring the sums over the rows of one replication up to date."""
    for arm in range(rows.n.shape[1]):
        n, s = 0.0, 0.0
        for r in range(first, first + width):
            n += rows.n[r, arm]
            s += rows.s[r, arm]
        for r in range(first, first + width):
            rows.n_all[r, arm], rows.s_all[r, arm] = n, s


@force_inline
def advance_row(
    r: int, start: int, stop: int, rows: Rows, log: Log, sums: Sums, pulls: Pulls, params: Params, plan: Plan
) -> None:
    """Pulls `start` to `stop` − 1 of row r; where rows advance together, the refresh before `start` is done."""
    row, row_log = row_of(rows, r), log_of(log, r)
    regret, reward, best_pulls = sums.regret[r], sums.reward[r], sums.best_pulls[r]
    summarise_stale(row, params)
    best = best_mean(row)
    number = start // plan.refresh_every + 1 if SHARED else -(-start // plan.refresh_every)  # of the next refresh
    for t in range(start, stop):
        if CHURNS and churn(t, row, plan):
            summarise_stale(row, params)
            best = best_mean(row)
        if not IMMEDIATE and t == number * plan.refresh_every:
            refresh(number, row, row_log, params, plan)
            number += 1
        if RECORD:
            keep_state(row, pulls)
        arm = decide(t, row, params)
        outcome = draw_outcome(arm, row)
        if RECORD:
            note(r, t, arm, outcome, row, pulls, params)
        if IMMEDIATE:
            learn(t, arm, outcome, row, params, plan)
        elif PROMPT:
            hold(arm, outcome, row)
        else:
            remember(t, number, arm, outcome, row, row_log, params, plan)
        row.pulled[arm] += 1
        gap = best - row.means[arm]
        regret += gap
        reward += outcome
        best_pulls += gap == 0.0
    if not IMMEDIATE and stop == plan.horizon and stop == number * plan.refresh_every:
        refresh(number, row, row_log, params, plan)
    sums.regret[r], sums.reward[r], sums.best_pulls[r] = regret, reward, best_pulls


def best_mean(row: Rows) -> float:
    """The largest true mean."""
    best = row.means[0]
    for arm in range(1, row.means.shape[0]):
        best = max(best, row.means[arm])
    return best  # type: ignore[no-any-return]


def churn(t: int, row: Rows, plan: Plan) -> bool:
    """Perhaps replace one arm before pull t, whatever the policy; whether it happened."""
    key = pull_key(row.churn_key, t)
    if uniform(key) >= plan.churn_probability:
        return False
    arm = int(uniform(arm_key(key, 0)) * row.means.shape[0])
    row.means[arm] = beta(arm_key(key, 1), plan.prior_a, plan.prior_b)
    row.generation[arm] += 1
    row.pulled[arm] = 0
    row.stale[arm] = True
    if EXPECTS:
        row.unknown[arm], row.recent[arm] = 0.0, 0.0
    if IMMEDIATE:
        forget(arm, row)
    return True


@force_inline
def decide(t: int, row: Rows, params: Params) -> int:
    """The arm that the policy pulls at pull t."""
    key = pull_key(row.policy_key, t)
    if SHARED:
        summarise_with_fleet(row, params)
    if POOL:
        return decide_in_pool(t, row, params, key)
    prepare(t, row.n, row.a, row.b, params, row.state, key)
    if LAZY_INDEX:
        arm = best_by_lazy_index(row.a, row.b, row.lazy_index, params, row.state, key)
    elif TAIL_PRUNING:
        arm = best_by_tails(row.a, row.b, row.tails, params, row.state, key)
    elif CACHED_LEADER and not (EXPLORES and row.state[EXPLORING] > 0.0):
        arm = best_by_leader(row.a, row.leader, key)
    elif VECTORISE_FROM > 0 and row.a.shape[0] >= VECTORISE_FROM:
        arm = best_of_all(row.a, row.b, row.scores, params, row.state, key)
    else:
        arm = best_arm(row.a, row.b, params, row.state, key)
    if arm < 0:
        raise ValueError("every score is NaN")
    return arm


def decide_in_pool(t: int, row: Rows, params: Params, key: np.uint64) -> int:
    """The same where only a pool of the arms is shown."""
    pool = row.pool
    show_pool(float(t), row.pool_key, row.n, row.a, row.b, pool)
    prepare(t, pool.n, pool.a, pool.b, params, row.state, key)
    place = best_arm(pool.a, pool.b, params, row.state, key)
    if place < 0:
        raise ValueError("every score is NaN")
    return pool.order[place]  # type: ignore[no-any-return]


def summarise_with_fleet(row: Rows, params: Params) -> None:
    """Show the policy all arms, on this row and on all rows of the replication, and bring `a` and `b` up to its fit."""
    for arm in range(row.n.shape[0]):
        observe_fleet(row.n[arm], row.s[arm], row.n_all[arm], row.s_all[arm], NO_PRICE, row.state, params)
    for arm in range(row.n.shape[0]):
        row.a[arm], row.b[arm] = summarise_fleet(
            row.n[arm], row.s[arm], row.n_all[arm], row.s_all[arm], NO_PRICE, row.state, params
        )


def draw_outcome(arm: int, row: Rows) -> float:
    """1.0 for a success of the arm's next pull, else 0.0."""
    return 1.0 if uniform(address(arm, row, row.outcome_key)) < row.means[arm] else 0.0


def find_locked_out(t: int, rows: Rows, params: Params, locked: Floats) -> None:
    """Mark in `locked` (rows,) where, at pull t, no arm of the best true mean could be pulled; `rows.state` changes."""
    for r in range(rows.means.shape[0]):
        row = row_of(rows, r)
        summarise_stale(row, params)
        if SHARED:
            summarise_with_fleet(row, params)
        if POOL:
            show_pool(float(t), row.pool_key, row.n, row.a, row.b, row.pool)
        n, a, b = (row.pool.n, row.pool.a, row.pool.b) if POOL else (row.n, row.a, row.b)
        prepare(t, n, a, b, params, row.state, pull_key(row.policy_key, t))
        best = best_mean(row)
        locked[r] = True
        for arm in range(row.means.shape[0]):
            place = place_of(arm, row.pool) if POOL else arm
            if row.means[arm] == best and place >= 0 and can_win(place, a, b, params, row.state):
                locked[r] = False
