"""The calendar of the traffic world: which SimPy processes run, and what kernels read of their events.

One tick is a second. A process of `sim.calendar` is added by putting it into the list of `processes`.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from sim.calendar import update_job
from sim.calendar.base import Calendar, Process, Timetable, build
from sim.scenario.sections.traffic import TrafficFeedback
from sim.units import DAY_S, HOUR_S
from sim.worlds.base import Counts

FAR = 2**62  # a tick after every horizon


def processes(feedback: TrafficFeedback) -> list[Callable[[Timetable], Process]]:
    """What happens by itself; at one moment in this order."""
    return [partial(update_job.every, period=max(1, round(HOUR_S * feedback.refresh_hours)))]


def calendar_of(feedback: TrafficFeedback, days: int) -> Calendar:
    """The events of `days` days, the same for every policy and replication."""
    return build(processes(feedback), days * DAY_S)


def refresh_times(calendar: Calendar) -> Counts:
    """The ticks of the refreshes, in order, and at the end `FAR`: a kernel that has had them all waits for ever."""
    return np.append(calendar.times(update_job.REFRESH), FAR)
