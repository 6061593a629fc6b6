"""Changes of the world at listed times; the value of the event is the number of the change."""

from collections.abc import Sequence

from sim.calendar.base import Process, Timetable

CHANGE = "change"


def changes(timetable: Timetable, times: Sequence[int]) -> Process:
    """Change number i happens at tick `times[i]`; `times` ascend, and equal ones keep their order."""
    for number, at in enumerate(times):
        yield timetable.until(at)
        timetable.announce(CHANGE, value=number)
