"""The calendar of the traffic world: which SimPy processes run, and what kernels read of their events.

One tick is a second. A process of `sim.calendar` is added by putting it into the list of `processes`; an incident is
added by a file in `sim.calendar.incidents`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from sim.calendar import loads, update_job
from sim.calendar.base import Calendar, Process, Timetable, build
from sim.calendar.incidents.base import PREFIX, Incident
from sim.scenario.sections.traffic_loop import TrafficFeedback
from sim.units import DAY_S, HOUR_S
from sim.worlds.base import Counts, Floats

FAR = 2**62  # a tick after every horizon
RATES, AUDIENCE, ATTRIBUTION, EXPIRY, PRICES, REPLACED = range(6)  # what changes by page and day
DAILY = {
    "rates": RATES,
    "audience": AUDIENCE,
    "attribution": ATTRIBUTION,
    "partition_expiry": EXPIRY,
    "prices": PRICES,
    "function_replaced": REPLACED,
}


class Times(NamedTuple):
    """What kernels read of the calendar; times are seconds, each list ends with `FAR`."""

    refreshes: Counts
    """Seconds of the refreshes, ascending."""
    loads: Counts
    """Seconds of the loads, ascending."""
    loads_until: Counts
    """For each load, the second up to which it shows messages."""
    daily: Floats
    """(pages, days, 6): factor of rates, factor of the audience, share attributed, days after which rows expire (0),
    factor of prices, 1 while the function is replaced."""


def processes(feedback: TrafficFeedback, incidents: Sequence[Incident]) -> list[Callable[[Timetable], Process]]:
    """What happens by itself; at one moment in this order."""
    listed: list[Callable[[Timetable], Process]] = []
    for incident in incidents:
        listed += [partial(incident.begin, ticks_per_day=DAY_S), partial(incident.end, ticks_per_day=DAY_S)]
    if feedback.loads is not None:
        period, lag = (
            max(0, round(HOUR_S * hours)) for hours in (feedback.loads.every_hours, feedback.loads.lag_hours)
        )
        listed.append(partial(loads.every, period=max(1, period), lag=lag, ticks_per_day=DAY_S))
    job = update_job.disturbed if any(one.kind.startswith("update_job") for one in incidents) else update_job.every
    listed.append(partial(job, period=max(1, round(HOUR_S * feedback.refresh_hours))))
    return listed


def calendar_of(feedback: TrafficFeedback, days: int, incidents: Sequence[Incident] = ()) -> Calendar:
    """The events of `days` days, the same for every policy and replication."""
    return build(processes(feedback, incidents), days * DAY_S)


def times_of(calendar: Calendar, feedback: TrafficFeedback, pages: int, days: int) -> Times:
    """What kernels read: a kernel that has had all events of a list waits for `FAR`."""
    loaded = calendar.of(loads.LOAD)
    return Times(
        refreshes=refresh_times(calendar),
        loads=np.append(calendar.time[loaded], FAR),
        loads_until=np.append(calendar.value[loaded].astype(np.int64), FAR),
        daily=_daily(calendar, feedback, pages, days),
    )


def refresh_times(calendar: Calendar) -> Counts:
    """The ticks of the refreshes, in order, and at the end `FAR`."""
    return np.append(calendar.times(update_job.REFRESH), FAR)


def _daily(calendar: Calendar, feedback: TrafficFeedback, pages: int, days: int) -> Floats:
    """What incidents change by whole days: from the day on which they begin."""
    daily = np.empty((pages, days, len(DAILY)))
    usual = [1.0, 1.0, feedback.attribution, 0.0, 1.0, 0.0]
    daily[:] = usual
    for time, kind, value, page in zip(calendar.time, calendar.kind, calendar.value, calendar.pages, strict=True):
        what = DAILY.get(calendar.kinds[kind].removeprefix(PREFIX))
        if what is not None:
            some = slice(None) if page < 0 else slice(page, page + 1)
            daily[some, time // DAY_S :, what] = usual[what] if value < 0.0 else value
    return daily
