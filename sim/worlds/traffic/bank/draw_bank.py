"""Draws the banks: every caption has draws of its own, so that a longer horizon adds captions and changes none.

Plain functions for `sim.kernels.specialise`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies.maths.draws import arm_key, normal, open_uniform, pull_key, uniform
from policies.maths.normal import SQRT_HALF, normal_quantile
from sim.worlds.base import Counts, Floats, Keys
from sim.worlds.traffic.records import BUMP, Ints, Record, Records, Shorts

Tiers = NDArray[np.int8]

FOREVER = 2**30  # weeks
# Addresses among a caption's draws, and, in place of a caption's number, of the page's own.
TIER, PRICE, QUALITY, LIFE, CATEGORY, URGENT, DOLLARS = range(7)
EFFECT = 7  # and so on: of the page's own draws, the effect of category 0, 1, …
PAGE = 0
Z_MOST = 7.0  # of a normal score


class BankParams(NamedTuple):
    """What captions are drawn from; `BankParams` of a scenario are the same for all pages."""

    edges: Any  # (4,): cumulative shares of the tiers
    bands: Any  # (4,): where the priced tiers begin among the prices, as probabilities; 1
    probability: Any  # quantiles of the prices
    dollars: Any
    price_own: float  # weight of a caption's own normal score in its price; 1 where prices do not depend on the page
    log_per_view: Any  # logarithm of the purchases per view, by whole dollars
    sigma: float  # standard deviation of the logarithm of a caption's quality
    max_per_view: float
    log_quantiles: Any  # logarithm of Beta rates at even z from -Z_MOST to Z_MOST; of length 0 without a Beta
    log_stay: float  # logarithm of the probability to stay another week
    common: float  # weight of the quality that all pages of the bank share
    own: float  # weight of the quality on the page alone; the squares add up to 1
    categories: float
    largest: float  # share of category 1
    category_sigma: float  # standard deviation of the logarithm of a category's effect


class SampledBank(NamedTuple):
    """The captions of all pages, as `sim.worlds.traffic.records.Row` has them."""

    entries: Any  # (N, C) ENTRY
    arrives: Any  # (N, C)
    leaving: Any  # (N, tiers, weeks + 1)


class Traits(NamedTuple):
    """What a caption is like, as lists of the bank show it; (N, C)."""

    category: Any
    urgent: Any
    retires: Any  # first week in which it is no longer in the bank, also beyond the horizon


class Listing(NamedTuple):
    """What the composite selection reads of captions; (N, C)."""

    category: Any
    urgent: Any
    dollars: Any  # historical revenue per send, as the bank has it


def sample_dollars(listing: Listing, entries: Any, keys: Any, mean: float, sigma: float) -> None:
    """Draw what the bank says a send of a caption earned: in proportion to its worth, with log-normal noise.

    `mean` is the mean over a page's priced captions; `sigma` the standard deviation of the noise's logarithm.
    """
    for i in range(entries.shape[0]):
        total, priced = 0.0, 0
        for c in range(entries.shape[1]):
            if entries[i, c].price > 0:
                total += math.exp(entries[i, c].log_rate) * entries[i, c].price
                priced += 1
        for c in range(entries.shape[1]):
            entry = entries[i, c]
            if entry.price > 0:
                noise = sigma * normal(arm_key(pull_key(keys[i], entry.caption_id), DOLLARS)) - 0.5 * sigma**2
                listing.dollars[i, c] = mean * math.exp(entry.log_rate + noise) * entry.price * priced / total


def normals(keys: Keys, z: Floats) -> None:
    """A standard normal of each page's own."""
    for i in range(z.shape[0]):
        z[i] = normal(pull_key(keys[i], PAGE))


def sample_bank(
    bank: SampledBank,
    pages: Records,
    level: Floats,
    dear: Floats,
    arrives: Shorts,
    params: BankParams,
    tier: Tiers,
    count: Floats,
) -> None:
    """Draw all banks; `level` (N,) is the logarithm of how well a page sells, `arrives` (C,) in order of caption_id.

    `dear` (N,) is what the page adds to the normal scores of its prices.

    `tier` (C,) holds the tiers of the captions at start; the rest of it, and `count` (4,), are work space.
    """
    for i in range(pages.shape[0]):
        key, start, entries = pages[i].bank_key, pages[i].tier_start, bank.entries[i]
        sample_tiers(key, arrives, params, tier)
        sort_by_tier(tier, start, count, entries)
        for t in range(BUMP + 1):
            captions = entries[start[t] : start[t + 1]]
            sample_lifetimes(
                key, arrives, params.log_stay, captions, bank.arrives[i, start[t] : start[t + 1]], bank.leaving[i, t]
            )
            for c in range(captions.shape[0]):
                if t == BUMP:
                    captions[c].log_rate = -math.inf
                else:
                    number = captions[c].caption_id
                    own_key = pull_key(pages[i].own_key, number)
                    usual = level[i] + category_effect(key, number, params)
                    sample_caption(captions[c], t, pull_key(key, number), own_key, usual, dear[i], params)


def sample_tiers(key: np.uint64, arrives: Shorts, params: BankParams, tier: Tiers) -> None:
    """Tiers of captions that arrive later, by chance; those at start have theirs."""
    c = arrives.shape[0] - 1
    while c >= 0 and arrives[c] > 0:
        u = uniform(arm_key(pull_key(key, c + 1), TIER))
        tier[c] = (u >= params.edges[0]) + (u >= params.edges[1]) + (u >= params.edges[2])
        c -= 1


