"""The update job: it refreshes the statistics that policies see, at regular times or at listed ones."""

from collections.abc import Iterable

from sim.calendar.base import Process, Timetable

REFRESH = "refresh"


def every(timetable: Timetable, period: int, first: int | None = None) -> Process:
    """Refresh at tick `first`, by default `period`, and every `period` ticks from then on."""
    for at in range(period if first is None else first, timetable.horizon + 1, period):
        yield timetable.until(at)
        timetable.announce(REFRESH)


def at_times(timetable: Timetable, times: Iterable[int]) -> Process:
    """Refresh at these ticks, ascending, equal ones included."""
    for at in times:
        yield timetable.until(at)
        timetable.announce(REFRESH)
