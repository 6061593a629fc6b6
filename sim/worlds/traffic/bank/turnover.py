"""A page's bank as the weeks go by: captions arrive, drift, retire, and are tried when they are first chosen.

Plain functions of the traffic kernel, which binds `POOLED`: whether the policy sees cold captions as equals. For other
policies every caption is tried from its arrival on, unpriced ones apart that go out by hand. `POOL`: whether it chooses
from a random pool of them.
"""

import math

import numpy as np

from policies.maths.draws import STREAM, arm_key, mix, pull_key, uniform
from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.traffic.bank.pool import lose_cold
from sim.worlds.traffic.bank.rank_cutoff import set_cutoff_rate
from sim.worlds.traffic.bank.top_cold import rebuild, remove
from sim.worlds.traffic.bank.top_tried import list_tried
from sim.worlds.traffic.feedback.update_job import refresh_score
from sim.worlds.traffic.records import BUMP, NEVER, RATE, RETIRED, USD, Records
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.composite import note_value
from sim.worlds.traffic.selection.likely import note_top

CONSTRAINED: bool = unbound("CONSTRAINED")
POOL: bool = unbound("POOL")
POOLED: bool = unbound("POOLED")
SKIPS: bool = unbound("SKIPS")

TIDY = 0.5  # share of a list's captions below which those that retired are struck off
NO_COINS = np.uint64(0)
ONE, TWO, FOUR, TOP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)  # for counting bits (Knuth, TAOCP 4A)
ODD, TWOS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
BYTES = np.uint64(0x0101010101010101)


def begin_week(week: int, row: Row, params: Params) -> None:
    """Captions come and go; the rates of those that stay take a step of their random walk."""
    row.page.week, row.page.alive = week, 0
    for tier in range(BUMP + 1):
        if tier != BUMP and row.rules.drift_sigma > 0.0:
            drift(tier, week, row)
        retire_cold(tier, week, retire_tried(tier, week, row), row)
        arrive(tier, week, row, params)
        row.page.alive += row.page.cold[tier]
        if tier != BUMP:
            set_cutoff_rate(tier, row)
            if POOLED:
                rebuild(tier, row)
            else:
                list_tried(tier, row)


def drift(tier: int, week: int, row: Row) -> None:
    """Let the rates of the tier's captions that have arrived before wander, each week by a factor of mean 1."""
    start = row.page.tier_start[tier]
    stop, sigma = start + row.page.arrived[tier], row.rules.drift_sigma
    # E exp(σ (heads − 32) / 4) = cosh(σ / 8)^64.
    drop = 64.0 * math.log(math.cosh(0.125 * sigma))
    key, shared_key = pull_key(row.page.drift_key, week), pull_key(row.page.shared_drift_key, week)
    if row.page.shared_coins == NO_COINS:
        walk(key, 0.25 * sigma, drop, row.bank.entries[start:stop])
    else:
        walk_together(key, shared_key, row.page.shared_coins, 0.25 * sigma, drop, row.bank.entries[start:stop])


def walk(key: np.uint64, size: float, drop: float, bank: Records) -> None:
    """A step for each caption: 64 coins, nearly normal, which a processor tosses for several captions at once."""
    for c in range(bank.shape[0]):
        bank[c].log_rate += size * (heads(mix(arm_key(key, bank[c].caption_id))) - 32.0) - drop


def walk_together(
    key: np.uint64, shared_key: np.uint64, shared: np.uint64, size: float, drop: float, bank: Records
) -> None:
    """The same where the coins that are bits of `shared` fall equally on all pages."""
    for c in range(bank.shape[0]):
        number = bank[c].caption_id
        coins = (mix(arm_key(shared_key, number)) & shared) | (mix(arm_key(key, number)) & ~shared)
        bank[c].log_rate += size * (heads(coins) - 32.0) - drop


def heads(coins: np.uint64) -> float:
    """The number of ones among 64 bits."""
    pairs = coins - ((coins >> ONE) & ODD)
    fours = (pairs & TWOS) + ((pairs >> TWO) & TWOS)
    eights = (fours + (fours >> FOUR)) & FOURS
    return float((eights * BYTES) >> TOP)


