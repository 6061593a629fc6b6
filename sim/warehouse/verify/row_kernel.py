# ruff: noqa: PLR0917  (kernels take their arrays by position)
"""The contents checks of `sql/checks/contents_*.sql` in one compiled pass over Arrow columns.

The SQL files are the authority; this repeats them for tables of many millions of rows, where windows over all rows take
too long. A test compares the answers of both. The functions are plain Python, compiled by `sim.kernels.specialise`.
A column is its values and its validity bits as Arrow lays them out, least significant bit first; no bits: no NULLs.
"""

import math
from typing import Any

from policies.maths.wilson import Z, wilson_interval

INTEGERS = ("caption_id", "successes", "failures", "total_observations", "last_used", "last_updated",
            "performance_percentile")  # fmt: skip
REALS = ("total_revenue", "avg_conversion_rate", "avg_emv", "last_emv_observed", "confidence_lower_bound",
         "confidence_upper_bound", "exploration_score")  # fmt: skip
CAPTION, SUCCESSES, FAILURES, OBSERVATIONS, USED, UPDATED, PERCENTILE = range(7)
REVENUE, CONVERSION, MEAN_EMV, LAST_EMV, LOWER, UPPER, EXPLORATION = range(7, 14)
PAGE = 14

# What is counted.
FACTORS = (2, 3, 5, 7, 11, 13)  # of successes - 1 and failures - 1 together
RECOUNTS = range(14, 29)  # factors of successes - 1 alone; counted with their neighbours 13 and 29
COUNTED_RECOUNTS = range(13, 30)
COUNTED = ("rows", "missing", "outside", "counted", "bounds", "exploration", "late", "future", "above", "surplus",
           "fewer", "unlabelled", "observations", "unprimed", "unordered", "unranked", "with_successes", "both_kinds",
           *(f"by_{factor}" for factor in FACTORS), *(f"s_{factor}" for factor in COUNTED_RECOUNTS))  # fmt: skip
(ROWS, MISSING, OUTSIDE, WITH_COUNTS, WRONG_BOUNDS, WRONG_EXPLORATION, LATE, FUTURE, ABOVE, SURPLUS, FEWER, UNLABELLED,
 OBSERVED, UNPRIMED, UNORDERED, UNRANKED, WITH_SUCCESSES, BOTH_KINDS) = range(18)  # fmt: skip
FIRST_FACTOR = 18
FIRST_RECOUNT = FIRST_FACTOR + 6
PERCENTILES = 101
TOLERANCE = 1e-9
HUGE = 1e300
YEAR_2000 = 946_684_800_000_000  # microseconds
SMALL = 64


def scan_rows(
    page: Any,
    ints: Any,
    reals: Any,
    masks: Any,
    offsets: Any,
    counts: Any,
    keys: Any,
    spans: Any,
    small: Any,
    latest: int,
) -> None:
    """Count what is wrong in the rows of one batch.

    `page` (rows,) are codes below the number of the batch's pages; `ints` and `reals` tuples of seven (rows,) columns,
    `masks` of 15 (bits) with `offsets` (15,); `counts` (41,) is added to. `keys` (pages, 3): rows, first and last
    caption of each page. `spans` (4, pages, 101): least and most avg_emv of each percentile, its rows, and those of
    them that have the most. `small` (2, 64, 64): the bounds of small counts, which most rows have. `latest`:
    later times are in the future.
    """
    for i in range(page.size):
        used = known(masks, offsets, USED, i)
        missing = any_missing(masks, offsets, i)
        counts[ROWS] += 1
        if known(masks, offsets, OBSERVATIONS, i):
            counts[OBSERVED] += ints[OBSERVATIONS][i]
        counts[MISSING] += missing
        counts[OUTSIDE] += is_outside(ints, reals, masks, offsets, i)
        judge_times(ints, masks, offsets, counts, used, latest, i)
        counts[ABOVE] += is_above_revenue(reals, masks, offsets, i)
        if known(masks, offsets, SUCCESSES, i) and known(masks, offsets, FAILURES, i):
            judge_counts(ints, reals, masks, offsets, counts, used, small, i)
        else:
            judge_half_counts(ints, masks, offsets, counts, i)
        if known(masks, offsets, PAGE, i) and known(masks, offsets, CAPTION, i):
            record_key(ints[CAPTION][i], page[i], keys, counts)
        else:
            counts[UNORDERED] += 1
        record_rank(page[i], ints, reals, masks, offsets, counts, spans, i)


