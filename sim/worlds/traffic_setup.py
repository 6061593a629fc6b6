"""Pages and caption banks at time zero.

Everything here is a function of (seed, replication, page) and the scenario: the policy has no part in it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.rng import generator, row_keys
from sim.scenario.traffic import PRICED_TIERS, TIERS, TrafficWorld
from sim.worlds.traffic_state import BUMP, CAPTION, HISTORY, NEVER, PAGE, TRAITS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DAYS_A_WEEK = 7
FOREVER = 2**31 - 1
# Columns of a caption's uniforms: each caption has its own line, so that a longer horizon adds captions, changing none.
TIER, PRICE, TASTE, ANGLE, CATEGORY, URGENT, LIFE = range(7)

STREAMS = {"slot_key": "slots", "view_key": "views", "outcome_key": "outcomes", "drift_key": "drift"}

Records = NDArray[np.void]


def make_pages(world: TrafficWorld, seed: int, replications: Sequence[int]) -> Records:
    """All pages of a block, (N,) PAGE, still without captions and policy."""
    pages = np.zeros((len(replications), world.pages), PAGE)
    for field, purpose in STREAMS.items():
        pages[field] = row_keys(seed, f"traffic:{purpose}", replications, world.pages)
    for index, number in enumerate(replications):
        for page in range(world.pages):
            pages["fans"][index, page] = _fans(world, seed, number, page)
            pages["gap_s"][index, page], pages["phase"][index, page] = _gap(world, seed, number, page)
    pages["replication"] = np.arange(len(replications))[:, None]
    pages["refresh"] = 1
    size = np.searchsorted(world.sends.size_limits, pages["fans"], side="right")
    pages["priced_low"], pages["priced_high"] = np.moveaxis(np.array(world.sends.priced_per_day)[size], -1, 0)
    return pages.ravel()


def _fans(world: TrafficWorld, seed: int, replication: int, page: int) -> int:
    if world.audience.fixed is not None:
        return world.audience.fixed
    u = generator(seed, "traffic:audience", replication, page).random()
    probability, fans = np.array(world.audience.quantiles).T
    return max(1, round(math.exp(np.interp(u, probability, np.log(fans)))))


def _gap(world: TrafficWorld, seed: int, replication: int, page: int) -> tuple[int, float]:
    """(seconds between priced messages, phase)."""
    rng = generator(seed, "traffic:gap", replication, page)
    return round(60 * rng.uniform(*world.sends.min_gap_minutes)), rng.random()


class Bank(NamedTuple):
    """The captions of all pages, (N, C)."""

    captions: Records  # CAPTION
    history: Records  # HISTORY
    traits: Records  # TRAITS


def make_bank(world: TrafficWorld, seed: int, replications: Sequence[int], days: int, pages: Records) -> Bank:
    """All captions that the pages will ever have in `days` days; sets `tier_start` of `pages`."""
    arrives = arrival_weeks(world, days)
    shape = (len(pages), len(arrives))
    bank = Bank(np.zeros(shape, CAPTION), np.zeros(shape, HISTORY), np.zeros(shape, TRAITS))
    bank.captions["last_used"] = NEVER
    for row in range(len(pages)):
        number, page = replications[row // world.pages], row % world.pages
        u = generator(seed, "traffic:bank", number, page).random((len(arrives), 7))
        z = generator(seed, "traffic:page", number, page).standard_normal()
        _fill_page(world, row, u, page_level(world, int(pages["fans"][row]), z), arrives, pages, bank)
    return bank


def _fill_page(
    world: TrafficWorld, row: int, u: Floats, level: float, arrives: Integers, pages: Records, bank: Bank
) -> None:
    """One page's captions, by tier, then by order of arrival; `u` are (C, 7) uniforms, `level` how well it sells."""
    tier = _tiers(world, u[:, TIER])
    order = np.argsort(tier, kind="stable")
    pages["tier_start"][row] = np.searchsorted(tier[order], np.arange(len(TIERS) + 1))
    price = np.where(tier == BUMP, 0, _prices(world, u[:, PRICE], tier))
    rate = per_view(world, np.maximum(price, 1)) * taste(world, u[:, TASTE], u[:, ANGLE]) * level
    bank.captions["price"][row] = price[order]
    rate = np.where(tier == BUMP, 0.0, rate / (1.0 + rate / world.purchases.max_per_view))
    bank.captions["rate"][row] = rate[order]
    bank.captions["caption_id"][row] = order + 1
    bank.history["arrives"][row] = arrives[order]
    bank.history["retires"][row] = (arrives + _lifetimes(world, u[:, LIFE]))[order]
    bank.traits["category"][row] = _categories(world, u[:, CATEGORY])[order]
    bank.traits["urgent"][row] = (u[:, URGENT] < world.bank.urgent_share)[order]