def retire_cold(tier: int, week: int, tried: int, row: Row) -> None:
    """Remove the cold captions that retire, `tried` others having retired; they stay listed until they are many."""
    page, start = row.page, row.page.tier_start[tier]
    if POOL:
        lose_cold(tier, row.bank.leaving[tier, week] - tried, week, row)
    page.cold[tier] -= row.bank.leaving[tier, week] - tried
    if page.cold[tier] < TIDY * page.listed[tier]:
        kept = start
        for i in range(start, start + page.listed[tier]):
            row.bank.cold[kept] = row.bank.cold[i]
            kept += row.bank.entries[row.bank.cold[i]].retires > week
        page.listed[tier] = kept - start


def retire_tried(tier: int, week: int, row: Row) -> int:
    """Retire tried captions, and bring the rates of those that stay up to date; returns how many retire."""
    start, retired = row.page.tried_start[tier], 0
    for i in range(start, start + row.page.tried[tier]):
        caption = row.tried.captions[i]
        if caption.last_used == RETIRED:
            continue
        if row.bank.entries[caption.place].retires <= week:
            caption.last_used = RETIRED
            if SKIPS:
                row.tried.bounds.last_used[i] = RETIRED
            retired += 1
        else:
            row.page.alive += 1
            if tier != BUMP:
                caption.rate = math.exp(row.bank.entries[caption.place].log_rate)
    return retired


def arrive(tier: int, week: int, row: Row, params: Params) -> None:
    """Put the captions that arrive by `week` behind the cold ones."""
    page = row.page
    start, place = page.tier_start[tier], page.tier_start[tier] + page.arrived[tier]
    while place < page.tier_start[tier + 1] and row.bank.arrives[place] <= week:
        row.bank.cold[start + page.listed[tier]] = place
        page.listed[tier] += 1
        page.cold[tier] += 1
        place += 1
    page.arrived[tier] = place - start
    if not POOLED and not (tier == BUMP and row.rules.bump_by_hand):
        for i in range(start, start + page.cold[tier]):
            start_record(tier, row.bank.cold[i], row, params)
        page.alive += page.cold[tier]
        page.cold[tier] = page.listed[tier] = 0


def start_record(tier: int, c: int, row: Row, params: Params) -> int:
    """Open the records of a caption, nothing being known of it; returns its place among the tried."""
    i = row.page.tried_start[tier] + row.page.tried[tier]
    row.page.tried[tier] += 1
    caption = row.tried.captions[i]
    caption.place, caption.price, row.tried.history[i].caption_id = (
        c,
        row.bank.entries[c].price,
        row.bank.entries[c].caption_id,
    )
    caption.rate, caption.last_used = math.exp(row.bank.entries[c].log_rate), NEVER
    refresh_score(i, caption.rate, row, params)
    if CONSTRAINED:
        caption.kind = 2 * row.bank.category[c] + row.bank.urgent[c]
        note_value(i, row)
        row.tried.bounds.kind[i] = caption.kind
        row.tried.bounds.last_used[i] = RETIRED if math.isnan(row.tried.value[i]) else NEVER
    if SKIPS:
        note_top(i, row, params)
    return i  # type: ignore[no-any-return]


def take(tier: int, key: np.uint64, row: Row, params: Params) -> int:
    """Choose any cold caption of a tier, which must have one; returns its place among the tried."""
    start, number = row.page.tier_start[tier], pick(tier, key, row)
    c, last = row.bank.cold[start + number], start + row.page.listed[tier] - 1
    row.bank.cold[start + number] = row.bank.cold[last]
    row.page.listed[tier] -= 1
    row.page.cold[tier] -= 1
    if tier != BUMP:
        worth, place, sizes = row.bank.top_worth[tier], row.bank.top_place[tier], row.bank.top_sizes[tier]
        remove(worth[RATE], place[RATE], sizes, RATE, c)
        remove(worth[USD], place[USD], sizes, USD, c)
    i = start_record(tier, c, row, params)
    if POOL:
        row.page.pool_cold[tier] -= 1
        row.tried.captions[i].pooled = 1
    return i


def pick(tier: int, key: np.uint64, row: Row) -> int:
    """A uniform number among the tier's listed captions that have not retired."""
    start, state = row.page.tier_start[tier], key
    while True:
        number = int(uniform(state) * row.page.listed[tier])
        if row.bank.entries[row.bank.cold[start + number]].retires > row.page.week:
            return number
        state += STREAM