def known(masks: Any, offsets: Any, column: int, i: int) -> bool:
    """Whether the value is not NULL."""
    mask = masks[column]
    if mask.size == 0:
        return True
    at = offsets[column] + i
    return bool((mask[at >> 3] >> (at & 7)) & 1 != 0)


def any_missing(masks: Any, offsets: Any, i: int) -> int:
    """1 if the key, a count or last_updated is NULL."""
    here = known(masks, offsets, CAPTION, i) and known(masks, offsets, PAGE, i) and known(masks, offsets, UPDATED, i)
    counted = known(masks, offsets, SUCCESSES, i) and known(masks, offsets, FAILURES, i)
    return 0 if here and counted and known(masks, offsets, OBSERVATIONS, i) else 1


def is_outside(ints: Any, reals: Any, masks: Any, offsets: Any, i: int) -> int:
    """1 if a value that is not NULL lies outside its range (NaN lies outside every range)."""
    bad = False
    for column in (SUCCESSES, FAILURES, OBSERVATIONS):
        bad |= ints[column][i] < 0 and known(masks, offsets, column, i)
    percentile = ints[PERCENTILE][i]
    bad |= (percentile < 0 or percentile > 100) and known(masks, offsets, PERCENTILE, i)
    for column in (REVENUE, MEAN_EMV, LAST_EMV):
        value = reals[column - REVENUE][i]
        bad |= not 0.0 <= value < HUGE and known(masks, offsets, column, i)
    rate = reals[CONVERSION - REVENUE][i]
    bad |= not 0.0 <= rate <= 1.0 and known(masks, offsets, CONVERSION, i)
    return 1 if bad else 0


def judge_times(ints: Any, masks: Any, offsets: Any, counts: Any, used: bool, latest: int, i: int) -> None:
    """Whether last_used comes after last_updated or either before 2000, and whether either lies in the future."""
    updated = known(masks, offsets, UPDATED, i)
    early = (used and ints[USED][i] < YEAR_2000) or (updated and ints[UPDATED][i] < YEAR_2000)
    counts[LATE] += early or (used and updated and ints[USED][i] > ints[UPDATED][i])
    counts[FUTURE] += (used and ints[USED][i] > latest) or (updated and ints[UPDATED][i] > latest)


def is_above_revenue(reals: Any, masks: Any, offsets: Any, i: int) -> bool:
    """Whether an EMV exceeds the revenue of its row by more than a millionth."""
    if not known(masks, offsets, REVENUE, i):
        return False
    revenue = reals[0][i]
    limit = revenue + 1e-6 * abs(revenue) + 1e-6
    mean = known(masks, offsets, MEAN_EMV, i) and reals[MEAN_EMV - REVENUE][i] > limit
    return bool(mean or (known(masks, offsets, LAST_EMV, i) and reals[LAST_EMV - REVENUE][i] > limit))


