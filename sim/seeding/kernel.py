"""The compiled heart of seeding: every row of a page, message by message, from addressed keys.

A caption is used once or a few times, seldom often (a Zipf law through the share used once); every use is one message
to the page's audience, with its own view rate and an over-dispersed number of purchases. The labels compare each
message's EMV with the page's median, exactly as the update job does, so a page is always made as a whole.

Source: the figures of `sim.seeding.figures`. Negative binomial purchases by inversion: Devroye (1986), "Non-Uniform
Random Variate Generation", X.4.
The functions are plain Python, compiled by `sim.kernels.specialise`; arrays of one row are written as `whole[:, row]`.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from policies.maths.draws import mix, pull_key, uniform
from policies.maths.wilson import Z, wilson_interval

# Rows of the two output blocks.
CAPTION_ID, SUCCESSES, FAILURES, OBSERVATIONS, LAST_USED, LAST_UPDATED, PERCENTILE = range(7)
REVENUE, CONVERSION, MEAN_EMV, LAST_EMV, LOWER, UPPER, EXPLORATION = range(7)
WHOLE_COLUMNS, REAL_COLUMNS = 7, 7

NEVER = -1
PRIOR = 1
MOST_PURCHASES = 100_000
TABLED = 32  # counts below it have their scores looked up
SIGN_BIT = np.uint64(1 << 63)  # the lowest INT64
OTHER_BITS = np.uint64((1 << 63) - 1)  # the highest INT64
# What a row's key is spent on besides its messages, which take the keys pull_key(key, 0), pull_key(key, 1), …
PRICED, PRICE, APPEAL, MOMENT = np.uint64(1 << 40), np.uint64(2 << 40), np.uint64(3 << 40), np.uint64(4 << 40)
BOUGHT = np.uint64(5 << 40)  # of a message


def negative_binomial(u: float, mean: float, shape: float) -> int:
    """The count whose distribution function first exceeds `u`; variance mean + mean²/shape; mean > 0, shape > 0."""
    odds = mean / (shape + mean)
    probability = math.exp(-shape * math.log1p(mean / shape))
    count = 0
    u -= probability
    while u >= 0.0 and count < MOST_PURCHASES and probability > 0.0:
        probability *= odds * (shape + count) / (count + 1.0)
        count += 1
        u -= probability
    return count


def along(knots: Any, values: Any, x: float) -> float:
    """Linear interpolation through the rising `knots`; flat outside them."""
    if x <= knots[0]:
        return float(values[0])
    if x >= knots[-1]:
        return float(values[-1])
    place = 1
    while knots[place] < x:
        place += 1
    share = (x - knots[place - 1]) / (knots[place] - knots[place - 1])
    return float(values[place - 1] + share * (values[place] - values[place - 1]))


def quantile(values: Any, u: float) -> float:
    """The quantile at `u` in [0, 1), linear between `values` at even steps of probability."""
    place = u * (values.size - 1)
    low = int(place)
    return float(values[low] + (place - low) * (values[low + 1] - values[low]))


def full_range_id(root: np.uint64, index: int) -> np.int64:
    """A bijection of row indexes onto all signed 64-bit numbers; rows 0 and 1 get the two ends of the range."""
    lowest, highest = mix(root), mix(root + np.uint64(1))
    value = mix(root + np.uint64(index))
    # `mix` is a bijection, and so is each swap of two values.
    if value == lowest:
        value = SIGN_BIT
    elif value == SIGN_BIT:
        value = lowest
    if value == highest:
        value = OTHER_BITS
    elif value == OTHER_BITS:
        value = highest
    return np.int64(value)


def draw_uses(law: Any, key: np.uint64) -> int:
    """Times a caption was used: the first count whose distribution function, `law[count − 1]`, exceeds a uniform."""
    u = uniform(key)
    if u < law[0]:
        return 1
    low, high = 1, law.size - 1
    while low < high:
        middle = (low + high) // 2
        if u < law[middle]:
            high = middle
        else:
            low = middle + 1
    return low + 1


class Model(NamedTuple):
    """What the kernel knows of the plan, whichever the pages; figures as in `sim.seeding.figures`."""

    root: np.uint64
    full_ids: bool
    refreshes: Any  # int64 (refreshes,), microseconds since 1970
    uses_law: Any  # float64 (MOST_USES,), distribution function
    price_shares: Any  # float64 (knots,), and the quantiles there, dollars
    price_quantiles: Any
    per_view: Any  # float64 (most dollars + 1,), purchases a view at whole dollars on a page of level 1
    max_per_view: float
    unpriced_share: float
    view_rates: Any  # float64 (knots,), quantiles at even steps of probability: of the share of fans who view
    appeals: Any  # … and of a caption's own factor
    purchase_shape: float  # of the gamma behind a message's purchases
    bounds: Any  # float64 (TABLED, TABLED, 3): lower, upper, exploration score of small (successes, failures)


class Pages(NamedTuple):
    """Consecutive pages: `starts` (pages + 1,), indexes of their first rows and the end of the last; then (pages,)."""

    starts: Any  # int64
    audiences: Any  # int64, fans
    levels: Any  # float64, factor on purchases per view


def send(model: Any, key: np.uint64, audience: int, per_view: float) -> tuple[int, int]:
    """(views, purchases) of one priced message, `per_view` purchases a view on average.

    At least one fan views it, since the update job sees no others, and at most the audience.
    """
    rate = quantile(model.view_rates, uniform(key))
    views = min(audience, max(1, int(audience * rate + 0.5)))
    return views, min(views, negative_binomial(uniform(key + BOUGHT), views * per_view, model.purchase_shape))


def offer(model: Any, key: np.uint64, level: float) -> tuple[float, float]:
    """A caption's price in whole dollars, 0 where unpriced, and its mean purchases a view on a page of `level`."""
    if uniform(key + PRICED) < model.unpriced_share:
        return 0.0, 0.0
    dollars = max(1.0, math.floor(along(model.price_shares, model.price_quantiles, uniform(key + PRICE)) + 0.5))
    appeal = quantile(model.appeals, uniform(key + APPEAL))
    rate = level * appeal * model.per_view[int(dollars)]
    return dollars, rate / (1.0 + rate / model.max_per_view)


