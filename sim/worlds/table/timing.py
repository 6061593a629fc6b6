"""When pages of the table world send, and when statistics are refreshed: the calendar of this world.

A tick is so short that every send and every refresh falls on a whole one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.calendar import update_job
from sim.calendar.base import Process, Timetable, build, longest_gap
from sim.scenario.sections.table import NEARLY, sends_before
from sim.units import DAY_US
from sim.worlds.base import Counts
from sim.worlds.table.rows import Clock

if TYPE_CHECKING:
    from policies.base import Policy

MEDIAN_DAYS = 30  # over which the median of `label: send` is taken
FINEST = 10**6  # parts of an hour in which refresh intervals are expressed
FAR = 2**62  # a send after every horizon


@dataclass(frozen=True)
class Timing:
    """When pages send and when statistics are refreshed, in ticks; send number i happens at i · `send_ticks`."""

    sends_per_day: int
    send_ticks: int
    horizon: int
    refreshes: Counts
    """Ascending; the numbers of refreshes are their places here."""

    def sends_before(self, day: float) -> int:
        """Sends of a page before time `day`."""
        return sends_before(day, self.sends_per_day)

    def refreshes_by(self, day: float) -> int:
        """Number of the last refresh by time `day`; −1: none."""
        last = (day * self.sends_per_day + NEARLY) * self.send_ticks
        return int(np.searchsorted(self.refreshes, last, side="right")) - 1

    def pending(self) -> int:
        """The most sends of a page that can await a refresh."""
        return longest_gap(self.refreshes, self.horizon) // self.send_ticks + 2

    def clock(self, fans: int, policy: "Policy") -> Clock:
        """What the kernel needs to know of time, and of the policy's memory."""
        return Clock(
            fans=fans,
            due=np.append(-(-self.refreshes // self.send_ticks), FAR),
            median_sends=MEDIAN_DAYS * self.sends_per_day,
            discount=float(policy.memory.discount),
            window=int(policy.memory.window),
        )

    def microseconds(self, number: int) -> int:
        """Microseconds from time zero to a refresh."""
        ticks_per_day = self.send_ticks * self.sends_per_day
        return int(self.refreshes[number]) * DAY_US // ticks_per_day


def processes(period: int) -> list[Callable[[Timetable], Process]]:
    """What happens by itself: a refresh at time zero and every `period` ticks."""
    return [partial(update_job.every, period=period, first=0)]


def timing_of(sends_per_day: int, refresh_hours: float, days: float) -> Timing:
    """The timing of a scenario; intervals finer than a millionth of an hour are rounded to one."""
    hours = max(Fraction(refresh_hours).limit_denominator(FINEST), Fraction(1, FINEST))
    ticks_per_day = math.lcm((hours / 24).denominator, sends_per_day)
    horizon = math.ceil(days * ticks_per_day)
    calendar = build(processes(int(hours / 24 * ticks_per_day)), horizon)
    return Timing(sends_per_day, ticks_per_day // sends_per_day, horizon, calendar.times(update_job.REFRESH))
