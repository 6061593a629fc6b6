"""A random pool of each tier's captions, which is all that a policy with `pool` chooses from (Bayati et al. 2020).

    drawn anew when `renew` days are over ──> filled up after the weekly turnover ──> shrinks as captions retire

Of cold captions, which are equals to the policy, only their number in the pool is kept: which ones they are shows when
they are tried. Plain functions of the traffic kernel, used where it binds `POOL`.
"""

import numpy as np

from policies.maths.draws import arm_key, pull_key, uniform
from sim.kernels import unbound
from sim.units import WEEK_DAYS
from sim.worlds.traffic.records import BUMP, RETIRED
from sim.worlds.traffic.rows import Row

POOL: bool = unbound("POOL")

TIERS = BUMP + 1
LOSSES = 1 << 40  # added to the number of a decision: the draws of a week's losses


def cold_of(tier: int, row: Row) -> int:
    """How many cold captions of a tier can be chosen."""
    return row.page.pool_cold[tier] if POOL else row.page.cold[tier]  # type: ignore[no-any-return]


def keep_pools(day: int, row: Row) -> None:
    """Draw the pools of `day`, or fill up those of the days before; after the week's turnover."""
    page, number = row.page, int(day / row.rules.renew)
    renewed = number != page.pool_number
    if renewed:
        page.pool_number = number
        for c in range(row.tried.captions.shape[0]):
            row.tried.captions[c].pooled = 0
        for tier in range(TIERS):
            page.pool_cold[tier] = 0
    if renewed or day % WEEK_DAYS == 0:
        for tier in range(TIERS):
            fill_up(tier, day_key(tier, day, row), row)


def day_key(tier: int, day: int, row: Row) -> np.uint64:
    """The address of a tier's draws of a day."""
    return pull_key(row.page.pool_key, day * TIERS + tier)


def fill_up(tier: int, key: np.uint64, row: Row) -> None:
    """Add captions to the tier's pool, drawn uniformly, until it is full or has all (Knuth, TAOCP 2, algorithm S)."""
    start, inside = row.page.tried_start[tier], row.page.pool_cold[tier]
    stop, outside = start + row.page.tried[tier], row.page.cold[tier] - inside
    for c in range(start, stop):
        caption = row.tried.captions[c]
        inside += caption.last_used != RETIRED and caption.pooled > 0
        outside += caption.last_used != RETIRED and caption.pooled == 0
    wanted = max(0, min(row.rules.pool - inside, outside))
    for c in range(start, stop):
        caption = row.tried.captions[c]
        if caption.last_used != RETIRED and caption.pooled == 0:
            if uniform(arm_key(key, c - start)) * outside < wanted:
                caption.pooled = 1
                wanted -= 1
            outside -= 1
    row.page.pool_cold[tier] += wanted


def lose_cold(tier: int, retiring: int, week: int, row: Row) -> None:
    """Take out of the pool those of the `retiring` ones of the tier's cold captions that are in it."""
    key, cold = day_key(tier, LOSSES + week, row), row.page.cold[tier]
    for i in range(retiring):
        if uniform(arm_key(key, i)) * (cold - i) < row.page.pool_cold[tier]:
            row.page.pool_cold[tier] -= 1