def arrival_weeks(world: TrafficWorld, days: int) -> Integers:
    """The first week of each caption, (captions,): 0 for the bank at start, then so many each week, evenly."""
    weeks = max(0, math.ceil(days / DAYS_A_WEEK) - 1)
    total = np.floor(world.turnover.arrivals_per_week * np.arange(1, weeks + 1) + 1e-9).astype(np.int64)
    each = np.diff(total, prepend=0)
    return np.concatenate([np.zeros(world.bank.captions, np.int64), np.repeat(np.arange(1, weeks + 1), each)])


def tier_edges(world: TrafficWorld) -> Floats:
    """Cumulative shares of the tiers, (4,)."""
    weights = np.array([getattr(world.bank.tiers, tier) for tier in TIERS])
    edges: Floats = np.cumsum(weights) / weights.sum()
    return edges


def _tiers(world: TrafficWorld, u: Floats) -> Integers:
    """Tiers: in exact shares at start, by chance for those that arrive later."""
    edges, start = tier_edges(world), world.bank.captions
    tier = np.minimum(np.searchsorted(edges, u, side="right"), BUMP).astype(np.int64)
    tier[np.argsort(u[:start], kind="stable")] = np.repeat(np.arange(len(TIERS)), tier_counts(world))
    return tier


def tier_counts(world: TrafficWorld) -> Integers:
    """Captions of each tier at start, (4,): shares rounded by largest remainder, at least one each."""
    exact = np.diff(tier_edges(world), prepend=0.0) * world.bank.captions
    counts: Integers = np.floor(exact).astype(np.int64)
    short = world.bank.captions - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    while counts.min() == 0:
        counts[counts.argmax()] -= 1
        counts[counts.argmin()] += 1
    return counts


def _prices(world: TrafficWorld, u: Floats, tier: Integers) -> Integers:
    """Whole dollars: each priced tier is a band of the price distribution, as wide as its share of priced captions."""
    edges = np.append(0.0, tier_edges(world)[: len(PRICED_TIERS)])
    edges /= edges[-1]
    band = np.minimum(tier, BUMP - 1)
    probability, dollars = np.array(world.bank.prices).T
    price = np.interp(edges[band] + u * (edges[band + 1] - edges[band]), probability, dollars)
    whole: Integers = np.maximum(1, np.rint(price)).astype(np.int64)
    return whole


def per_view(world: TrafficWorld, price: Integers | Floats) -> Floats:
    """Purchases per view at `price` dollars and the reference audience: log-log between the knots, flat outside."""
    knots = np.log(np.array(world.purchases.per_view))
    rate: Floats = np.exp(np.interp(np.log(price), knots[:, 0], knots[:, 1]))
    return rate


def taste(world: TrafficWorld, u: Floats, v: Floats) -> Floats:
    """What sets a caption apart from others of its price: log-normal of mean 1 (Box & Muller 1958 on two uniforms)."""
    sigma = log_sigma(world.purchases.caption_cv)
    z = np.sqrt(-2.0 * np.log1p(-u)) * np.cos(2.0 * math.pi * v)
    factor: Floats = np.exp(sigma * z - 0.5 * sigma * sigma)
    return factor


def page_level(world: TrafficWorld, fans: int, z: float) -> float:
    """How well a page sells, against one of the reference audience; `z` is standard normal."""
    law = world.purchases
    return float((fans / law.reference_audience) ** -law.audience_exponent * math.exp(law.page_sigma * z))


def log_sigma(cv: float) -> float:
    """Standard deviation of the logarithm of a log-normal variable with coefficient of variation `cv`."""
    return math.sqrt(math.log1p(cv * cv))


def _categories(world: TrafficWorld, u: Floats) -> Integers:
    largest, others = world.bank.largest_category_share, world.bank.categories - 1
    if others == 0 or largest == 1.0:
        return np.ones(len(u), np.int64)
    rest = np.maximum(0.0, (u - largest) / (1.0 - largest))
    return np.where(u < largest, 1, 2 + np.minimum((rest * others).astype(np.int64), others - 1))


def _lifetimes(world: TrafficWorld, u: Floats) -> Integers:
    """Weeks that a caption stays: geometric, at least 1."""
    share = world.turnover.retire_share_per_week
    if share == 0.0:
        return np.full(len(u), FOREVER // 2)
    return 1 + np.minimum(np.log1p(-u) / math.log1p(-share), FOREVER // 2).astype(np.int64)


def price_band(world: TrafficWorld, price: Integers) -> Integers:
    """The price tier: 0 for unpriced, then 1, 2, … for the bands between the points of `bank.prices`."""
    inner = [dollars for _, dollars in world.bank.prices[1:-1]]
    return np.where(price == 0, 0, 1 + np.searchsorted(inner, price, side="right"))
