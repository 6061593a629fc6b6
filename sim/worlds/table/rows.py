"""The arrays of a table world, as its kernel sees them.

Arms of all pages of the file stand side by side in columns: page p owns `offsets[p]` up to `offsets[p + 1]`. `Rows`
holds the arrays of a whole block, R replications by P pages by A arms of all pages; `page_of` makes the record of one
page of one replication, K arms.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.worlds.base import Counts
from sim.worlds.selection.chances import Bench
from sim.worlds.selection.pool import Pool

SENDS, CONVERSIONS, SUCCESSES, FIRST_REFRESH, LAST_REFRESH, SQUARES, LATEST = range(7)  # columns of `Rows.known`


class Clock(NamedTuple):
    """Numbers of the scenario, and of the policy's memory, that no kernel is compiled for; time is in sends."""

    fans: int
    """That each send reaches."""
    due: Counts
    """Before which send each refresh happens, ascending, in order of their numbers; the last never happens."""
    median_sends: int
    """Length of the median's window."""
    discount: float
    window: int


class Span(NamedTuple):
    """What a call of the kernel is to do, the same for all rows."""

    first: int
    """The next send."""
    last: int
    """The first send not to be simulated."""
    seen: int
    """Sends known to the policies."""
    oldest: int
    """The oldest send in the median's window."""
    refresh: int
    """Number of the last refresh that is due by the end."""


class Rows(NamedTuple):
    """Pages of arms: the truth, what the policy remembers, what the statistics table stores, the latest sends."""

    rates: Any
    """(R, A): conversions per fan."""
    truth: Any
    """(R, A): what policies that know the truth maximise: `rates`, or dollars per fan."""
    worth: Any
    """(A,): what a conversion counts for: millionths of a dollar, or 1 without prices."""
    sent: Any
    """(R, A): sends so far, the index of an arm's next outcome."""
    n: Any
    """(R, A), as are s, ipw_successes, a, b: see `policies.base`."""
    s: Any
    ipw_successes: Any
    a: Any
    b: Any
    known: Any
    """(R, A, 7): sends, conversions and successes shown by refreshes, the first and last of these refreshes, the sum of
    squared conversions and the conversions of the latest send."""
    state: Any
    """(R, P, state size)."""
    conversions: Any
    """(R, P): so far."""
    earned: Any
    """(R, P): conversions so far, each by its worth."""
    log_arm: Any
    """(R, P, H), as are the other logs: rings of the latest sends; send i is in i mod H, a power of two."""
    log_conversions: Any
    log_successes: Any
    """Known from the send's refresh on."""
    log_weight: Any
    """1 / propensity, (R, P, 0) unless the policy is weighted or sends are recorded."""
    recent: Any
    """(R, P, M): the worth of the sends in the median's window, sorted; the window's size is known from the time."""
    outcome_key: Any
    """(R, P)."""
    policy_key: Any
    """(R, P)."""
    bench: Bench
    """Work space that all pages share."""
    pool: Pool
    """Arms (R, A), other numbers (R, P), what is known of the pool (R, P, size); without pools of no arms."""
    pool_key: Any
    """(R, P)."""


def page_of(rows: Rows, offsets: Any, r: int, p: int) -> Rows:
    """Page `p` of replication `r` alone: the same fields without the axis R, A being K, P gone."""
    low, high = offsets[p], offsets[p + 1]
    return Rows(
        rows.rates[r, low:high],
        rows.truth[r, low:high],
        rows.worth[low:high],
        rows.sent[r, low:high],
        rows.n[r, low:high],
        rows.s[r, low:high],
        rows.ipw_successes[r, low:high],
        rows.a[r, low:high],
        rows.b[r, low:high],
        rows.known[r, low:high],
        rows.state[r, p],
        rows.conversions[r, p : p + 1],
        rows.earned[r, p : p + 1],
        rows.log_arm[r, p],
        rows.log_conversions[r, p],
        rows.log_successes[r, p],
        rows.log_weight[r, p],
        rows.recent[r, p],
        rows.outcome_key[r, p],
        rows.policy_key[r, p],
        rows.bench,
        pool_of_page(rows.pool, low, high, r, p),
        rows.pool_key[r, p],
    )


def pool_of_page(pool: Pool, low: int, high: int, r: int, p: int) -> Pool:
    """The pool of page `p`, whose arms are in columns `low` up to `high`; it may have fewer than pools hold."""
    size, edge = min(pool.n.shape[2], high - low), min(high, pool.order.shape[1])
    return Pool(
        pool.order[r, min(low, edge) : edge],
        pool.number[r, p : p + 1],
        pool.renew[r, p : p + 1],
        pool.n[r, p, :size],
        pool.a[r, p, :size],
        pool.b[r, p, :size],
    )


def new_pools(shape: tuple[int, int], pages: int, size: int | None, renew: float) -> Pool:
    """Pools of each page of `shape` (R, A) that last for `renew` sends; None: no pools."""
    by_page, room = (shape[0], pages), (shape[0], pages, min(size or 0, shape[1]))
    return Pool(
        order=np.zeros((shape[0], shape[1] if size else 0), np.int64),
        number=np.full(by_page, -1, np.int64),
        renew=np.full(by_page, renew),
        n=np.zeros(room),
        a=np.zeros(room),
        b=np.zeros(room),
    )


def new_rows(
    rates: Any,
    pages: int,
    state_size: int,
    *,
    truth: Any,
    worth: Any,
    log: int,
    weighted: bool,
    recent: int,
    outcome_key: Any,
    policy_key: Any,
    bench: Bench,
    pool: Pool,
    pool_key: Any,
) -> Rows:
    """Rows at time zero; `rates` and `truth` (R, A) become theirs; H is at least `log`, M is `recent`."""
    log = 1 << (log - 1).bit_length()
    shape, by_page = rates.shape, (rates.shape[0], pages)
    return Rows(
        rates=rates,
        truth=truth,
        worth=worth,
        sent=np.zeros(shape, np.int64),
        n=np.zeros(shape),
        s=np.zeros(shape),
        ipw_successes=np.zeros(shape),
        a=np.zeros(shape),
        b=np.zeros(shape),
        known=np.zeros((*shape, 7), np.int64),
        state=np.zeros((*by_page, state_size)),
        conversions=np.zeros(by_page, np.int64),
        earned=np.zeros(by_page, np.int64),
        log_arm=np.zeros((*by_page, log), np.int32),
        log_conversions=np.zeros((*by_page, log), np.int32),
        log_successes=np.zeros((*by_page, log), np.int32),
        log_weight=np.zeros((*by_page, log if weighted else 0)),
        recent=np.zeros((*by_page, recent), np.int64),
        outcome_key=outcome_key,
        policy_key=policy_key,
        bench=bench,
        pool=pool,
        pool_key=pool_key,
    )