def caption(model: Any, key: np.uint64, page: tuple[int, float], history: Any, real: Any) -> None:
    """All messages of one caption on a page (audience, level); one without a price earns nothing.

    Their EMVs go into `history` (uses,), the money columns into `real` (REAL_COLUMNS,).
    """
    audience, level = page
    dollars, per_view = offer(model, key, level)
    if dollars == 0.0:
        history[:] = 0.0
        real[REVENUE], real[CONVERSION], real[MEAN_EMV], real[LAST_EMV] = 0.0, 0.0, 0.0, 0.0
        return
    purchases, summed = 0, 0.0
    for use in range(history.size):
        views, bought = send(model, pull_key(key, use), audience, per_view)
        history[use] = bought / views * (dollars * bought)
        purchases += bought
        summed += history[use]
    real[REVENUE] = dollars * purchases
    real[CONVERSION] = purchases / (audience * float(history.size))
    real[MEAN_EMV] = summed / history.size
    real[LAST_EMV] = history[history.size - 1]


def median_of(emv: Any) -> float:
    """The median; without sorting where at least half sold nothing (EMV is never negative)."""
    zeros = 0
    for value in emv:
        zeros += value == 0.0
    return 0.0 if 2 * zeros > emv.size else float(np.median(emv))


def label(emv: Any, uses: Any, whole: Any) -> None:
    """Count successes (EMV above the page's median) and failures of each caption, the prior included."""
    median = median_of(emv)
    place = 0
    for row in range(uses.size):
        above = 0
        for use in range(uses[row]):
            above += emv[place + use] > median
        place += uses[row]
        whole[SUCCESSES, row] = PRIOR + above
        whole[FAILURES, row] = PRIOR + uses[row] - above
        whole[OBSERVATIONS, row] = uses[row]


