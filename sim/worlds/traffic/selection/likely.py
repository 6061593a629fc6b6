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
LOW = -1.0  # below which few captions score, so that all are looked at


def gather_likely(tier: int, least: float, row: Row, params: Params) -> int:
    """Copy the eligible captions whose score can reach `least` into the work space, at their positions among all.

    `row.work.likely` lists these positions, ascending; returns the number of all that are eligible.
    """
    latest, start = row.page.day * DAY_S - row.rules.cool_down_s, row.page.tried_start[tier]
    state, defect = row.state[tier], row.rules.rank_defect > 0
    count = likely = 0
    for c in range(start, start + row.page.tried[tier]):
        caption, value = row.tried.captions[c], row.tried.value[c]
        excluded, bonus = row.work.excluded[caption.kind], row.work.class_bonus[caption.kind] + value
        ready = (caption.last_used <= latest) & (not math.isnan(value)) & (defect | (excluded == 0))
        if LOCKED:
            ready &= not is_locked(c, latest, row)
        if ready and not DRAW * support(caption.a, caption.b, state, params)[1] + bonus < least:
            row.work.eligible[count], row.work.a[count], row.work.b[count] = c, caption.a, caption.b
            row.work.bonus[count], row.work.barred[count] = bonus, excluded
            row.work.likely[likely] = count
            likely += 1
        count += ready
    row.page.likely = likely
    return count


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
