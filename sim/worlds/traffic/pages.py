"""Pages and caption banks at time zero.

Everything here is a function of (seed, replication, page) and the scenario: the policy has no part in it.
"""

import math
import sys
from collections.abc import Callable, Sequence
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.maths.draws import uniform
from sim.kernels import specialise
from sim.rng import row_keys
from sim.scenario.sections.traffic import PRICED_TIERS, TIERS, TrafficSection
from sim.units import WEEK_DAYS
from sim.worlds.traffic.bank.draw_bank import (
    Z_MOST,
    BankParams,
    Listing,
    SampledBank,
    Traits,
    normals,
    sample_bank,
    sample_classes,
    sample_dollars,
    sample_retirements,
)
from sim.worlds.traffic.records import ENTRY, PAGE
from sim.worlds.traffic.rows import Block

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Records = NDArray[np.void]

NORMAL = NormalDist()
SMALLEST = 2.0**-53
QUANTILES = 2801  # of a Beta distribution: linear in between, within 1e-5 of the logarithm of a rate
TILT = 0.9  # of page_sigma: measured, see docs/decision.md
STREAMS = {
    "slot_key": "slots",
    "view_key": "views",
    "outcome_key": "outcomes",
    "drift_key": "drift",
    "bank_key": "bank",
    "own_key": "bank",
}
SHARED_STREAMS = {"bank_key": "shared_bank", "shared_drift_key": "shared_drift"}  # one for all pages of a replication


def make_pages(world: TrafficSection, seed: int, replications: Sequence[int]) -> Records:
    """All pages of a block, (N,) PAGE, still without captions and policy."""
    pages = np.zeros((len(replications), world.pages), PAGE)
    for field, purpose in STREAMS.items():
        pages[field] = row_keys(seed, f"traffic:{purpose}", replications, world.pages)

    if world.bank.shared:
        for field, purpose in SHARED_STREAMS.items():
            pages[field] = row_keys(seed, f"traffic:{purpose}", replications)
        pages["shared_coins"] = shared_coins(world.bank.correlation)

    def luck(purpose: str) -> Floats:
        return _uniforms(row_keys(seed, f"traffic:{purpose}", replications, world.pages))

    low, high = world.sends.min_gap_minutes
    audience = _fans(world, _audience_luck(world, luck))
    pages["fans"] = np.maximum(1, np.rint(world.sends.reach * np.asarray(audience)))
    pages["gap_s"] = np.rint(60.0 * (low + (high - low) * luck("gap")))
    pages["phase"] = luck("phase")
    pages["replication"] = np.arange(len(replications))[:, None]
    pages["number"] = np.arange(world.pages)
    size = np.broadcast_to(np.searchsorted(world.sends.size_limits, audience, side="right"), pages.shape)
    pages["priced_low"], pages["priced_high"] = np.moveaxis(np.array(world.sends.priced_per_day)[size], -1, 0)
    return pages.ravel()


def shared_coins(correlation: float) -> np.uint64:
    """The bits that pages share of the 64 coins of a drift, so that its steps are so correlated."""
    return np.uint64((1 << round(64 * correlation)) - 1)


def _audience_luck(world: TrafficSection, luck: Callable[[str], Floats]) -> Floats:
    """Where each page's audience lies in its distribution; stratified, each replication has one page per stratum."""
    u = luck("audience")
    if world.audience.draw == "independent":
        return u
    return (luck("audience_strata").argsort(axis=1).argsort(axis=1) + u) / world.pages


def page_normals(world: TrafficSection, pages: Records) -> Floats:
    """The standard normal behind each page's level, (N,); stratified, that of a tilted distribution."""
    z = np.zeros(len(pages))
    _compiled(normals)(pages["own_key"].copy(), z)
    if world.audience.draw == "independent":
        return z
    return tilted_normals(z, pages["number"], world.pages, tilt(world))


def tilt(world: TrafficSection) -> float:
    """The mean of the tilted normals: rich pages are drawn more often, about in proportion to what they earn.

    Of the means with which a stratum ends where strong pages begin, the nearest: no stratum then mixes both kinds.
    """
    wanted, edge = TILT * world.purchases.page_sigma, strong_from(world)
    if edge == math.inf:
        return wanted
    means = [edge - NORMAL.inv_cdf(strata / world.pages) for strata in range(1, world.pages)]
    return min(means, key=lambda mean: abs(mean - wanted), default=wanted)


def tilted_normals(z: Floats, number: Integers, pages: int, mean: float) -> Floats:
    """Standard normals as normals of this mean, page `number` in the quantiles number / pages to (number + 1) / pages.

    Stratified importance sampling: strata of equal probability under the tilted density get one page each, which is
    Neyman's allocation where the spread within a page is proportional to exp(mean · z) (Owen 2013, Monte Carlo theory,
    methods and examples, sections 8.4 and 9.1).
    """
    within = np.vectorize(NORMAL.cdf, otypes=[np.float64])(z)
    u = np.clip((number + within) / pages, SMALLEST, 1.0 - SMALLEST)
    drawn: Floats = mean + np.vectorize(NORMAL.inv_cdf, otypes=[np.float64])(u)
    return drawn


