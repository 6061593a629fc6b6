"""The points of curves, at which worlds are observed; the value of the event is the number of the point."""

from collections.abc import Sequence

from sim.calendar.base import Process, Timetable

OBSERVATION = "observation"


def observations(timetable: Timetable, times: Sequence[int]) -> Process:
    """Observe at these ticks, ascending."""
    for number, at in enumerate(times):
        yield timetable.until(at)
        timetable.announce(OBSERVATION, value=number)