def judge_counts(ints: Any, reals: Any, masks: Any, offsets: Any, counts: Any, used: bool, small: Any, i: int) -> None:
    """What follows from successes and failures: bounds, exploration score, observations."""
    s, f = ints[SUCCESSES][i], ints[FAILURES][i]
    if known(masks, offsets, OBSERVATIONS, i):
        labels, observations = s + f - 2, ints[OBSERVATIONS][i]
        if labels > observations:
            counts[SURPLUS] += not are_fans(ints, reals, masks, offsets, i)
        elif labels < observations:
            counts[FEWER] += 1
            counts[UNLABELLED] += observations - labels
    counts[UNPRIMED] += s < 1 or f < 1
    count_multiples(s, f, counts)
    if s < 0 or f < 0:
        return
    counts[WITH_COUNTS] += 1
    if s < SMALL and f < SMALL:
        low, high = small[0, s, f], small[1, s, f]
    else:
        low, high = wilson_interval(float(s), float(f), Z)
    near = abs(reals[LOWER - REVENUE][i] - low) <= TOLERANCE and abs(reals[UPPER - REVENUE][i] - high) <= TOLERANCE
    there = known(masks, offsets, LOWER, i) and known(masks, offsets, UPPER, i)
    counts[WRONG_BOUNDS] += not (near and there)
    score = reals[EXPLORATION - REVENUE][i]
    square, n = score * score, float(s + f)
    right = abs(square * (n + 1.0) - 1.0) <= TOLERANCE or (not used and abs(square * n - 1.0) <= TOLERANCE)
    counts[WRONG_EXPLORATION] += not (right and known(masks, offsets, EXPLORATION, i))


def count_multiples(s: int, f: int, counts: Any) -> None:
    """Whether the labels beyond the prior share a factor, as they do where each message is counted several times."""
    if s <= 1:
        return
    counts[WITH_SUCCESSES] += 1
    for recount in range(13, 30):
        counts[FIRST_RECOUNT + recount - 13] += (s - 1) % recount == 0
    if f > 1:
        counts[BOTH_KINDS] += 1
        for at, factor in enumerate(FACTORS):
            counts[FIRST_FACTOR + at] += (s - 1) % factor == 0 and (f - 1) % factor == 0


def are_fans(ints: Any, reals: Any, masks: Any, offsets: Any, i: int) -> bool:
    """Whether each fan is a label: the conversion rate is the share of successes, with equally many per message."""
    s, f, observations = ints[SUCCESSES][i], ints[FAILURES][i], ints[OBSERVATIONS][i]
    rate = reals[CONVERSION - REVENUE][i]
    near = abs(rate * (s + f - 2) - (s - 1)) <= 1e-6 * (s + f) and known(masks, offsets, CONVERSION, i)
    return bool(near and observations > 0 and (s + f - 2) % max(observations, 1) == 0)


def judge_half_counts(ints: Any, masks: Any, offsets: Any, counts: Any, i: int) -> None:
    """One count is NULL: the other may still lack the prior."""
    if known(masks, offsets, SUCCESSES, i):
        count_multiples(ints[SUCCESSES][i], 0, counts)
    lacking = ints[SUCCESSES][i] < 1 and known(masks, offsets, SUCCESSES, i)
    counts[UNPRIMED] += lacking or (ints[FAILURES][i] < 1 and known(masks, offsets, FAILURES, i))


def record_key(caption: int, page: int, keys: Any, counts: Any) -> None:
    """Captions that rise within each page are unique; any other order is left to a slower proof."""
    if keys[page, 0] == 0:
        keys[page, 1] = caption
    elif caption <= keys[page, 2]:
        counts[UNORDERED] += 1
    keys[page, 0] += 1
    keys[page, 2] = caption


def record_rank(page: int, ints: Any, reals: Any, masks: Any, offsets: Any, counts: Any, spans: Any, i: int) -> None:
    """Add the row to the span of its percentile; a NULL avg_emv ranks below all others."""
    rank = ints[PERCENTILE][i]
    value = reals[MEAN_EMV - REVENUE][i] if known(masks, offsets, MEAN_EMV, i) else -math.inf
    ranked = known(masks, offsets, PERCENTILE, i) and 0 <= rank < PERCENTILES
    if not ranked or math.isnan(value) or not known(masks, offsets, PAGE, i):
        counts[UNRANKED] += 1
        return
    if value > spans[1, page, rank] or spans[2, page, rank] == 0:
        spans[1, page, rank] = value
        spans[3, page, rank] = 0
    spans[0, page, rank] = min(value, spans[0, page, rank])
    spans[2, page, rank] += 1
    spans[3, page, rank] += value == spans[1, page, rank]