def page_weights(world: TrafficSection, pages: Records) -> Floats | None:
    """How many pages of the population each stands for, relative to the others, (N,), of mean 1; None: all alike.

    The ratio of the standard normal density to the tilted one: exp(−t z + t² / 2).
    """
    if world.audience.draw == "independent":
        return None
    t = tilt(world)
    weights: Floats = np.exp(-t * page_normals(world, pages) + 0.5 * t * t)
    return weights


def _uniforms(keys: NDArray[np.uint64]) -> Floats:
    with np.errstate(over="ignore"):
        return np.vectorize(uniform, otypes=[np.float64])(keys)  # type: ignore[no-any-return]


def _fans(world: TrafficSection, u: Floats) -> Integers | int:
    if world.audience.fixed is not None:
        return world.audience.fixed
    probability, fans = np.array(world.audience.quantiles).T
    drawn: Integers = np.maximum(1, np.rint(np.exp(np.interp(u, probability, np.log(fans))))).astype(np.int64)
    return drawn


def make_bank(world: TrafficSection, days: int, pages: Records) -> SampledBank:
    """All captions that the pages will ever have in `days` days; sets `tier_start` of `pages`."""
    arrives, weeks = arrival_weeks(world, days), math.ceil(days / WEEK_DAYS)
    shape = (len(pages), len(arrives))
    bank = SampledBank(
        np.zeros(shape, ENTRY), np.zeros(shape, np.int16), np.zeros((len(pages), len(TIERS), weeks + 1), np.int32)
    )
    z = page_normals(world, pages)
    level = np.log(page_level(world, pages["fans"] / world.sends.reach, z))
    tier = np.resize(alternate(tier_counts(world)), len(arrives))
    laws = arrives.astype(np.int16), _bank_params(world)
    _compiled(sample_bank)(bank, pages, level, world.bank.price_correlation * z, *laws, tier, np.zeros(len(TIERS)))
    return bank


def _bank_keys(pages: Records) -> NDArray[np.uint64]:
    """The key of each page's bank, (N,), in an array of its own."""
    return pages["bank_key"].copy()


def traits(world: TrafficSection, b: Block, rows: slice) -> Traits:
    """Category, urgency and retirement of the captions of `rows`; arrays (rows, C)."""
    entries, pages = b.bank.entries[rows], b.pages[rows]
    category, urgent = (np.zeros(entries.shape, np.int16) for _ in range(2))
    _draw_classes(world, category, urgent, entries, pages)
    retires = np.zeros(entries.shape, np.int64)
    _compiled(sample_retirements)(retires, entries, b.bank.arrives[rows], _bank_keys(pages), _log_stay(world))
    return Traits(category.astype(np.int64), urgent > 0, retires)


def _draw_classes(
    world: TrafficSection, category: NDArray[np.int16], urgent: NDArray[np.int16], entries: Records, pages: Records
) -> None:
    law = np.array([world.bank.categories, world.bank.largest_category_share, world.bank.urgent_share])
    _compiled(sample_classes)(category, urgent, entries, _bank_keys(pages), law)


def fill_listing(
    world: TrafficSection, sampled: SampledBank, pages: Records, listing: Listing, price_tiers: Sequence[int] | None
) -> Listing:
    """Fill in what the composite selection reads of all captions; those of other price tiers have no dollars."""
    law = world.bank.historical_dollars
    fill_traits(world, sampled, pages, listing)
    _compiled(sample_dollars)(listing, sampled.entries, _bank_keys(pages), law.mean, log_sigma(law.cv))
    if price_tiers is not None:
        tiers = price_band(world, sampled.entries["price"].astype(np.int64))
        listing.dollars[~np.isin(tiers, np.array(price_tiers))] = np.nan
    return listing


def fill_traits(world: TrafficSection, sampled: SampledBank, pages: Records, listing: Listing) -> None:
    """Fill in category and urgency of all captions."""
    _draw_classes(world, listing.category, listing.urgent, sampled.entries, pages)


@cache
def _compiled(template: Any) -> Any:
    return specialise(template, "traffic", refcount=False)