def refresh_index(key: np.uint64, uses: int, refreshes: int) -> int:
    """The refresh after the last of `uses` moments, uniform over the whole time: the largest of `uses` uniforms."""
    u = uniform(key + MOMENT)
    if uses > 1:
        u = u ** (1.0 / uses)
    return min(refreshes - 1, int(u * refreshes))


def scores(successes: int, failures: int) -> tuple[float, float, float]:
    """(lower, upper, exploration score) of stored counts."""
    lower, upper = wilson_interval(float(successes), float(failures), Z)
    return lower, upper, 1.0 / math.sqrt(float(successes) + float(failures) + 1.0)


def score_table() -> np.ndarray:
    """`scores` of all counts below TABLED, shape (TABLED, TABLED, 3); row and column 0 are never asked for."""
    table = np.zeros((TABLED, TABLED, 3))
    for successes in range(1, TABLED):
        for failures in range(1, TABLED):
            table[successes, failures] = scores(successes, failures)
    return table


def finish(model: Any, whole: Any, real: Any, when: int) -> None:
    """The columns that follow from a row's counts, and its times: a row made but never updated has no last_used."""
    successes, failures = whole[SUCCESSES], whole[FAILURES]
    if successes < TABLED and failures < TABLED:
        known = model.bounds[successes, failures]
        real[LOWER], real[UPPER], real[EXPLORATION] = known[0], known[1], known[2]
    else:
        real[LOWER], real[UPPER], real[EXPLORATION] = scores(successes, failures)
    whole[LAST_UPDATED] = when
    whole[LAST_USED] = when if whole[OBSERVATIONS] > 1 else NEVER


def rank(emv: Any, percentile: Any) -> None:
    """PERCENT_RANK by `emv` within the page, times 100, cut to a whole number; equals rank equally, NaN-free input."""
    rows = emv.size
    sold = np.nonzero(emv > 0.0)[0]
    order = sold[np.argsort(emv[sold])]
    percentile[:] = 0
    lowest = rows - order.size
    position = lowest
    for place in range(order.size):
        if place > 0 and emv[order[place]] > emv[order[place - 1]]:
            position = lowest + place
        percentile[order[place]] = int(position / (rows - 1) * 100) if rows > 1 else 0


def fill_page(model: Any, start: int, page: tuple[int, float], whole: Any, real: Any) -> None:
    """Fill all columns of one page (audience, level), whose first row has index `start` among all rows.

    `whole` int64 (WHOLE_COLUMNS, rows) and `real` float64 (REAL_COLUMNS, rows) are the page's slices of the output.
    """
    rows = whole.shape[1]
    uses = np.empty(rows, np.int64)
    for row in range(rows):
        uses[row] = draw_uses(model.uses_law, pull_key(model.root, start + row))
    emv = np.empty(uses.sum())
    place = 0
    for row in range(rows):
        caption(model, pull_key(model.root, start + row), page, emv[place : place + uses[row]], real[:, row])
        place += uses[row]
    label(emv, uses, whole)
    for row in range(rows):
        index = start + row
        refresh = refresh_index(pull_key(model.root, index), uses[row], model.refreshes.size)
        finish(model, whole[:, row], real[:, row], model.refreshes[refresh])
        whole[CAPTION_ID, row] = full_range_id(model.root, index) if model.full_ids else index + 1
    rank(real[MEAN_EMV], whole[PERCENTILE])


def fill_pages(model: Any, pages: Any, whole: Any, real: Any) -> None:
    """Fill consecutive pages into `whole` and `real`, whose columns begin with the first row of the first page."""
    starts = pages.starts
    for place in range(pages.audiences.size):
        low, high = starts[place] - starts[0], starts[place + 1] - starts[0]
        page = (pages.audiences[place], pages.levels[place])
        fill_page(model, starts[place], page, whole[:, low:high], real[:, low:high])
