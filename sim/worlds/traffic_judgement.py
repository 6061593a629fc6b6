"""Whether a policy has locked itself out of the best captions.

Plain functions of the traffic kernel; see `traffic_choice` for the names that it binds.
"""

from typing import TYPE_CHECKING, Any

from policies.draws import pull_key
from sim.worlds.traffic_choice import TIERS, gather, wanted_of
from sim.worlds.traffic_leaders import ensure
from sim.worlds.traffic_memory import recall
from sim.worlds.traffic_regret import rate_on
from sim.worlds.traffic_state import BUMP, RATE, RETIRED, Row

if TYPE_CHECKING:
    from policies.base import Rule

    derive, prepare, support = Rule.derive, Rule.prepare, Rule.support
    DISCOUNTED = WINDOWED = False

NO_COOL_DOWN = RETIRED - 1


def judge(locked: Any, row: Row, params: Any) -> None:
    """Into `locked` (3,): whether the best caption of each priced tier can no longer be chosen, cool-down aside.

    It cannot where as many others as the tier sends in a day always score above it. Changes what the policy remembers:
    run on a copy.
    """
    day = row.page.day - 1
    if DISCOUNTED or WINDOWED:
        recall(row)
    for tier in range(BUMP):
        eligible, cold, state = gather(tier, day, NO_COOL_DOWN, row, params), row.page.cold[tier], row.state[tier]
        locked[tier] = False
        if eligible + cold > 0:
            key, arms = pull_key(row.page.policy_key, (day + 1) * TIERS + tier), eligible + cold
            prepare(row.page.sends, row.n[:arms], row.x[:arms], row.y[:arms], params, state, key)
            best = best_of(tier, day, eligible, row)
            locked[tier] = count_above(best, tier, eligible, row, params) >= max(1, wanted_of(tier, row))


def best_of(tier: int, day: int, eligible: int, row: Row) -> int:
    """The position of the truly best of the gathered captions; −1 for a cold one."""
    ensure(tier, 1, row)
    best, most = -1, row.leaders[tier, RATE, 0].value if row.page.cold[tier] > 0 else -1.0
    for i in range(eligible):
        rate = rate_on(day, row.eligible[i], row)
        if rate > most:
            best, most = i, rate
    return best


def count_above(best: int, tier: int, eligible: int, row: Row, params: Any) -> int:
    """How many captions of a tier always score above the one at position `best`, of which −1 is a cold one."""
    state, above = row.state[tier], 0
    cold_x, cold_y = derive(0.0, 0.0, 0.0, 0.0, params)
    x, y = (row.x[best], row.y[best]) if best >= 0 else (cold_x, cold_y)
    for i in range(eligible):
        above += i != best and is_above(x, y, row.x[i], row.y[i], state, params)
    # Captions of equal statistics cannot exclude one another.
    if best >= 0 and is_above(x, y, cold_x, cold_y, state, params):
        above += row.page.cold[tier]
    return above


def is_above(x: float, y: float, other_x: float, other_y: float, state: Any, params: Any) -> bool:
    """Whether the other score is always above the first."""
    low, high = support(x, y, state, params)
    floor, ceiling = support(other_x, other_y, state, params)
    # At equal bounds a tie has probability zero as soon as either score is spread out.
    return high < floor or (high == floor and (low < high or floor < ceiling))  # type: ignore[no-any-return]