def _bank_params(world: TrafficSection) -> BankParams:
    edges = tier_edges(world)
    priced = np.append(0.0, edges[: len(PRICED_TIERS)]) / edges[len(PRICED_TIERS) - 1]
    probability, dollars = np.array(world.bank.prices, dtype=np.float64).T.copy()
    return BankParams(
        edges=edges,
        bands=priced,
        probability=probability.copy(),
        dollars=dollars.copy(),
        price_own=math.sqrt(1.0 - world.bank.price_correlation**2),
        log_per_view=np.log(per_view(world, np.maximum(1, np.arange(most_dollars(world) + 1)))),
        sigma=log_sigma(world.purchases.caption_cv),
        max_per_view=world.purchases.max_per_view,
        log_quantiles=log_quantiles(world.purchases.beta),
        log_stay=_log_stay(world),
        common=math.sqrt(world.bank.correlation) if world.bank.shared else 1.0,
        own=math.sqrt(1.0 - world.bank.correlation) if world.bank.shared else 0.0,
        categories=float(world.bank.categories),
        largest=world.bank.largest_category_share,
        category_sigma=world.bank.category_spread,
    )


def log_quantiles(beta: tuple[float, float] | None) -> Floats:
    """Logarithms of the quantiles of a Beta distribution at evenly spaced normal scores; of length 0 without one."""
    if beta is None:
        return np.zeros(0)
    from scipy.special import betaincinv, ndtr  # noqa: PLC0415  (a second; few scenarios need it)

    scores = np.linspace(-Z_MOST, Z_MOST, QUANTILES)
    quantiles: Floats = np.maximum(betaincinv(*beta, ndtr(scores)), sys.float_info.min)
    return np.log(quantiles)


def _log_stay(world: TrafficSection) -> float:
    """Logarithm of the probability that a caption stays another week."""
    return math.log1p(-world.turnover.retire_share_per_week)


def most_dollars(world: TrafficSection) -> int:
    """The highest price, at least 1."""
    return max(1, math.ceil(world.bank.prices[-1][1]))


def arrival_weeks(world: TrafficSection, days: int) -> Integers:
    """The first week of each caption, (captions,): 0 for the bank at start, then so many each week, evenly."""
    weeks = max(0, math.ceil(days / WEEK_DAYS) - 1)
    total = np.floor(world.turnover.arrivals_per_week * np.arange(1, weeks + 1) + 1e-9).astype(np.int64)
    each = np.diff(total, prepend=0)
    return np.concatenate([np.zeros(world.bank.captions, np.int64), np.repeat(np.arange(1, weeks + 1), each)])


def tier_edges(world: TrafficSection) -> Floats:
    """Cumulative shares of the tiers, (4,)."""
    weights = np.array([getattr(world.bank.tiers, tier) for tier in TIERS])
    edges: Floats = np.cumsum(weights) / weights.sum()
    return edges


def tier_counts(world: TrafficSection) -> Integers:
    """Captions of each tier at start, (4,): shares rounded by largest remainder, at least one each."""
    exact = np.diff(tier_edges(world), prepend=0.0) * world.bank.captions
    counts: Integers = np.floor(exact).astype(np.int64)
    short = world.bank.captions - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    while counts.min() == 0:
        counts[counts.argmax()] -= 1
        counts[counts.argmin()] += 1
    return counts


def alternate(counts: Integers) -> NDArray[np.int8]:
    """As many of each tier as `counts` says, each spread evenly over the whole."""
    places = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    return np.repeat(np.arange(len(counts), dtype=np.int8), counts)[np.argsort(places, kind="stable")]


def per_view(world: TrafficSection, price: Integers | Floats) -> Floats:
    """Purchases per view at `price` dollars and the reference audience: log-log between the knots, flat outside."""
    knots = np.log(np.array(world.purchases.per_view))
    rate: Floats = np.exp(np.interp(np.log(price), knots[:, 0], knots[:, 1]))
    return rate


def page_level(world: TrafficSection, fans: Integers | Floats | int, z: Floats | float) -> Floats:
    """How well pages of an audience sell, against a usual one of the reference audience; `z` is standard normal."""
    law = world.purchases
    level: Floats = (fans / np.float64(law.reference_audience)) ** -law.audience_exponent * np.exp(law.page_sigma * z)
    return level * np.where(z > strong_from(world), law.strong_pages.factor, 1.0)


def strong_from(world: TrafficSection) -> float:
    """The standard normal above which a page is strong."""
    share = world.purchases.strong_pages.share
    return NORMAL.inv_cdf(1.0 - share) if 1.0 - share < 1.0 else math.inf  # also of a share below 1e-16


def log_sigma(cv: float) -> float:
    """Standard deviation of the logarithm of a log-normal variable with coefficient of variation `cv`."""
    return math.sqrt(math.log1p(cv * cv))


def price_band(world: TrafficSection, price: Integers) -> Integers:
    """The price tier: 0 for unpriced, then 1, 2, … for the bands between the points of `bank.prices`."""
    inner = [dollars for _, dollars in world.bank.prices[1:-1]]
    return np.where(price == 0, 0, 1 + np.searchsorted(inner, price, side="right"))
