"""What a policy of the table world is told, and when: plain functions of its kernel, over the record of one page.

A refresh tells the policy of every send before it. With `label: fan` each fan of a send is a trial, each conversion a
success. With `label: send` the send is one trial: a success iff its worth (conversions, each by its price) lies
strictly above the median of the page's sends of the last 30 days, those that the refresh tells of included; a send is
labelled once.

Bound by `sim.kernels.specialise`: the policy's `summarise`; `LABEL_SEND`, `WEIGHTED`, `DISCOUNTED`, `WINDOWED`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.sorted_arrays import insert_sorted, remove_sorted
from sim.worlds.table.rows import (
    CONVERSIONS,
    FIRST_REFRESH,
    LAST_REFRESH,
    LATEST,
    SENDS,
    SQUARES,
    SUCCESSES,
    Clock,
    Rows,
)

summarise: Callable[..., tuple[float, float]] = unbound("summarise")
DISCOUNTED: bool = unbound("DISCOUNTED")
LABEL_SEND: bool = unbound("LABEL_SEND")
WEIGHTED: bool = unbound("WEIGHTED")
WINDOWED: bool = unbound("WINDOWED")


def refresh_after(send: int, clock: Clock) -> int:
    """Number of the first refresh that knows of `send`, the first one after it."""
    return int(np.searchsorted(clock.due, send, side="right"))


def slot_of(send: int, log: Any) -> int:
    """Where a ring of a power of two slots holds a send (a remainder would cost as much as a decision)."""
    return send & (log.size - 1)  # type: ignore[no-any-return]


def refresh(page: Rows, number: int, clock: Clock, seen: int, until: int, oldest: int, params: Params) -> int:
    """Refresh `number` tells of the sends `seen` to `until` − 1; the oldest send then in the median's window."""
    if LABEL_SEND:
        oldest = label_by_median(page, seen, until, oldest, window_start(number, clock))
    else:
        label_by_fan(page, seen, until)
    for send in range(seen, until):
        slot = slot_of(send, page.log_arm)
        store(page, slot, number)
        remember(page, slot, clock)
        if WINDOWED and send >= clock.window:
            forget(page, slot_of(send - clock.window, page.log_arm), clock)
    if DISCOUNTED or WINDOWED:
        summarise_all(page, params)
    else:
        summarise_sent(page, seen, until, params)
    return oldest


def label_by_fan(page: Rows, seen: int, until: int) -> None:
    """Every conversion is a success."""
    for send in range(seen, until):
        slot = slot_of(send, page.log_arm)
        page.log_successes[slot] = page.log_conversions[slot]


def label_by_median(page: Rows, seen: int, until: int, oldest: int, start: int) -> int:
    """Compare each new send with the median of the sends since `start`; the oldest send then in the window."""
    size = slide(page, oldest, start, seen, until)
    # Twice the median, which is a whole number also between the middle two.
    threshold = page.recent[(size - 1) // 2] + page.recent[size // 2]
    for send in range(seen, until):
        slot = slot_of(send, page.log_arm)
        page.log_successes[slot] = 2 * worth_of(send, page) > threshold
    return max(oldest, start)


def window_start(number: int, clock: Clock) -> int:
    """The first send in the median's window at a refresh: the window's length before it, or the next one after that."""
    return max(0, clock.due[number] - clock.median_sends)  # type: ignore[no-any-return]


def slide(page: Rows, oldest: int, start: int, seen: int, until: int) -> int:
    """Turn the sorted worths of the sends `oldest` to `seen` − 1 into those of `start` to `until` − 1; their number."""
    size = seen - oldest
    for send in range(oldest, min(start, seen)):
        size = remove_sorted(page.recent, size, worth_of(send, page))
    for send in range(max(start, seen), until):
        size = insert_sorted(page.recent, size, worth_of(send, page))
    return size


def worth_of(send: int, page: Rows) -> int:
    """What a send's conversions count for."""
    slot = slot_of(send, page.log_arm)
    return page.log_conversions[slot] * page.worth[page.log_arm[slot]]  # type: ignore[no-any-return]


def store(page: Rows, slot: int, number: int) -> None:
    """Count a send in its caption's row of the statistics table."""
    known = page.known[page.log_arm[slot]]
    if known[SENDS] == 0:
        known[FIRST_REFRESH] = number
    known[SENDS] += 1
    known[CONVERSIONS] += page.log_conversions[slot]
    known[SUCCESSES] += page.log_successes[slot]
    known[SQUARES] += page.log_conversions[slot] * page.log_conversions[slot]
    known[LATEST] = page.log_conversions[slot]
    known[LAST_REFRESH] = number


def remember(page: Rows, slot: int, clock: Clock) -> None:
    """Add a send to what the policy remembers; under a discount, all before fades."""
    if DISCOUNTED:
        for arm in range(page.n.size):
            page.n[arm] *= clock.discount
            page.s[arm] *= clock.discount
            page.ipw_successes[arm] *= clock.discount
    include(page, slot, 1.0, clock)


def forget(page: Rows, slot: int, clock: Clock) -> None:
    """Take a send out of what the policy remembers."""
    include(page, slot, -1.0, clock)


def include(page: Rows, slot: int, times: float, clock: Clock) -> None:
    """Add a send's trials and successes `times` over."""
    arm, successes = page.log_arm[slot], page.log_successes[slot] * times
    page.n[arm] += times if LABEL_SEND else times * clock.fans
    page.s[arm] += successes
    if WEIGHTED:
        page.ipw_successes[arm] += successes * page.log_weight[slot]


def summarise_all(page: Rows, params: Params) -> None:
    """Bring `a` and `b` up to the statistics of all arms (and to the truth, which the oracle knows at once)."""
    for arm in range(page.n.size):
        summarise_arm(page, arm, params)


def summarise_sent(page: Rows, seen: int, until: int, params: Params) -> None:
    """The same for the arms of the sends `seen` to `until` − 1."""
    for send in range(seen, until):
        summarise_arm(page, page.log_arm[slot_of(send, page.log_arm)], params)


def summarise_arm(page: Rows, arm: int, params: Params) -> None:
    """The same for one arm."""
    page.a[arm], page.b[arm] = summarise(page.n[arm], page.s[arm], page.ipw_successes[arm], page.truth[arm], params)
