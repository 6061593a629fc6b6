"""Pages, audiences, messages per day, hours, prices, captions, attribution: what can be counted."""

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from sim.calibration.figures import Figure, Floats, Z, quantile, share, unknown
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.scenario.sections.traffic import Sends as SendsSection
from sim.units import DAY_S, HOUR_S

LEAST_PAGES = 5  # for a distribution of audiences
LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
PRICE_LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 1.0)
SIZE_LIMITS = SendsSection().size_limits
TAIL = 0.04  # of days, below the least and above the most number of messages: real days are irregular
LEAST_DAYS = 5  # of a size class


def audiences(sends: Sends) -> Floats:
    """Fans of each page: the median number of recipients of its messages, (pages,)."""
    order = np.lexsort((sends.sent, sends.page))
    first = np.searchsorted(sends.page[order], np.arange(len(sends.pages)))
    last = np.append(first[1:], sends.rows)
    middle: Integers = sends.sent[order][(first + last - 1) // 2]
    return middle.astype(np.float64)


def volume_figures(sends: Sends) -> list[Figure]:
    """Pages, start, audience, messages, hours and prices."""
    first = datetime.fromtimestamp(int(sends.time.min()), UTC).date().isoformat()
    return [
        Figure("world.pages", len(sends.pages)),
        Figure("world.start", first, note="first day of the log"),
        _audience(audiences(sends)),
        Figure("world.sends.reach", 1.0, note="fans are counted as the recipients of a message"),
        *_messages(sends),
        *_bank(sends),
    ]


def _audience(fans: Floats) -> Figure:
    if len(fans) < LEAST_PAGES or np.ptp(fans) == 0.0:
        why = "the median of the pages" if len(fans) > 1 else "recipients of the one page"
        return Figure("world.audience.fixed", round(float(np.median(fans))), note=why)
    found = [quantile(np.log(fans), level) for level in LEVELS]
    points = rising([[level, max(1.0, np.rint(np.exp(point[0])))] for level, point in zip(LEVELS, found, strict=True)])
    low, high = ([max(1.0, float(np.exp(point[side]))) for point in found] for side in (1, 2))
    return Figure("world.audience.quantiles", points, low, high, note=f"of {len(fans)} pages; ends as observed")


def rising(points: list[list[float]]) -> list[list[float]]:
    """Points whose values do not fall, as plain numbers."""
    values = np.maximum.accumulate([value for _, value in points])
    return [[level, float(value)] for (level, _), value in zip(points, values, strict=True)]


def _messages(sends: Sends) -> list[Figure]:
    """Unpriced share, messages per page and day, hours and gaps."""
    days = _full_days(sends)
    priced, totals = _per_day(sends, sends.priced, days), _per_day(sends, np.ones(sends.rows, np.bool_), days)
    second = sends.time % DAY_S
    hours = [float(second.min() // HOUR_S), float(-(-(int(second.max()) + 1) // HOUR_S))]
    limits = [float(max(1, totals.min())), float(max(1, totals.max()))]
    return [
        Figure("world.sends.priced_per_day", _classes(audiences(sends), priced), note="by size class"),
        _unpriced_share(priced.ravel(), totals.ravel(), limits),
        Figure("world.sends.per_day_limits", limits, note="least and most messages of a page and day"),
        *(
            [Figure("feedback.unsold", "missing", note="purchased_count is NULL and never 0")]
            if sends.unsold_missing
            else []
        ),
        Figure("world.sends.hours", hours, note="first and last hour with messages"),
        _gaps(sends),
    ]


def _full_days(sends: Sends) -> tuple[int, int]:
    """First day and number of days; the first and the last day of the log may be cut and are left out."""
    first, last = int(sends.day.min()), int(sends.day.max())
    return (first + 1, last - first - 1) if last - first >= 4 else (first, last - first + 1)


def _per_day(sends: Sends, chosen: Flags, days: tuple[int, int]) -> Integers:
    """Messages per page and day, (pages, days)."""
    day = sends.day - days[0]
    inside = chosen & (day >= 0) & (day < days[1])
    place = sends.page[inside] * days[1] + day[inside]
    return np.bincount(place, minlength=len(sends.pages) * days[1]).reshape(len(sends.pages), days[1])


def _classes(fans: Floats, priced: Integers) -> list[list[float]]:
    """Least and most priced messages per day, one pair for each size class; classes without pages copy the nearest."""
    edges = [0.0, *map(float, SIZE_LIMITS), np.inf]
    found = [priced[(fans >= low) & (fans < high)].ravel() for low, high in pairwise(edges)]
    pairs = [
        [float(np.quantile(part, q, method="nearest")) for q in (TAIL, 1.0 - TAIL)] if len(part) >= LEAST_DAYS else None
        for part in found
    ]
    known = [place for place, pair in enumerate(pairs) if pair is not None]
    if not known:
        return [[max(1.0, float(priced.min())), max(1.0, float(priced.max()))]] * len(pairs)
    nearest = [min(known, key=lambda place, at=at: abs(place - at)) for at in range(len(pairs))]  # type: ignore[misc]
    return [[max(1.0, number) for number in pairs[place] or ()] for place in nearest]


def _unpriced_share(priced: Integers, totals: Integers, limits: list[float]) -> Figure:
    """From unpriced per priced message, on days that the limits do not touch: those are rounded and not cut."""
    key = "world.sends.unpriced_share"
    whole = float(totals.sum() - priced.sum()) / max(1.0, float(totals.sum()))
    if not 0.0 < whole < 1.0:
        return Figure(key, min(whole, 0.99), note="all messages are of one kind")
    for _ in range(5):  # which days are clear of the limits depends on the share
        expected = priced / (1.0 - whole)
        clear = (priced > 0) & (expected > limits[0] + 1.0) & (expected < limits[1] - 1.0)
        if clear.sum() < LEAST_DAYS:
            return share(key, int(totals.sum() - priced.sum()), int(totals.sum()), "of all messages")
        ratio = float((totals - priced)[clear].sum() / priced[clear].sum())
        whole = ratio / (1.0 + ratio)
    left = (totals - priced - ratio * priced)[clear]
    # Where nearly all days round the same way, the others are rare: Z² more keeps the interval from being too short.
    reach = Z * float(np.sqrt((left**2).sum() + Z * Z)) / float(priced[clear].sum())
    low, high = ((ratio + sign * reach) / (1.0 + ratio + sign * reach) for sign in (-1.0, 1.0))
    return Figure(key, whole, max(0.0, low), high, note="on days clear of the limits per day")


def _gaps(sends: Sends) -> Figure:
    """Least gap between two messages of a page, over pages; the smallest is an estimate of the lower end."""
    key = "world.sends.min_gap_minutes"
    gap, same = np.diff(sends.time) / 60.0, np.diff(sends.page) == 0
    page = sends.page[1:][same]
    least = [float(np.quantile(gap[same][page == each], 0.002, method="lower")) for each in np.unique(page)]
    if not least:
        return unknown(key, "no page has two messages")
    ends = sorted((min(1440.0, float(np.floor(min(least)))), min(1440.0, float(np.floor(max(least))))))
    return Figure(key, ends, note="smallest gaps, least and most over pages")


def _bank(sends: Sends) -> list[Figure]:
    """Captions of a page, prices, attribution."""
    named, priced = sends.caption != NO_CAPTION, sends.priced
    figures = [_prices(sends), *_attribution(sends, named)]
    if named.mean() < 0.5 or not named[priced].any():
        return [*figures, unknown("world.bank.captions", "too few messages name their caption")]
    return [*figures, _captions(sends.caption[named], sends.page[named])]


def _prices(sends: Sends) -> Figure:
    price = sends.price[sends.priced]
    if len(price) < LEAST_DAYS:
        return unknown("world.bank.prices", "fewer than five messages have a price")
    kinds = sends.page * 1_000_003.0 + np.where(sends.caption == NO_CAPTION, sends.price * 4096.0, sends.caption)
    effective = float(len(np.unique(kinds[sends.priced])))  # messages of one caption share its price
    found = [quantile(price, level, effective) for level in PRICE_LEVELS]
    points = rising([[level, max(1.0, point[0])] for level, point in zip(PRICE_LEVELS, found, strict=True)])
    low, high = [point[1] - 0.5 for point in found], [point[2] + 0.5 for point in found]
    return Figure("world.bank.prices", points, low, high, note="of the messages sent; whole dollars, ends as observed")


def _attribution(sends: Sends, named: Flags) -> list[Figure]:
    priced, unpriced = sends.priced, ~sends.priced
    if unpriced.any() and not named[unpriced].any() and named.any():
        return [
            Figure("selection.bump", "by_hand", note="no unpriced message names a caption"),
            share("feedback.attribution", int(named[priced].sum()), int(priced.sum()), "of priced messages"),
        ]
    return [share("feedback.attribution", int(named.sum()), sends.rows, "messages whose caption the log names")]


def _captions(caption: Integers, page: Integers) -> Figure:
    """Captions of a page by Chao's bound (1984): seen + once² / (2 · twice), at most twice the seen."""
    uses, owner = np.bincount(caption), np.zeros(int(caption.max()) + 1, np.int64)
    owner[caption] = page
    pages = int(page.max()) + 1
    seen, once, twice = (
        np.bincount(owner[chosen], minlength=pages).astype(np.float64) for chosen in (uses > 0, uses == 1, uses == 2)
    )
    bound = seen + np.minimum(seen, once**2 / (2.0 * np.maximum(twice, 1.0)))
    return Figure(
        "world.bank.captions",
        max(4, round(float(np.median(bound[seen > 0])))),
        float(np.median(seen[seen > 0])),
        None,
        note="a lower bound: captions never sent are not in a log (median page)",
    )
