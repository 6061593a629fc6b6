"""Whether a policy has locked itself out of the best captions.

Plain functions of the traffic kernel; see `traffic_choice` for the names that it binds.
"""

from typing import TYPE_CHECKING, Any

from policies.draws import pull_key
from sim.worlds.traffic_choice import TIERS, gather, wanted_of
from sim.worlds.traffic_memory import recall
from sim.worlds.traffic_state import BUMP, Row

if TYPE_CHECKING:
    from policies.base import Rule

    prepare, support = Rule.prepare, Rule.support
    DISCOUNTED = WINDOWED = False

NO_COOL_DOWN = 2**62


def judge(locked: Any, row: Row, params: Any) -> None:
    """Into `locked` (3,): whether the best caption of each priced tier can no longer be chosen, cool-down aside.

    It cannot where as many others as the tier sends in a day always score above it. Changes what the policy remembers:
    run on a copy.
    """
    day = row.page.day - 1
    if DISCOUNTED or WINDOWED:
        recall(row)
    for tier in range(BUMP):
        eligible, state = gather(tier, day, NO_COOL_DOWN, row, params), row.state[tier]
        locked[tier] = False
        if eligible > 0:
            key = pull_key(row.page.policy_key, (day + 1) * TIERS + tier)
            n, x, y = row.n[:eligible], row.x[:eligible], row.y[:eligible]
            prepare(row.page.sends, n, x, y, params, state, key)
            locked[tier] = not can_enter(x, y, state, max(1, wanted_of(tier, row)), row, params)


def can_enter(x: Any, y: Any, state: Any, wanted: int, row: Row, params: Any) -> bool:
    """Whether the truly best of the gathered captions can be among the `wanted` largest scores."""
    best, above = 0, 0
    for i in range(x.shape[0]):
        if row.mean[i] > row.mean[best]:
            best = i
    low, high = support(x[best], y[best], state, params)
    for i in range(x.shape[0]):
        floor, ceiling = support(x[i], y[i], state, params)
        # At equal bounds a tie has probability zero as soon as either score is spread out.
        if i != best and (high < floor or (high == floor and (low < high or floor < ceiling))):
            above += 1
    return above < wanted
