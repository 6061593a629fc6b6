"""The metrics of the deployed loop, from what the kernel noted; once at the end of a block."""

import numpy as np
from numpy.typing import NDArray

from sim.rng import generator
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import LABELS, TrafficFeedback
from sim.units import DAY_S, HOUR_S, WEEK_DAYS
from sim.worlds.base import Flags, Floats
from sim.worlds.metrics.loop import WEEK_SUMS, LoopMetrics
from sim.worlds.traffic.feedback.labels import DOLLARS_PER_VIEW, PURCHASES_PER_VIEW
from sim.worlds.traffic.feedback.recount import PRIOR
from sim.worlds.traffic.metrics.diagnostics import Z
from sim.worlds.traffic.pages import log_sigma
from sim.worlds.traffic.records import RETIRED, Record, Records
from sim.worlds.traffic.rows import Block

NEARLY_ALL = 0.9  # of a week's sends that go to the top decile
SMALLEST_CV = 1e-6  # below which the luck of messages has no spread; its square must not be 0
DRAWS = 64  # of a message's own luck, behind a label's probability
AGES = 64  # at which a message may be loaded


def loop_metrics(world: TrafficSection, feedback: TrafficFeedback, b: Block, sums: Records, day: int) -> LoopMetrics:
    """The metrics at the end of day `day`; `sums` (R,) RESULT are over the pages of each replication."""
    pages = len(b.pages) // len(sums)
    weeks = b.weeks.reshape(len(sums), pages, -1)
    week = {name: weeks[name].sum(axis=(1, 2)).astype(np.float64) for name in weeks.dtype.names or ()}
    observed, covered, rows = _table_facts(world, feedback, b, len(sums), day)
    reached, first = _top_decile(weeks)
    revenue, late = sums["revenue"].astype(np.float64), sums["late"]
    columns = {
        "unfilled": sums["unfilled"].astype(np.float64),
        "late_purchases": late.astype(np.float64),
        "labels": sums["labels"].astype(np.float64),
        "emv_usd": sums["emv"].copy(),
        "explored_share": _ratio(week["explored"], week["sends"]),
        "cold_share": _ratio(week["cold"], week["sends"]),
        "distinct_captions": week["distinct"] / (pages * max(1, weeks.shape[2])),
        "top_decile_share": _ratio(week["top"], week["priced"]),
        "top_decile_pages": reached,
        "top_decile_day": first,
        "mean_price": _ratio(week["price"], week["priced"]),
        "recount_factor": _ratio(observed, sums["taught"].astype(np.float64)),
        "interval_coverage": _ratio(covered, rows),
        "regret_free_usd": sums["free_regret_usd"].copy(),
        "captured_share": _ratio(revenue, revenue + sums["regret_usd"]),
        "captured_share_free": _ratio(revenue, revenue + sums["free_regret_usd"]),
        "expected_usd": sums["expected_usd"].copy(),
    }
    return LoopMetrics(columns, _week_sums(weeks))


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return ratio


def _week_sums(weeks: Records) -> NDArray[np.int64]:
    """(weeks, WEEK_SUMS)."""
    sums = np.zeros((weeks.shape[2], len(WEEK_SUMS)), np.int64)
    for place, name in enumerate(WEEK_SUMS):
        own = np.ones(weeks.shape, np.int64) if name == "page_weeks" else weeks[name]
        sums[:, place] = own.sum(axis=(0, 1))
    return sums


def _top_decile(weeks: Records) -> tuple[Floats, Floats]:
    """(R,) share of pages that reach `NEARLY_ALL` in some week, and the day on which that week ends, on average."""
    share = np.divide(weeks["top"], weeks["priced"], out=np.zeros(weeks.shape), where=weeks["priced"] > 0)
    reaches = share >= NEARLY_ALL
    pages, day = reaches.any(axis=2), (reaches.argmax(axis=2) + 1.0) * WEEK_DAYS
    return pages.mean(axis=1), _ratio(np.where(pages, day, 0.0).sum(axis=1), pages.sum(axis=1).astype(np.float64))


def _table_facts(
    world: TrafficSection, feedback: TrafficFeedback, b: Block, replications: int, day: int
) -> tuple[Floats, Floats, Floats]:
    """(R,) observations in the table, rows whose interval covers the truth, rows whose truth is known."""
    facts = np.zeros((3, replications))
    luck = _luck(world, feedback)
    for i, page in enumerate(b.pages):
        successes, failures, observations = _counts(b, i)
        facts[0, page["replication"]] += observations.sum()
        known = np.flatnonzero((observations > 0) & (b.tried.captions[i]["last_used"] != RETIRED))
        chance = success_chance(_median(feedback, b, i), _rates(b, i, known, day), b.tried.captions[i]["price"][known],
                                int(page["fans"]), luck, LABELS.index(feedback.label))  # fmt: skip
        facts[1, page["replication"]] += _covers(successes[known], failures[known], chance).sum()
        facts[2, page["replication"]] += np.isfinite(chance).sum()
    return facts[0], facts[1], facts[2]


