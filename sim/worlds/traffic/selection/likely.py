"""The eligible captions whose composite score can be among the best: of thousands, all others need no draw.

    least that the tier's last decision needed ──> captions whose highest possible score reaches it ──> draws
            └─ too high after all: those that reach the least score of the chosen ──> draws; the choice is exact

The draw of a caption has the address of its position among all that are eligible, which are therefore counted. The
choice is the same, bit for bit, as that among all. Plain functions of the traffic kernel, used where it binds `SKIPS`.
"""

import math
from collections.abc import Callable

from sim.kernels import unbound
from sim.units import DAY_S
from sim.worlds.base import Params
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.agency_lock import is_locked
from sim.worlds.traffic.selection.composite import DRAW

support: Callable[..., tuple[float, float]] = unbound("support")
LOCKED: bool = unbound("LOCKED")

MARGIN = 0.2  # by which the least score that a decision needs may fall until the next one
STEP = 0.3  # by which it is lowered where too few captions reach it
ROUNDING = 1e-12
LOW = -1.0  # below which few captions score, so that all are looked at


def gather_likely(tier: int, least: float, row: Row) -> int:
    """Copy the eligible captions whose score can reach `least` into the work space, at their positions among all.

    `row.work.likely` lists these positions, ascending; returns the number of all that are eligible.
    """
    latest, start = row.page.day * DAY_S - row.rules.cool_down_s, row.page.tried_start[tier]
    bonus, excluded, defect = row.work.class_bonus, row.work.excluded, row.rules.rank_defect > 0
    count = likely = 0
    for c in range(start, start + row.page.tried[tier]):
        bound = row.tried.bound[c]
        ready = (bound.last_used <= latest) & (defect | (excluded[bound.kind] == 0))
        if LOCKED:
            ready &= not is_locked(c, latest, row)
        if ready and not bound.top + bonus[bound.kind] < least:
            caption = row.tried.captions[c]
            row.work.eligible[count], row.work.a[count], row.work.b[count] = c, caption.a, caption.b
            row.work.bonus[count] = bonus[bound.kind] + row.tried.value[c]
            row.work.barred[count] = excluded[bound.kind]
            row.work.likely[likely] = count
            likely += 1
        count += ready
    row.page.likely = likely
    return count


def note_top(c: int, row: Row, params: Params) -> None:
    """Bring the bound of a tried caption's score up to its row; sums in another order differ by less than `ROUNDING`.

    `prepare` does nothing where captions are skipped: all tiers have the same state.
    """
    caption = row.tried.captions[c]
    most = DRAW * support(caption.a, caption.b, row.state[0], params)[1] + row.tried.value[c]
    row.tried.bound[c].top = most + ROUNDING * (1.0 + abs(most))


def is_certain(tier: int, eligible: int, found: int, wanted: int, row: Row) -> bool:
    """Whether no caption that was left out can be among the best; sets what the next look asks for."""
    least = row.page.least[tier]
    if found < wanted:
        certain, least = row.page.likely == eligible, least - STEP if least > LOW else -math.inf
    else:
        needed = row.work.score[found - 1]
        certain, least = needed >= least, needed
    row.page.least[tier] = least - MARGIN if certain else least
    return bool(certain)
