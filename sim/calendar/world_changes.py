"""Changes of the world at listed times; the value of the event is the number of the change."""

from collections.abc import Sequence

from sim.calendar.base import Process, Timetable

CHANGE = "change"


def changes(timetable: Timetable, times: Sequence[int]) -> Process:
    """Change number i happens at tick `times[i]`; changes at one tick happen in the order of their numbers."""
    for number in sorted(range(len(times)), key=lambda i: times[i]):
        yield timetable.until(times[number])
        timetable.announce(CHANGE, value=number)
