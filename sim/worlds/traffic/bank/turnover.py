"""A page's bank as the weeks go by: captions arrive, drift, retire, and become warm when they are first chosen.

Plain functions of the traffic kernel, which binds `POOLED`: whether the policy sees cold captions as equals. For other
policies every caption is warm from its arrival on.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.maths.draws import STREAM, arm_key, mix, pull_key, uniform
from sim.worlds.traffic.bank.rank_cutoff import gauge
from sim.worlds.traffic.bank.top_cold import lead, strike
from sim.worlds.traffic.records import BUMP, NEVER, RATE, RETIRED, USD, Row
from sim.worlds.traffic.update_job import refresh_score

if TYPE_CHECKING:
    POOLED = False

TIDY = 0.5  # share of a list's captions below which those that retired are struck off
ONE, TWO, FOUR, TOP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)  # for counting bits (Knuth, TAOCP 4A)
ODD, TWOS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
BYTES = np.uint64(0x0101010101010101)


def begin_week(week: int, row: Row, params: Any) -> None:
    """Captions come and go; the rates of those that stay take a step of their random walk."""
    row.page.week, row.page.alive = week, 0
    for tier in range(BUMP + 1):
        if tier != BUMP and row.rules.drift_sigma > 0.0:
            drift(tier, week, row)
        keep_cold(tier, week, keep_warm(tier, week, row), row)
        arrive(tier, week, row, params)
        row.page.alive += row.page.cold[tier]
        if tier != BUMP:
            gauge(tier, row)
            if POOLED:
                lead(tier, row)


def drift(tier: int, week: int, row: Row) -> None:
    """Let the rates of the tier's captions that have arrived before wander, each week by a factor of mean 1."""
    start = row.page.tier_start[tier]
    stop, sigma = start + row.page.arrived[tier], row.rules.drift_sigma
    # E exp(σ (heads − 32) / 4) = cosh(σ / 8)^64.
    drop = 64.0 * math.log(math.cosh(0.125 * sigma))
    walk(pull_key(row.page.drift_key, week), 0.25 * sigma, drop, row.bank[start:stop])


def walk(key: np.uint64, size: float, drop: float, bank: Any) -> None:
    """A step for each caption: 64 coins, nearly normal, which a processor tosses for several captions at once."""
    for c in range(bank.shape[0]):
        bank[c].log_rate += size * (heads(mix(arm_key(key, bank[c].caption_id))) - 32.0) - drop


def heads(coins: np.uint64) -> float:
    """The number of ones among 64 bits."""
    pairs = coins - ((coins >> ONE) & ODD)
    fours = (pairs & TWOS) + ((pairs >> TWO) & TWOS)
    eights = (fours + (fours >> FOUR)) & FOURS
    return float((eights * BYTES) >> TOP)


def keep_cold(tier: int, week: int, warm: int, row: Row) -> None:
    """Let go of the cold captions that retire, `warm` others having retired; they stay listed until they are many."""
    page, start = row.page, row.page.tier_start[tier]
    page.cold[tier] -= row.leaving[tier, week] - warm
    if page.cold[tier] < TIDY * page.listed[tier]:
        kept = start
        for i in range(start, start + page.listed[tier]):
            row.cold[kept] = row.cold[i]
            kept += row.bank[row.cold[i]].retires > week
        page.listed[tier] = kept - start


def keep_warm(tier: int, week: int, row: Row) -> int:
    """Retire warm captions, and bring the rates of those that stay up to date; returns how many retire."""
    start, retired = row.page.warm_start[tier], 0
    for i in range(start, start + row.page.warm[tier]):
        caption = row.captions[i]
        if caption.last_used == RETIRED:
            continue
        if row.bank[caption.place].retires <= week:
            caption.last_used = RETIRED
            retired += 1
        else:
            row.page.alive += 1
            if tier != BUMP:
                caption.rate = math.exp(row.bank[caption.place].log_rate)
    return retired


def arrive(tier: int, week: int, row: Row, params: Any) -> None:
    """Put the captions that arrive by `week` behind the cold ones."""
    page = row.page
    start, place = page.tier_start[tier], page.tier_start[tier] + page.arrived[tier]
    while place < page.tier_start[tier + 1] and row.arrives[place] <= week:
        row.cold[start + page.listed[tier]] = place
        page.listed[tier] += 1
        page.cold[tier] += 1
        place += 1
    page.arrived[tier] = place - start
    if not POOLED:
        for i in range(start, start + page.cold[tier]):
            warm_up(tier, row.cold[i], row, params)
        page.alive += page.cold[tier]
        page.cold[tier] = page.listed[tier] = 0


def warm_up(tier: int, c: int, row: Row, params: Any) -> int:
    """Open the records of a caption, nothing being known of it; returns its place among the warm."""
    i = row.page.warm_start[tier] + row.page.warm[tier]
    row.page.warm[tier] += 1
    caption = row.captions[i]
    caption.place, caption.price, row.history[i].caption_id = c, row.bank[c].price, row.bank[c].caption_id
    caption.rate, caption.last_used = math.exp(row.bank[c].log_rate), NEVER
    refresh_score(i, caption.rate, row, params)
    return i  # type: ignore[no-any-return]


def take(tier: int, key: np.uint64, row: Row, params: Any) -> int:
    """Choose any of a tier's cold captions, of which there must be one: it becomes warm; its place among the warm."""
    start, number = row.page.tier_start[tier], pick(tier, key, row)
    c, last = row.cold[start + number], start + row.page.listed[tier] - 1
    row.cold[start + number] = row.cold[last]
    row.page.listed[tier] -= 1
    row.page.cold[tier] -= 1
    if tier != BUMP:
        strike(row.leaders[tier, RATE], row.led[tier], RATE, c)
        strike(row.leaders[tier, USD], row.led[tier], USD, c)
    return warm_up(tier, c, row, params)


def pick(tier: int, key: np.uint64, row: Row) -> int:
    """A uniform number among the tier's listed captions that have not retired."""
    start, state = row.page.tier_start[tier], key
    while True:
        number = int(uniform(state) * row.page.listed[tier])
        if row.bank[row.cold[start + number]].retires > row.page.week:
            return number
        state += STREAM
