"""Build the calendar of a block: SimPy runs the processes of a scenario once, and what they announce becomes arrays.

    processes (one file each) ──SimPy──> Calendar: time, kind, value, pages, in order of time ──> kernels

A process is a generator over a `Timetable`. It waits, and it announces events:

    def deliveries(timetable: Timetable, first: int, every: int) -> Process:
        for at in range(first, timetable.horizon, every):
            yield timetable.until(at)
            timetable.announce("delivery", value=2.5, page=3)

    calendar = build([partial(deliveries, first=10, every=60)], horizon=86_400)
    calendar.times("delivery")

Time is counted in whole ticks, whose length the world chooses: SimPy adds delays up, which only whole numbers survive
exactly. Events never depend on what a policy chooses, so that one calendar serves all policies. At one moment the order
is that of the list of processes, and within a process that of its announcements.
"""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import simpy

ALL_PAGES = -1

Process = Generator[Any, Any, None]
"""A SimPy process: it yields what it waits for."""


class Event(NamedTuple):
    """One event, as a process announced it."""

    time: int
    process: int
    """Place of the process in the list of processes."""
    kind: str
    value: float
    page: int
    period: int = 0
    """Of a series that starts at `time`; 0: a single event."""


class Timetable:
    """What a process sees: the time, the horizon, and where it announces its events. All times are ticks."""

    def __init__(
        self,
        clock: "simpy.Environment",
        horizon: int,
        process: int = 0,
        state: dict[str, float] | None = None,
    ) -> None:
        self._clock, self._process = clock, process
        self.state: dict[str, float] = {} if state is None else state
        """What processes tell one another, by name: incidents write it, the update job and the loads read it."""
        self.horizon = horizon
        self.events: list[Event] = []
        self.series: list[Event] = []

    @property
    def now(self) -> int:
        """The present tick."""
        return cast("int", self._clock.now)

    def until(self, at: float) -> Any:
        """Wait for tick `at`; raises ValueError for one that is past, or is no whole number."""
        if not math.isfinite(at):  # SimPy accepts NaN, and loses the order of events
            raise ValueError(f"{at} is no time")
        if at != int(at):
            raise ValueError(f"time {at} is not a whole number of ticks")
        if at < self.now:
            raise ValueError(f"time {at} is past")
        return self._clock.timeout(int(at) - self.now)

    def repeat(self, kind: str, first: int, period: int, value: float = 0.0, page: int = ALL_PAGES) -> None:
        """Something happens at `first` and every `period` ticks from then on, whatever else happens.

        One call, and no SimPy events, for a series that may have millions of members.
        """
        if first < self.now or period < 1:
            raise ValueError(f"{kind}: no series starts at {first}, at tick {self.now}, with period {period}")
        self.series.append(Event(first, self._process, kind, value, page, period))

    def event(self) -> Any:
        """A SimPy event that one process triggers (`.succeed()`) and others wait for."""
        return self._clock.event()

    def announce(self, kind: str, value: float = 0.0, page: int = ALL_PAGES) -> None:
        """Something happens now, on one page (its index) or on all."""
        if not math.isfinite(value):
            raise ValueError(f"{kind}: {value} is no value")
        self.events.append(Event(self.now, self._process, kind, value, page))


@dataclass(frozen=True)
class Calendar:
    """Events in order of time; equal-length arrays (events,)."""

    time: NDArray[np.int64]
    """Whole ticks."""
    kind: NDArray[np.int64]
    """Index into `kinds`."""
    value: NDArray[np.float64]
    """What it means depends on the kind."""
    pages: NDArray[np.int64]
    """Index of the page on which it happens; `ALL_PAGES`."""
    kinds: tuple[str, ...]
    """The kinds that occur, in alphabetical order."""

    def of(self, kind: str) -> NDArray[np.bool_]:
        """Which events are of this kind, (events,)."""
        return self.kind == self.kinds.index(kind) if kind in self.kinds else np.zeros(len(self.time), np.bool_)

    def times(self, kind: str) -> NDArray[np.int64]:
        """The ticks at which a kind occurs, in order; equal ones where it occurs twice."""
        return self.time[self.of(kind)]


def build(processes: Sequence[Callable[[Timetable], Process]], horizon: int) -> Calendar:
    """Run the processes, in one SimPy environment, up to and including tick `horizon`."""
    import simpy  # noqa: PLC0415  (scenarios name processes, and are read without running any)

    clock = simpy.Environment()
    state: dict[str, float] = {}
    timetables = [Timetable(clock, horizon, number, state) for number in range(len(processes))]
    for process, timetable in zip(processes, timetables, strict=True):
        clock.process(process(timetable))
    while clock.peek() <= horizon:
        clock.step()
    # SimPy orders the events of one moment by when they were scheduled; the order of the list is easier to predict.
    return _calendar([event for one in timetables for event in (*one.events, *one.series)], horizon)


def _calendar(announced: list[Event], horizon: int) -> Calendar:
    times = [_times(event, horizon) for event in announced]
    kinds = tuple(sorted({event.kind for event, own in zip(announced, times, strict=True) if len(own)}))
    lengths, time = [len(own) for own in times], np.concatenate([np.empty(0, np.int64), *times])
    process = np.repeat(np.array([event.process for event in announced], np.int64), lengths)
    order = np.lexsort((process, time))

    def column(values: list[float], dtype: type) -> NDArray[Any]:
        return np.repeat(np.array(values, dtype), lengths)[order]

    return Calendar(
        time=time[order],
        kind=column([kinds.index(event.kind) if event.kind in kinds else -1 for event in announced], np.int64),
        value=column([event.value for event in announced], np.float64),
        pages=column([event.page for event in announced], np.int64),
        kinds=kinds,
    )


def _times(event: Event, horizon: int) -> NDArray[np.int64]:
    if event.period == 0:
        return np.array([event.time], np.int64)
    return np.arange(event.time, horizon + 1, event.period, dtype=np.int64)


def longest_gap(times: NDArray[np.int64], horizon: int) -> int:
    """The longest time from 0 to `horizon` without any of `times`, which ascend."""
    inside = times[(times >= 0) & (times <= horizon)]
    return int(np.diff(np.concatenate([[0], inside, [horizon]])).max())
