"""The compiled loop of the table world: plain functions for `sim.kernels.specialise`.

At equal time a refresh comes before a send. A policy binds its rule and, as constants, `PRUNE`, `WEIGHTED`,
`DISCOUNTED` and `WINDOWED` (its memory); the scenario binds `LABEL_SEND` and, where sends are recorded, `RECORD`.
Nothing here makes an array.
"""

from collections.abc import Callable

from policies.maths.draws import arm_key, beta, pull_key
from sim.kernels import force_inline, unbound
from sim.worlds.base import Counts, Floats, Keys, Params
from sim.worlds.count_draws import binomial
from sim.worlds.selection.argmax import best_arm, can_win
from sim.worlds.selection.chances import chance_of_one, copy
from sim.worlds.selection.pool import place_of, show_pool
from sim.worlds.table.feedback import refresh, refresh_after, slot_of, summarise_all
from sim.worlds.table.rows import Clock, Rows, Span, page_of

prepare: Callable[..., None] = unbound("prepare")
weight: Callable[..., float] = unbound("weight")
LABEL_SEND: bool = unbound("LABEL_SEND")
POOL: bool = unbound("POOL")  # whether the policy is shown a pool of the arms
RECORD: bool = unbound("RECORD")
WEIGHTED: bool = unbound("WEIGHTED")


def advance(rows: Rows, offsets: Counts, clock: Clock, span: Span, params: Params) -> tuple[int, int]:
    """Send what `span` says on every page of every replication, refreshing where due before a send or at the end.

    Returns `seen` and `oldest` of the next span, equal for all pages.
    """
    after = span.seen, span.oldest
    for r in range(rows.rates.shape[0]):
        for p in range(offsets.size - 1):
            after = advance_page(page_of(rows, offsets, r, p), clock, span, params)
    return after


def advance_page(page: Rows, clock: Clock, span: Span, params: Params) -> tuple[int, int]:
    """The same for one page."""
    seen, oldest = span.seen, span.oldest
    if span.first == 0:
        summarise_all(page, params)
    number = refresh_after(seen, clock)
    for send in range(span.first, span.last):
        if send > seen and clock.due[number] <= send:
            oldest = refresh(page, number, clock, seen, send, oldest, params)
            seen = send
            number = refresh_after(seen, clock)
        send_one(page, send, clock, params)
    if span.last > seen and number <= span.refresh:
        oldest = refresh(page, number, clock, seen, span.last, oldest, params)
        seen = span.last
    return seen, oldest


@force_inline
def send_one(page: Rows, send: int, clock: Clock, params: Params) -> None:
    """Decide, draw the outcome, log both."""
    if RECORD:
        copy(page.state, page.bench.states[0])
    arm = decide(page, trials(send, clock), send, params)
    conversions = draw_outcome(page, arm, clock.fans)
    slot = slot_of(send, page.log_arm)
    if WEIGHTED:
        page.log_weight[slot] = weight(page.a[arm], page.b[arm], page.state, params)
    elif RECORD:
        page.log_weight[slot] = 1.0 / chance(arm, send, page, clock, params)
    page.log_arm[slot] = arm
    page.log_conversions[slot] = conversions
    page.conversions[0] += conversions
    page.earned[0] += conversions * page.worth[arm]


def trials(send: int, clock: Clock) -> int:
    """Trials of a page before `send`."""
    return send if LABEL_SEND else send * clock.fans


@force_inline
def decide(page: Rows, t: int, send: int, params: Params) -> int:
    """The arm that the policy sends after `t` trials."""
    key = pull_key(page.policy_key, send)
    if POOL:
        show_pool(float(send), page.pool_key, page.n, page.a, page.b, page.pool)
    n, a, b = (page.pool.n, page.pool.a, page.pool.b) if POOL else (page.n, page.a, page.b)
    prepare(t, n, a, b, params, page.state, key)
    arm = best_arm(a, b, params, page.state, key)
    if arm < 0:
        raise ValueError("every score is NaN")
    return page.pool.order[arm] if POOL else arm


def chance(arm: int, send: int, page: Rows, clock: Clock, params: Params) -> float:
    """The probability with which the policy chose this arm here."""
    t, key = trials(send, clock), pull_key(page.policy_key, send)
    place = place_of(arm, page.pool) if POOL else arm
    n, a, b = (page.pool.n, page.pool.a, page.pool.b) if POOL else (page.n, page.a, page.b)
    return chance_of_one(place, t, n, a, b, params, page.state, page.bench, key)


def draw_outcome(page: Rows, arm: int, fans: int) -> int:
    """Conversions of an arm's next send: a function of replication, page, arm and how often it was sent."""
    sent = page.sent[arm]
    page.sent[arm] = sent + 1
    return binomial(pull_key(arm_key(page.outcome_key, arm), sent), fans, page.rates[arm])


def count_locked_out(rows: Rows, offsets: Counts, clock: Clock, send: int, params: Params, locked: Counts) -> None:
    """Count in `locked` (R,) the pages of which, at `send`, no truly best arm can be sent; `rows.state` changes."""
    for r in range(rows.rates.shape[0]):
        for p in range(offsets.size - 1):
            page = page_of(rows, offsets, r, p)
            if POOL:
                show_pool(float(send), page.pool_key, page.n, page.a, page.b, page.pool)
            n, a, b = (page.pool.n, page.pool.a, page.pool.b) if POOL else (page.n, page.a, page.b)
            prepare(trials(send, clock), n, a, b, params, page.state, pull_key(page.policy_key, send))
            locked[r] += not best_can_win(page, a, b, params)


def best_can_win(page: Rows, a: Floats, b: Floats, params: Params) -> bool:
    """Whether any of the truly best arms has a positive probability of being sent, by what is shown of them."""
    best = highest(page.rates)
    for arm in range(page.rates.size):
        place = place_of(arm, page.pool) if POOL else arm
        if page.rates[arm] == best and place >= 0 and can_win(place, a, b, params, page.state):
            return True
    return False


def highest(values: Floats) -> float:
    """The largest of `values`, at least one, none below 0."""
    largest = 0.0
    for value in values:
        largest = max(largest, value)
    return largest


def tally(values: Floats, sent: Counts, offsets: Counts, missed: Floats, best_sends: Counts) -> None:
    """Add up, into (R,), what the sends `sent` (R, A) fell short of the best arm's value, and sends of a best arm.

    `values` (R, A) are conversions per fan, or dollars.
    """
    for r in range(values.shape[0]):
        for p in range(offsets.size - 1):
            low, high = offsets[p], offsets[p + 1]
            best = highest(values[r, low:high])
            for column in range(low, high):
                missed[r] += (best - values[r, column]) * sent[r, column]
                best_sends[r] += sent[r, column] * (values[r, column] == best)


def expect(values: Floats, sent: Counts, offsets: Counts, expected: Floats) -> None:
    """Add up, into (R, P), the `values` (R, A) of all sends of a page."""
    for r in range(values.shape[0]):
        for p in range(offsets.size - 1):
            for column in range(offsets[p], offsets[p + 1]):
                expected[r, p] += values[r, column] * sent[r, column]


def draw_rates(keys: Keys, offsets: Counts, a: Floats, b: Floats, rates: Floats) -> None:
    """Draw `rates` (R, A), each from the Beta(a, b) of its arm, addressed by page key (R, P) and arm; a, b (A,)."""
    for r in range(rates.shape[0]):
        for p in range(offsets.size - 1):
            for column in range(offsets[p], offsets[p + 1]):
                rates[r, column] = beta(arm_key(keys[r, p], column - offsets[p]), a[column], b[column])
