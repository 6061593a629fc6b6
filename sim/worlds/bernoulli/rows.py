"""The arrays of a Bernoulli world's rows, as its kernel sees them.

`Rows` and `Log` hold arrays whose first axis is the row; `row_of` and `log_of` make the records of one row, without it.
"""

from typing import Any, NamedTuple

import numpy as np

from policies.base import Policy
from sim.worlds.selection.cached_leader import Leader, leader_of, new_leader
from sim.worlds.selection.lazy_index import LazyIndex, lazy_index_of, new_lazy_index
from sim.worlds.selection.pool import Pool, new_pool, pool_of
from sim.worlds.selection.tail_pruning import TailBounds, new_tails, tails_of


class Plan(NamedTuple):
    """Numbers of the scenario, and of the policy's memory, that a kernel is not compiled for."""

    horizon: int
    refresh_every: int
    refreshes: int
    """Number of the last refresh, the first being 0."""
    delay: int
    delay_scale: float
    """ln P(delay > 0) of a geometric delay, 0 for a fixed one."""
    discount: float
    decay: float
    """discount ** refresh_every."""
    window: int
    churn_probability: float
    prior_a: float
    prior_b: float
    unknown_left: float
    """Of the outcomes that a refresh does not show, the share that the next one does not show either."""


class Batch(NamedTuple):
    """What a `reads_batches` policy has learned from, (rows, arms), or of one row; else of no arms."""

    told_n: Any
    told_s: Any
    new_n: Any
    """What the last refresh has brought."""
    new_s: Any
    notes: Any
    """(rows, arms, note_size)."""


class Rows(NamedTuple):
    """Rows of arms: the truth, what the policy sees, what the table stores; (rows, arms) where nothing else is said."""

    means: Any
    pulled: Any
    """Pulls of the present arm: the index of its next outcome."""
    generation: Any
    """How many arms held this place before the present one."""
    shown: Any
    """The generation that the statistics are of: a newcomer awaits the next refresh."""
    stale: Any
    """Whether `a` and `b` are behind the statistics or the truth."""
    n: Any
    s: Any
    ipw_successes: Any
    a: Any
    b: Any
    state: Any
    """(rows, state_size)."""
    known: Any
    successes: Any
    inserted: Any
    """Pull before which the first outcome was shown."""
    updated: Any
    """Pull before which the latest outcome was shown."""
    held: Any
    """Outcomes that the next refresh will show, where no log is kept."""
    held_successes: Any
    scores: Any
    """Work space of a `vectorise_from` policy, else of no arms."""
    lazy_index: LazyIndex
    """Of a `concave_index` policy, else of no arms."""
    tails: TailBounds
    """Of a `tail_evaluable` policy, else of no arms."""
    leader: Leader
    """Of a `state_independent_score` policy."""
    pool: Pool
    batch: Batch
    unknown: Any
    """Expected outcomes not known at the last refresh, of a `corrects_delay` policy, else of no arms."""
    recent: Any
    """The same at the next refresh, of the pulls since the last one."""
    n_all: Any
    """Sums of `n` over the rows of the replication, where the policy reads them, else of no arms."""
    s_all: Any
    outcome_key: Any
    """(rows,), as are the other keys."""
    delay_key: Any
    churn_key: Any
    policy_key: Any
    pool_key: Any


class Log(NamedTuple):
    """Pulls whose outcomes are yet to arrive or to leave the window: rings (rows, slots); pull t is in t mod slots.

    Slots and buckets are powers of two.
    """

    arm: Any
    generation: Any
    outcome: Any
    weight: Any
    counted: Any
    """Whether the window holds it."""
    after: Any
    """Slot of the next pull that arrives at the same refresh, −1 for none."""
    first: Any
    """(rows, buckets): slot of the first pull that arrives at a refresh, by number of the refresh mod buckets."""


class Sums(NamedTuple):
    """Sums since time zero, (rows,)."""

    regret: Any
    reward: Any
    best_pulls: Any