def sort_by_tier(tier: Tiers, start: Counts, count: Floats, entries: Records) -> None:
    """Put captions in order of tier, then of caption_id."""
    count[:] = 0.0
    for c in range(tier.shape[0]):
        count[tier[c]] += 1.0
    start[0] = 0
    for t in range(BUMP + 1):
        start[t + 1] = start[t] + int(count[t])
        count[t] = start[t]
    for c in range(tier.shape[0]):
        entries[int(count[tier[c]])].caption_id = c + 1
        count[tier[c]] += 1.0


def sample_lifetimes(
    key: np.uint64, weeks: Shorts, log_stay: float, captions: Records, arrives: Shorts, leaving: Ints
) -> None:
    """When the captions of a tier arrive, which `weeks` says in order of caption_id, and when they retire."""
    horizon = leaving.shape[0] - 1
    stays = math.exp(log_stay * horizon)
    for c in range(captions.shape[0]):
        number = captions[c].caption_id
        luck, week = open_uniform(arm_key(pull_key(key, number), LIFE)), weeks[number - 1]
        # Most stay beyond the horizon: a logarithm would tell how long, and nobody asks.
        life = lifetime(luck, log_stay) if luck > stays else horizon
        arrives[c], captions[c].retires = week, min(week + life, horizon)
        leaving[captions[c].retires] += 1


def category_effect(key: np.uint64, number: int, params: BankParams) -> float:
    """By how much the logarithm of a caption's rate differs from that of other categories; the mean rate stays."""
    if params.category_sigma == 0.0:
        return 0.0
    category = category_of(pull_key(key, number), params.categories, params.largest)
    z = normal(arm_key(pull_key(key, PAGE), EFFECT + category))
    return params.category_sigma * z - 0.5 * params.category_sigma * params.category_sigma


def category_of(key: np.uint64, categories: float, largest: float) -> int:
    """Draw a caption's category: the first has the share `largest`, the others divide the rest."""
    u = uniform(arm_key(key, CATEGORY))
    if u < largest or categories <= 1.0:
        return 1
    rest = (u - largest) / (1.0 - largest)
    return 2 + int(min(rest * (categories - 1.0), categories - 2.0))


def sample_caption(
    caption: Record, tier: int, key: np.uint64, own_key: np.uint64, level: float, dear: float, params: BankParams
) -> None:
    """Draw a priced caption: its price, and how well it sells."""
    dollars = sample_price(uniform(arm_key(key, PRICE)), params.bands[tier], params.bands[tier + 1], dear, params)
    # What sets a caption apart from others of its price is log-normal of mean 1.
    quality = normal(arm_key(key, QUALITY))
    if params.own > 0.0:
        quality = params.common * quality + params.own * normal(arm_key(own_key, QUALITY))
    caption.price = dollars
    if params.log_quantiles.shape[0] > 0:
        caption.log_rate = interpolate(quality, params.log_quantiles)
        return
    quality = params.sigma * quality - 0.5 * params.sigma * params.sigma
    log_rate = params.log_per_view[dollars] + quality + level
    caption.log_rate = log_rate - math.log1p(math.exp(log_rate) / params.max_per_view)


def interpolate(z: float, values: Floats) -> float:
    """The value at `z`, linear between those at -Z_MOST … Z_MOST."""
    place = min(max(z + Z_MOST, 0.0), 2.0 * Z_MOST) / (2.0 * Z_MOST) * (values.shape[0] - 1)
    i = min(int(place), values.shape[0] - 2)
    return values[i] + (place - i) * (values[i + 1] - values[i])  # type: ignore[no-any-return]


def sample_price(u: float, low: float, high: float, dear: float, params: BankParams) -> int:
    """Whole dollars, at least 1: a tier is the band of the page's price distribution from quantile `low` to `high`."""
    position, i = on_all_pages(low + u * (high - low), dear, params), 1
    while i < params.probability.shape[0] - 1 and position > params.probability[i]:
        i += 1
    width = params.probability[i] - params.probability[i - 1]
    share = (position - params.probability[i - 1]) / width if width > 0.0 else 1.0
    dollars = params.dollars[i - 1] + share * (params.dollars[i] - params.dollars[i - 1])
    return max(1, int(dollars + 0.5))


def on_all_pages(position: float, dear: float, params: BankParams) -> float:
    """Where a quantile of a page's own prices lies among the prices of all pages (Gaussian copula)."""
    if params.price_own == 1.0:
        return position
    return 0.5 * math.erfc(-(dear + params.price_own * normal_quantile(position)) * SQRT_HALF)


def lifetime(u: float, log_stay: float) -> int:
    """Weeks that a caption stays: geometric, at least 1."""
    return FOREVER if log_stay == 0.0 else 1 + int(min(math.log(u) / log_stay, FOREVER))


def sample_classes(category: Shorts, urgent: Shorts, bank: Records, keys: Keys, law: Floats) -> None:
    """Draw category and urgency; `law` is the number of categories, the first's share, and that of urgent captions."""
    for i in range(bank.shape[0]):
        for c in range(bank.shape[1]):
            key = pull_key(keys[i], bank[i, c].caption_id)
            category[i, c] = category_of(key, law[0], law[1])
            urgent[i, c] = uniform(arm_key(key, URGENT)) < law[2]


def sample_retirements(retires: Counts, bank: Records, arrives: Shorts, keys: Keys, log_stay: float) -> None:
    """Draw when captions retire, also beyond the horizon."""
    for i in range(bank.shape[0]):
        for c in range(bank.shape[1]):
            luck = open_uniform(arm_key(pull_key(keys[i], bank[i, c].caption_id), LIFE))
            retires[i, c] = arrives[i, c] + lifetime(luck, log_stay)