def _counts(b: Block, i: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Counts of the rows of page `i` with the prior, and observations; 0 observations where there is no row."""
    if b.tried.table.shape[1] > 0:
        table = b.tried.table[i][b.tried.table_row[i]]
        return table["successes"], table["failures"], np.where(table["runs"] > 0, table["observations"], 0)
    history = b.tried.history[i]
    counts = (history[name].astype(np.int64) for name in ("successes", "failures", "observations"))
    successes, failures, observations = counts
    return PRIOR + successes, PRIOR + failures, observations


def _rates(b: Block, i: int, known: NDArray[np.intp], day: int) -> Floats:
    """Purchases per view of some tried captions now, wear included."""
    history, recovery = b.tried.history[i], b.tables.recovery
    age = np.clip(day - history["worn_on"][known], 0, len(recovery) - 1)
    rates: Floats = b.tried.captions[i]["rate"][known] * (1.0 - history["wear"][known] * recovery[age])
    return rates


def _median(feedback: TrafficFeedback, b: Block, i: int) -> float:
    """The median value of page `i` as the last refresh had it, 0 where what sold is a success; NaN of none."""
    page: Record = b.pages[i]
    if feedback.label == "sold":
        return 0.0
    positive = b.job.positive_values_sorted[i][: page["positives"]]
    values = np.concatenate([np.zeros(page["recent_size"] - page["positives"]), positive])
    if len(values) == 0:
        return float("nan")
    return float(values[(len(values) - 1) // 2] if feedback.median == "lower" else np.median(values))


def _luck(world: TrafficSection, feedback: TrafficFeedback) -> tuple[Floats, Floats]:
    """(DRAWS,) view rates of priced messages; factors of their purchases per view that the log will show."""
    rng, views, cv = generator(0, "traffic:label_chance", 0), world.views.priced, world.purchases.message_cv
    sigma = log_sigma(views.cv)
    rate = views.mean * np.exp(sigma * rng.standard_normal(DRAWS) - 0.5 * sigma**2)
    noise = rng.gamma(1.0 / cv**2, cv**2, DRAWS) if cv > SMALLEST_CV else np.ones(DRAWS)
    factor = rng.choice(np.array(world.factors.weekday), DRAWS) * rng.choice(np.array(world.factors.hour), DRAWS)
    return np.minimum(rate, 1.0), noise * factor * _share_known(world, feedback)


def _share_known(world: TrafficSection, feedback: TrafficFeedback) -> float:
    """Mean share of purchases that the log shows, over the ages at which messages are loaded."""
    if feedback.loads is None:
        youngest, spread = feedback.label_after_hours, feedback.refresh_hours
    else:
        youngest, spread = feedback.loads.lag_hours, feedback.loads.every_hours
    age = HOUR_S * (youngest + spread * (np.arange(AGES) + 0.5) / AGES)
    delay = HOUR_S * world.delay.mean_hours
    return 1.0 if delay == 0.0 else float(-np.expm1(-age / delay).mean())


def most_failing(label: int, median: float, views: Floats, prices: Floats) -> Floats:
    """The largest number of purchases whose value is no success, by the label: k² · price / v, k / v or k · price / v.

    Arguments: views `v` (draws,), prices (captions, 1); returns (captions, draws), or zeros (captions, 1).
    """
    if median == 0.0:
        return np.zeros_like(prices)
    if label == PURCHASES_PER_VIEW:
        least = median * views + 0.0 * prices
    elif label == DOLLARS_PER_VIEW:
        least = median * views / prices
    else:
        least = np.sqrt(median * views / prices)
    return np.floor(least + 1e-9)


def success_chance(
    median: float, rates: Floats, prices: NDArray[np.int32], fans: int, luck: tuple[Floats, Floats], label: int = 0
) -> Floats:
    """(captions,) chance that a message's value exceeds the median.

    The mean over `luck` of a binomial tail; NaN for unpriced captions and without a median.
    """
    chance = np.full(len(rates), np.nan)
    priced = prices > 0
    if not priced.any() or not np.isfinite(median):
        return chance
    views = np.maximum(1.0, np.rint(fans * luck[0]))
    rate = np.minimum(rates[priced, None] * luck[1], 1.0 - 1e-12)
    least = most_failing(label, median, views, prices[priced, None].astype(np.float64))
    chance[priced] = np.clip(1.0 - binomial_below(least, views, rate), 0.0, 1.0).mean(axis=1)
    return chance


def binomial_below(least: Floats, views: Floats, rate: Floats) -> Floats:
    """P(at most `least` of `views` buy), term by term; views (draws,), rate and least (captions, draws) or (…, 1)."""
    term = np.exp(views * np.log1p(-rate))
    below = term.copy()
    most, rows = least.max(axis=1), np.arange(len(rate))
    for k in range(1, int(least.max()) + 1):
        needed = most >= k  # of most captions nobody has to buy
        least, term, rate, most = least[needed], term[needed], rate[needed], most[needed]
        rows = rows[needed]
        term = term * np.maximum(views - (k - 1), 0.0) / k * rate / (1.0 - rate)
        below[rows] += np.where(k <= least, term, 0.0)
    return below


def _covers(successes: NDArray[np.int64], failures: NDArray[np.int64], chance: Floats) -> Flags:
    """Whether the stored interval (Wilson 1927) contains the chance; false for NaN."""
    n = (successes + failures).astype(np.float64)
    p, scale = successes / n, 1.0 + Z * Z / n
    centre, half = (p + Z * Z / (2.0 * n)) / scale, Z * np.sqrt(p * (1.0 - p) / n + Z * Z / (4.0 * n * n)) / scale
    return (centre - half <= chance) & (chance <= centre + half)


def last_day(horizon: float) -> int:
    """The last day that a horizon in days begins, on which tried captions have their present wear."""
    return max(0, int(np.ceil(np.ceil(horizon * DAY_S) / DAY_S)) - 1)
