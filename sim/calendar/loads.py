"""Loads of the send log: what the platform reports reaches the warehouse at times, up to a lag before each."""

from sim.calendar.base import Process, Timetable

LOAD = "load"
LATE = "loads_late"


def every(timetable: Timetable, period: int, lag: int, ticks_per_day: int) -> Process:
    """Load at tick `period` and every `period` ticks from then on; each shows messages up to `lag` before it.

    The event's value is the tick up to which messages are shown. A load that is late shows what is known when it comes.
    """
    for due in range(period, timetable.horizon + 1, period):
        at = max(timetable.now, due)
        yield timetable.until(at)
        late = round(timetable.state.get(LATE, 0.0) * ticks_per_day)
        if late > 0:
            yield timetable.until(at + late)
        timetable.announce(LOAD, float(timetable.now - lag))
