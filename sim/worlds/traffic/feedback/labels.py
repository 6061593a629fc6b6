"""The rules of the update job: the value of a message, the median it is compared with, and the label that follows.

`feedback.label` says what the value is and which messages enter the median (docs/traffic.md). Small plain functions
that the traffic kernel compiles (`sim.kernels.specialise`); times are in seconds. How often a message is counted is
decided elsewhere: once by `update_job`, at every refresh by `recount`.

The window of a page is `recent`, a ring of (time, value) whose head and size are in `page`, and
`positive_values_sorted`, the values above 0 in ascending order: most are 0, and need no sorting.
"""

import math

from sim.scenario.sections.traffic_loop import LABELS
from sim.worlds.base import Floats
from sim.worlds.sorted_arrays import insert_sorted, remove_sorted
from sim.worlds.traffic.records import Record, Records

SUCCESS, FAILURE, NEITHER = 1, 0, -1
EMV_ABOVE_MEDIAN, SOLD, EMV_ABOVE_PRICED_MEDIAN, PURCHASES_PER_VIEW, DOLLARS_PER_VIEW = range(len(LABELS))


def emv_of(purchases: int, views: int, price: int) -> float:
    """Expected monetary value in dollars: (purchases / views) × earnings; NaN (NULL) without a view."""
    if views == 0:
        return math.nan
    return purchases / views * (price * purchases)


def value_of(label: int, emv: float, purchases: int, views: int, price: int) -> float:
    """What the label compares with the median: the EMV, or purchases or dollars per view; NaN where the EMV is."""
    if math.isnan(emv):
        return math.nan
    if label == PURCHASES_PER_VIEW:
        return purchases / views
    if label == DOLLARS_PER_VIEW:
        return purchases / views * price
    return emv


def enters_median(label: int, value: float, price: int) -> bool:
    """Whether a message is among those of the median: with a value and, but for the deployed label, with a price."""
    return not math.isnan(value) and (label in (EMV_ABOVE_MEDIAN, SOLD) or price > 0)


def label_of(value: float, median: float) -> int:
    """Success where the value exceeds the median, failure where not, neither where one of them is NULL."""
    if value > median:
        return SUCCESS
    return FAILURE if value <= median else NEITHER


def share_known(age_s: float, delay_s: float) -> float:
    """Probability that a purchase has come `age_s` after its message: exponential delay of mean `delay_s`."""
    return 1.0 if delay_s == 0.0 else -math.expm1(-age_s / delay_s)


def wrapped(place: int, size: int) -> int:
    """The place in a ring of `size`, of one less than twice that: a division would take as long as all the rest."""
    return place - size if place >= size else place


def remember(page: Record, recent: Records, positive_values_sorted: Floats, time: int, value: float) -> None:
    """Add a message to the page's window; messages come in order of time."""
    entry = recent[wrapped(page.recent_head + page.recent_size, recent.shape[0])]
    entry.time, entry.value = time, value
    page.recent_size += 1
    if value > 0.0:
        page.positives = insert_sorted(positive_values_sorted, page.positives, value)


def forget(page: Record, recent: Records, positive_values_sorted: Floats, before: int) -> None:
    """Drop the page's messages sent before time `before`."""
    while page.recent_size > 0 and recent[page.recent_head].time < before:
        value = recent[page.recent_head].value
        page.recent_head = wrapped(page.recent_head + 1, recent.shape[0])
        page.recent_size -= 1
        if value > 0.0:
            page.positives = remove_sorted(positive_values_sorted, page.positives, value)


def exact_median(page: Record, positive_values_sorted: Floats) -> float:
    """Median of the page's window, the mean of the middle two where their number is even; NaN (NULL) of none."""
    size, zeros = page.recent_size, page.recent_size - page.positives
    if size == 0:
        return math.nan
    middle = value_at_rank(positive_values_sorted, size // 2 - zeros)
    if size % 2 == 1:
        return middle
    return 0.5 * (value_at_rank(positive_values_sorted, size // 2 - 1 - zeros) + middle)


def lower_median(page: Record, positive_values_sorted: Floats) -> float:
    """The lower of the middle two values, or the middle one; NaN (NULL) of none."""
    size, zeros = page.recent_size, page.recent_size - page.positives
    return math.nan if size == 0 else value_at_rank(positive_values_sorted, (size - 1) // 2 - zeros)


def value_at_rank(positive_values_sorted: Floats, rank: int) -> float:
    """The value of 0-based `rank` among the positive ones; those of negative rank are 0."""
    return 0.0 if rank < 0 else float(positive_values_sorted[rank])
