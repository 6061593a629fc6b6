"""The rules of the update job: the EMV of a message, the median it is compared with, and the label that follows.

Small plain functions that the traffic kernel compiles (`sim.kernels.specialise`); times are in seconds. How often a
message is counted is decided elsewhere: once by `update_job`, at every refresh by `recount`.

The window of a page is `recent`, a ring of (time, emv) whose head and size are in `page`, and `positive_emvs_sorted`,
the EMVs above 0 in ascending order: most are 0, and need no sorting.
"""

import math

from sim.worlds.base import Floats
from sim.worlds.sorted_arrays import insert_sorted, remove_sorted
from sim.worlds.traffic.records import Record, Records

SUCCESS, FAILURE, NEITHER = 1, 0, -1


def emv_of(purchases: int, views: int, price: int) -> float:
    """Expected monetary value in dollars: (purchases / views) × earnings; NaN (NULL) without a view."""
    if views == 0:
        return math.nan
    return purchases / views * (price * purchases)


def label_of(emv: float, median: float) -> int:
    """Success where the EMV exceeds the median, failure where not, neither where one of them is NULL."""
    if emv > median:
        return SUCCESS
    return FAILURE if emv <= median else NEITHER


def share_known(age_s: float, delay_s: float) -> float:
    """Probability that a purchase has come `age_s` after its message: exponential delay of mean `delay_s`."""
    return 1.0 if delay_s == 0.0 else -math.expm1(-age_s / delay_s)


def wrapped(place: int, size: int) -> int:
    """The place in a ring of `size`, of one less than twice that: a division would take as long as all the rest."""
    return place - size if place >= size else place


def remember(page: Record, recent: Records, positive_emvs_sorted: Floats, time: int, emv: float) -> None:
    """Add a message to the page's window; messages come in order of time."""
    entry = recent[wrapped(page.recent_head + page.recent_size, recent.shape[0])]
    entry.time, entry.emv = time, emv
    page.recent_size += 1
    if emv > 0.0:
        page.positives = insert_sorted(positive_emvs_sorted, page.positives, emv)


def forget(page: Record, recent: Records, positive_emvs_sorted: Floats, before: int) -> None:
    """Drop the page's messages sent before time `before`."""
    while page.recent_size > 0 and recent[page.recent_head].time < before:
        emv = recent[page.recent_head].emv
        page.recent_head = wrapped(page.recent_head + 1, recent.shape[0])
        page.recent_size -= 1
        if emv > 0.0:
            page.positives = remove_sorted(positive_emvs_sorted, page.positives, emv)


def median_emv(page: Record, positive_emvs_sorted: Floats) -> float:
    """Median of the page's window, the mean of the middle two where their number is even; NaN (NULL) of none."""
    size, zeros = page.recent_size, page.recent_size - page.positives
    if size == 0:
        return math.nan
    middle = emv_at_rank(positive_emvs_sorted, size // 2 - zeros)
    if size % 2 == 1:
        return middle
    return 0.5 * (emv_at_rank(positive_emvs_sorted, size // 2 - 1 - zeros) + middle)


def lower_median_emv(page: Record, positive_emvs_sorted: Floats) -> float:
    """The lower of the middle two values, or the middle one; NaN (NULL) of none."""
    size, zeros = page.recent_size, page.recent_size - page.positives
    return math.nan if size == 0 else emv_at_rank(positive_emvs_sorted, (size - 1) // 2 - zeros)


def emv_at_rank(positive_emvs_sorted: Floats, rank: int) -> float:
    """The EMV of 0-based `rank` among the positive ones; those of negative rank are 0."""
    return 0.0 if rank < 0 else float(positive_emvs_sorted[rank])
