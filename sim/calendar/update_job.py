"""The update job: it refreshes the statistics that policies see, at regular times or at listed ones."""

from collections.abc import Iterable

from sim.calendar.base import Process, Timetable

REFRESH = "refresh"


def every(timetable: Timetable, period: int, first: int | None = None) -> Process:
    """Refresh at tick `first`, by default `period`, and every `period` ticks from then on, whatever happens.

    The series is announced at once: a job that something delays or stops has to wait for each of its runs instead.
    """
    yield timetable.until(0)
    timetable.repeat(REFRESH, period if first is None else first, period)


def at_times(timetable: Timetable, times: Iterable[int]) -> Process:
    """Refresh at these ticks, ascending, equal ones included."""
    for at in times:
        yield timetable.until(at)
        timetable.announce(REFRESH)
