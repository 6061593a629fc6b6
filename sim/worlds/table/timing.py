"""When pages of the table world send, and when statistics are refreshed."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from sim.worlds.table.rows import Clock

if TYPE_CHECKING:
    from policies.base import Policy

MEDIAN_DAYS = 30  # over which the median of `label: send` is taken
NEARLY = 1e-9  # of a send or a refresh, since times of curve points are rounded
FINEST = 10**6  # parts of an hour in which refresh intervals are expressed


@dataclass(frozen=True)
class Timing:
    """When pages send and when statistics are refreshed; intervals are exact fractions of a day."""

    sends_per_day: int
    refresh_days: Fraction

    def sends_before(self, day: float) -> int:
        """Sends of a page before time `day`."""
        return int(np.ceil(day * self.sends_per_day - NEARLY))

    def refreshes_by(self, day: float) -> int:
        """Number of the last refresh by time `day`; the first, at time zero, is number 0."""
        return int(np.floor(day / float(self.refresh_days) + NEARLY))

    def pending(self) -> int:
        """The most sends of a page that can await a refresh."""
        return int(self.refresh_days * self.sends_per_day) + 2

    def clock(self, fans: int, policy: "Policy") -> Clock:
        """What the kernel needs to know of time, and of the policy's memory."""
        refreshes_per_send = 1 / (self.refresh_days * self.sends_per_day)
        return Clock(
            fans=fans,
            refreshes=refreshes_per_send.numerator,
            per_sends=refreshes_per_send.denominator,
            median_sends=MEDIAN_DAYS * self.sends_per_day,
            discount=float(policy.memory.discount),
            window=int(policy.memory.window),
        )


def timing_of(sends_per_day: int, refresh_hours: float) -> Timing:
    """The timing of a scenario; intervals finer than a millionth of an hour are rounded to one."""
    hours = max(Fraction(refresh_hours).limit_denominator(FINEST), Fraction(1, FINEST))
    return Timing(sends_per_day, hours / 24)
