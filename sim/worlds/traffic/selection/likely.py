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
from sim.worlds.base import Floats, Params
from sim.worlds.traffic.records import Ints
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.agency_lock import is_locked
from sim.worlds.traffic.selection.composite import DRAW

support: Callable[..., tuple[float, float]] = unbound("support")
LOCKED: bool = unbound("LOCKED")

MARGIN = 0.2  # by which the least score that a decision needs may fall until the next one
STEP = 0.3  # by which it is lowered where too few captions reach it
ROUNDING = 1e-12
BLOCK = 16  # captions that are looked at together
LOW = -1.0  # below which few captions score, so that all are looked at


def gather_likely(tier: int, least: float, row: Row) -> int:
    """Copy the eligible captions whose score can reach `least` into the work space, at their positions among all.

    `row.work.likely` lists these positions, ascending; returns the number of all that are eligible. Most blocks of
    captions have none that reaches `least`: of these only the eligible are counted.
    """
    latest, start = row.page.day * DAY_S - row.rules.cool_down_s, row.page.tried_start[tier]
    stop, highest = start + row.page.tried[tier], row.work.class_bonus.max()
    row.page.likely = count = 0
    for first in range(start, stop, BLOCK):
        last = min(first + BLOCK, stop)
        # Rounding keeps the order of sums: where this one is below, that with the caption's own bonus is, too.
        if reaching(row.tried.bounds.top[first:last], highest, least) > 0:
            count = gather_block(first, last, latest, least, count, row)
        else:
            count += number_ready(first, last, latest, row)
    return count


def reaching(top: Floats, bonus: float, least: float) -> int:
    """How many captions reach `least` with a bonus; a plain loop, of which a processor does several steps at once."""
    number = 0
    for c in range(top.shape[0]):
        number += not top[c] + bonus < least
    return number


def gather_block(first: int, last: int, latest: int, least: float, count: int, row: Row) -> int:
    """`gather_likely` for the captions from `first` up to `last`, before which `count` are eligible."""
    bonus, bounds = row.work.class_bonus, row.tried.bounds
    for c in range(first, last):
        kind = bounds.kind[c]
        ready = is_ready(c, latest, row)
        if ready and not bounds.top[c] + bonus[kind] < least:
            caption = row.tried.captions[c]
            row.work.eligible[count], row.work.a[count], row.work.b[count] = c, caption.a, caption.b
            row.work.bonus[count] = bonus[kind] + row.tried.value[c]
            row.work.barred[count] = row.work.excluded[kind]
            row.work.likely[row.page.likely] = count
            row.page.likely += 1
        count += ready
    return count


def is_ready(c: int, latest: int, row: Row) -> bool:
    """Whether a tried caption is eligible, or over its budget and still ranked."""
    ready = row.tried.bounds.last_used[c] <= latest
    ready &= row.rules.rank_defect > 0 or row.work.excluded[row.tried.bounds.kind[c]] == 0
    if LOCKED:
        ready &= not is_locked(c, latest, row)
    return bool(ready)


def number_ready(first: int, last: int, latest: int, row: Row) -> int:
    """How many captions from `first` up to `last` are eligible."""
    if not LOCKED and row.rules.rank_defect > 0:
        return number_rested(row.tried.bounds.last_used[first:last], latest)
    number = 0
    for c in range(first, last):
        number += is_ready(c, latest, row)
    return number


def number_rested(last_used: Ints, latest: int) -> int:
    """How many captions were last used by second `latest`; a plain loop like that of `reaching`."""
    number = 0
    for c in range(last_used.shape[0]):
        number += last_used[c] <= latest
    return number


def note_top(c: int, row: Row, params: Params) -> None:
    """Bring the bound of a tried caption's score up to its row; sums in another order differ by less than `ROUNDING`.

    `prepare` does nothing where captions are skipped: all tiers have the same state.
    """
    caption = row.tried.captions[c]
    most = DRAW * support(caption.a, caption.b, row.state[0], params)[1] + row.tried.value[c]
    row.tried.bounds.top[c] = most + ROUNDING * (1.0 + abs(most))


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
