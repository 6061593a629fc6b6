"""Which captions a page sends in a day: the best by the policy's score, tier by tier, among those eligible.

Plain functions of the traffic kernel, which binds the policy's `derive`, `prepare`, `score`, `support` and `weight`,
and `PRUNE`, `RECOMPUTE`, `WEIGHTED`, `RECORD`, `DISCOUNTED`, `WINDOWED` and `BY_REVENUE`.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.draws import arm_key, mix, pull_key, uniform
from sim.worlds.traffic_memory import recall, refresh_score
from sim.worlds.traffic_plan import DAY_S, wear_on
from sim.worlds.traffic_state import BUMP, Row

if TYPE_CHECKING:
    from policies.base import Rule

    prepare, score, support, weight = Rule.prepare, Rule.score, Rule.support, Rule.weight
    PRUNE = RECOMPUTE = WEIGHTED = RECORD = DISCOUNTED = WINDOWED = False

TIERS = BUMP + 1
REDRAWS = 63  # of a decision, to estimate propensities
REDRAW = np.uint64(0x6A09E667F3BCC909)  # between a decision and its redraws


def choose_day(day: int, row: Row, params: Any) -> None:
    """Fill the page's slots of `day`, which are laid out, with captions."""
    if DISCOUNTED or WINDOWED:
        recall(row)
    for tier in range(TIERS):
        wanted = wanted_of(tier, row)
        if wanted > 0:
            eligible = gather(tier, day, day * DAY_S - row.rules.cool_down_s, row, params)
            # A policy is never asked about nothing.
            found = choose(tier, day, eligible, wanted, row, params) if eligible > 0 else 0
            assign(tier, found, eligible, row, params)
            row.page.unfilled += wanted - found


def wanted_of(tier: int, row: Row) -> int:
    """How many slots of the day ask for this tier."""
    count = 0
    for slot in range(row.page.slots):
        count += row.plan[slot].tier == tier
    return count


def gather(tier: int, day: int, latest: int, row: Row, params: Any) -> int:
    """Copy a tier's captions that were last used by `latest` into the work space; returns how many there are."""
    count = 0
    for place in range(row.page.alive_start[tier], row.page.alive_start[tier + 1]):
        c = row.alive[place]
        caption = row.captions[c]
        if caption.last_used <= latest:
            mean = caption.rate * (1.0 - wear_on(day, caption, row))
            if RECOMPUTE:
                refresh_score(c, mean, row, params)
            row.eligible[count], row.mean[count], row.usd[count] = c, mean, mean * caption.price
            row.n[count], row.x[count], row.y[count] = caption.n, caption.x, caption.y
            count += 1
    return count


def choose(tier: int, day: int, eligible: int, wanted: int, row: Row, params: Any) -> int:
    """Choose `wanted` of the eligible captions, or all; returns how many, best first in `row.chosen`."""
    key = pull_key(row.page.policy_key, day * TIERS + tier)
    if RECORD:
        redraw(tier, eligible, wanted, key, row, params)
    return rank(tier, eligible, wanted, key, row, params)


def rank(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Any) -> int:
    """One decision: positions of the `wanted` largest scores, largest first, ties broken uniformly; how many."""
    n, x, y, state = row.n[:eligible], row.x[:eligible], row.y[:eligible], row.state[tier]
    prepare(row.page.sends, n, x, y, params, state, key)
    found = 0
    for i in range(eligible):
        full = found == wanted
        if PRUNE and full and support(x[i], y[i], state, params)[1] < row.score[found - 1]:
            continue
        value = score(x[i], y[i], state, params, arm_key(key, i))
        if math.isnan(value) or (full and value < row.score[found - 1]):
            continue
        found = enter(i, value, uniform(arm_key(key, eligible + i)), found, wanted, row)
    return found


def enter(i: int, value: float, luck: float, found: int, wanted: int, row: Row) -> int:
    """Insert one caption into the list of the best, by (score, luck); returns the list's length."""
    place = found
    while place > 0 and below(row.score[place - 1], row.luck[place - 1], value, luck):
        if place < wanted:
            row.score[place], row.luck[place] = row.score[place - 1], row.luck[place - 1]
            row.chosen[place] = row.chosen[place - 1]
        place -= 1
    if place < wanted:
        row.score[place], row.luck[place], row.chosen[place] = value, luck, i
    return min(found + 1, wanted)


def below(score_a: float, luck_a: float, score_b: float, luck_b: float) -> bool:
    """Whether (score, luck) of a is smaller than that of b."""
    return score_a < score_b or (score_a == score_b and luck_a < luck_b)


def redraw(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Any) -> None:
    """Count, for each eligible caption, in how many independent redraws of this decision it would be chosen."""
    row.hits[:eligible] = 0
    copy(row.state[tier], row.kept)
    for again in range(REDRAWS):
        for i in range(rank(tier, eligible, wanted, mix(key + REDRAW * np.uint64(again + 1)), row, params)):
            row.hits[row.chosen[i]] += 1
        copy(row.kept, row.state[tier])


def copy(source: Any, target: Any) -> None:
    """Copy numbers one by one: assigning array to array would allocate."""
    for i in range(source.shape[0]):
        target[i] = source[i]


def propensity_of(i: int, row: Row) -> float:
    """Estimated chance of inclusion of a chosen caption: (1 + redraws with it) / (1 + redraws), see docs/traffic.md."""
    return float(1.0 + row.hits[i]) / (1.0 + REDRAWS)


def assign(tier: int, found: int, eligible: int, row: Row, params: Any) -> None:
    """Give the chosen captions, best first, to the tier's slots in the day's shuffled order; note what was missed."""
    regret, regret_usd, least, taken = 0.0, 0.0, 0.0, 0
    if tier != BUMP and found > 0:
        regret_usd = missed(found, eligible, row.usd, row)
        regret = missed(found, eligible, row.mean, row)
        least = row.best[found - 1]
    for place in range(row.page.slots):
        slot = row.plan[row.order[place]]
        if slot.tier == tier:
            slot.regret, slot.regret_usd, slot.caption = regret, regret_usd, -1
            if taken < found:
                fill(slot, tier, row.chosen[taken], least, row, params)
            taken += 1


def fill(slot: Any, tier: int, i: int, least: float, row: Row, params: Any) -> None:
    """Put a chosen caption into a slot."""
    slot.caption = row.eligible[i]
    slot.best = 1 if row.mean[i] >= least else 0
    if WEIGHTED:
        slot.weight = weight(row.x[i], row.y[i], row.state[tier], params)
    if RECORD:
        slot.propensity = propensity_of(i, row)


def missed(found: int, eligible: int, values: Any, row: Row) -> float:
    """Mean difference a slot between the largest values of the eligible and those of the chosen captions; >= 0."""
    row.best[:found] = -math.inf
    row.own[:found] = -math.inf
    for i in range(eligible):
        if values[i] > row.best[found - 1]:
            sink(row.best, found, values[i])
    total = 0.0
    for i in range(found):
        sink(row.own, found, values[row.chosen[i]])
    for i in range(found):
        total += row.best[i] - row.own[i]
    return total / found


def sink(falling: Any, size: int, value: float) -> None:
    """Put `value` into the descending `falling[:size]`, whose last falls out."""
    place = size - 1
    while place > 0 and falling[place - 1] < value:
        falling[place] = falling[place - 1]
        place -= 1
    falling[place] = value
