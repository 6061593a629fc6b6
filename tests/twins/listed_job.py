"""An update job that runs at listed times."""

from collections.abc import Iterable

from sim.calendar.base import Process, Timetable
from sim.calendar.update_job import REFRESH


def at_times(timetable: Timetable, times: Iterable[int]) -> Process:
    """Refresh at these ticks, ascending, equal ones included."""
    for at in times:
        yield timetable.until(at)
        timetable.announce(REFRESH)
