"""The agency-wide lock: a caption that one page sends cools down on every page that shares the bank.

Pages choose in the order of their numbers, day by day:

    page 1 chooses ──> its captions are locked ──> page 2 chooses ──> … ──> all pages send; the next day begins

`skip`, the sound form: a locked caption is not eligible. `abort`, as deployed: a page ranks its captions without regard
to the locks of others and assigns them one by one, tier by tier, best first; the first locked caption aborts the call.
What was assigned before it stands, and the page's other slots of that day stay empty.

Plain functions of the traffic kernel, which binds `LOCKED` (locked captions are not eligible) and `ABORTS`.
"""

from sim.kernels import unbound
from sim.units import DAY_S
from sim.worlds.traffic.rows import Row

LOCKED: bool = unbound("LOCKED")
ABORTS: bool = unbound("ABORTS")


def is_locked(c: int, latest: int, row: Row) -> bool:
    """Whether some page sends a tried caption after second `latest`."""
    return bool(row.fleet.last_used[row.tried.captions[c].place] > latest)


def lock(c: int, time: int, row: Row) -> None:
    """Lock a caption that the page sends at second `time` of its present day; the lock holds today in any case."""
    row.fleet.last_used[row.tried.captions[c].place] = max(time, row.page.day * DAY_S + 1)


def stop_at_clash(found: int, row: Row) -> int:
    """How many of the `found` captions in `row.work.chosen` are assigned before one is locked; sets `page.aborted`."""
    latest = row.page.day * DAY_S - row.rules.cool_down_s
    row.page.aborted = 0
    for i in range(found):
        if is_locked(row.work.eligible[row.work.chosen[i]], latest, row):
            row.page.aborted = 1
            return i
    return found