def row_of(rows: Rows, r: int) -> Rows:
    """Row `r` alone: arrays (arms,), keys scalar."""
    return Rows(
        rows.means[r],
        rows.pulled[r],
        rows.generation[r],
        rows.shown[r],
        rows.stale[r],
        rows.n[r],
        rows.s[r],
        rows.ipw_successes[r],
        rows.a[r],
        rows.b[r],
        rows.state[r],
        rows.known[r],
        rows.successes[r],
        rows.inserted[r],
        rows.updated[r],
        rows.held[r],
        rows.held_successes[r],
        rows.scores[r],
        lazy_index_of(rows.lazy_index, r),
        tails_of(rows.tails, r),
        leader_of(rows.leader, r),
        pool_of(rows.pool, r),
        batch_of(rows.batch, r),
        rows.unknown[r],
        rows.recent[r],
        rows.n_all[r],
        rows.s_all[r],
        rows.outcome_key[r],
        rows.delay_key[r],
        rows.churn_key[r],
        rows.policy_key[r],
        rows.pool_key[r],
    )


def batch_of(batch: Batch, r: int) -> Batch:
    """Row `r` alone."""
    return Batch(batch.told_n[r], batch.told_s[r], batch.new_n[r], batch.new_s[r], batch.notes[r])


def log_of(log: Log, r: int) -> Log:
    """Row `r` alone: arrays (slots,)."""
    return Log(log.arm[r], log.generation[r], log.outcome[r], log.weight[r], log.counted[r], log.after[r], log.first[r])


class RowKeys(NamedTuple):
    """The address of each stream of random numbers, (rows,)."""

    outcome: Any
    delay: Any
    churn: Any
    policy: Any
    pool: Any


def new_rows(
    means: Any,
    policy: Policy,
    keys: RowKeys,
    pool: Pool | None = None,
    *,
    expects: bool = False,
    reads_all: bool = False,
) -> Rows:
    """Rows at time zero; `means` (rows, arms) becomes theirs."""
    rows, shape = means.shape[0], means.shape
    none = (rows, 0)
    return Rows(
        means=means,
        pulled=np.zeros(shape, np.int64),
        generation=np.zeros(shape, np.int64),
        shown=np.zeros(shape, np.int64),
        stale=np.ones(shape, np.bool_),
        n=np.zeros(shape),
        s=np.zeros(shape),
        ipw_successes=np.zeros(shape),
        a=np.zeros(shape),
        b=np.zeros(shape),
        state=np.zeros((rows, policy.state_size)),
        known=np.zeros(shape, np.int64),
        successes=np.zeros(shape, np.int64),
        inserted=np.zeros(shape, np.int64),
        updated=np.zeros(shape, np.int64),
        held=np.zeros(shape, np.int64),
        held_successes=np.zeros(shape, np.int64),
        scores=np.zeros((rows, shape[1] if policy.vectorise_from else 0)),
        lazy_index=new_lazy_index(rows, shape[1] if policy.concave_index else 0),
        tails=new_tails(rows, shape[1] if policy.tail_evaluable else 0),
        leader=new_leader(rows),
        pool=new_pool(rows, shape[1], None, None) if pool is None else pool,
        batch=new_batch(shape if policy.reads_batches else none, policy.note_size),
        unknown=np.zeros(shape if expects else none),
        recent=np.zeros(shape if expects else none),
        n_all=np.zeros(shape if reads_all else none),
        s_all=np.zeros(shape if reads_all else none),
        outcome_key=keys.outcome,
        delay_key=keys.delay,
        churn_key=keys.churn,
        policy_key=keys.policy,
        pool_key=keys.pool,
    )


def new_batch(shape: tuple[int, int], note_size: int) -> Batch:
    """Nothing learned yet."""
    told_n, told_s, new_n, new_s = (np.zeros(shape) for _ in range(4))
    return Batch(told_n, told_s, new_n, new_s, np.zeros((*shape, note_size)))


def new_log(rows: int, slots: int, buckets: int, weighted: bool) -> Log:
    """An empty log with room for `slots` pulls and `buckets` refreshes; none at all for 0."""
    slots, buckets = _power_of_two(slots), _power_of_two(buckets)
    return Log(
        arm=np.zeros((rows, slots), np.int32),
        generation=np.zeros((rows, slots), np.int32),
        outcome=np.zeros((rows, slots), np.int8),
        weight=np.zeros((rows, slots if weighted else 0)),
        counted=np.zeros((rows, slots), np.bool_),
        after=np.full((rows, slots), -1, np.int32),
        first=np.full((rows, buckets), -1, np.int32),
    )


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length() if least else 0


def new_sums(rows: int) -> Sums:
    """All zero."""
    return Sums(regret=np.zeros(rows), reward=np.zeros(rows), best_pulls=np.zeros(rows, np.int64))
