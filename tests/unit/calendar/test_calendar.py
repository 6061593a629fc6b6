"""Calendars: what processes announce becomes arrays in order of time."""

import math
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import simpy

from sim.calendar import observation_points, update_job, world_changes
from sim.calendar.base import ALL_PAGES, build, longest_gap
from twins.listed_job import at_times


def announcing(*events):
    """A process that announces (time, kind, value, page)."""

    def process(timetable):
        for at, kind, value, page in events:
            yield timetable.until(at)
            timetable.announce(kind, value, page)

    return process


def test_events_of_several_processes_are_in_order_of_time_and_at_one_moment_of_the_processes():
    late_first = announcing((5, "a", 1.0, 0), (9, "a", 2.0, 1))
    calendar = build([late_first, announcing((2, "b", 3.0, ALL_PAGES), (5, "b", 4.0, 2), (5, "b", 5.0, 3))], 10)
    assert calendar.time.tolist() == [2, 5, 5, 5, 9]
    assert [calendar.kinds[kind] for kind in calendar.kind] == ["b", "a", "b", "b", "a"]
    assert calendar.value.tolist() == [3.0, 1.0, 4.0, 5.0, 2.0]
    assert calendar.pages.tolist() == [ALL_PAGES, 0, 2, 3, 1]
    assert calendar.times("a").tolist() == [5, 9]
    assert calendar.times("b").tolist() == [2, 5, 5]


def test_the_horizon_itself_belongs_to_the_calendar_and_nothing_after_it():
    calendar = build([announcing((10, "a", 0.0, 0), (11, "a", 0.0, 0))], 10)
    assert calendar.time.tolist() == [10]


def test_a_calendar_may_be_empty():
    calendar = build([announcing()], 10)
    assert (len(calendar.time), calendar.kinds, calendar.times("a").tolist()) == (0, (), [])
    assert calendar.of("a").tolist() == []


@pytest.mark.parametrize(
    ("at", "message"), [(math.nan, "no time"), (math.inf, "no time"), (2.5, "not a whole"), (3, "past")]
)
def test_times_that_are_no_times_are_refused(at, message):
    with pytest.raises(ValueError, match=message):
        build([announcing((4, "a", 0.0, 0), (at, "a", 0.0, 0))], 10)


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="a: nan is no value"):
        build([announcing((4, "a", math.nan, 0))], 10)


def test_a_regular_update_job_refreshes_up_to_the_horizon():
    assert build([partial(update_job.every, period=4)], 12).times(update_job.REFRESH).tolist() == [4, 8, 12]
    assert build([partial(update_job.every, period=4, first=0)], 11).times(update_job.REFRESH).tolist() == [0, 4, 8]
    assert build([partial(update_job.every, period=20)], 12).times(update_job.REFRESH).tolist() == []


def test_a_listed_update_job_may_refresh_twice_at_one_moment():
    times = build([partial(at_times, times=[0, 3, 3, 9])], 10).times(update_job.REFRESH)
    assert times.tolist() == [0, 3, 3, 9]


def test_changes_and_observations_carry_their_numbers():
    processes = [
        partial(world_changes.changes, times=[2, 5, 5]),
        partial(observation_points.observations, times=[1, 5, 8]),
    ]
    calendar = build(processes, 8)
    changed = calendar.of(world_changes.CHANGE)
    assert calendar.time.tolist() == [1, 2, 5, 5, 5, 8]
    assert changed.tolist() == [False, True, True, True, False, False]
    assert calendar.value[changed].tolist() == [0, 1, 2]
    assert calendar.value[~changed].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("times", "gap"),
    [([], 20), ([5], 15), ([5, 10, 18], 8), ([0, 20], 20), ([3, 3, 6, 40], 14), ([20], 20), ([2, 19], 17)],
)
def test_the_longest_gap_counts_both_ends(times, gap):
    assert longest_gap(np.array(times, np.int64), 20) == gap


TOY = """
from sim.calendar.base import Process, Timetable
from twins.listed_job import at_times


def outages(timetable: Timetable, first: int, every: int, length: int) -> Process:
    for at in range(first, timetable.horizon, every):
        yield timetable.until(at)
        timetable.announce("outage begins", value=length)
        yield timetable.until(at + length)
        timetable.announce("outage ends")
"""


def test_a_process_from_outside_the_package_is_one_function(tmp_path, monkeypatch):
    (tmp_path / "toy_outages.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    from toy_outages import outages  # type: ignore[import-not-found]

    calendar = build([partial(update_job.every, period=6), partial(outages, first=5, every=12, length=3)], horizon=20)
    assert calendar.times("refresh").tolist() == [6, 12, 18]
    assert calendar.times("outage begins").tolist() == [5, 17]
    assert calendar.times("outage ends").tolist() == [8, 20]
    assert calendar.value[calendar.of("outage begins")].tolist() == [3.0, 3.0]


def test_the_example_of_the_documentation_works():
    page = (Path(__file__).parents[3] / "docs/traffic.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names = {}
    exec(example, names)
    job = partial(names["job_with_outage"], period=6, down_from=12, down_until=24)
    assert build([job], 36).times(update_job.REFRESH).tolist() == [6, 24, 30, 36]


def test_series_and_single_events_are_merged_in_order_of_time():
    def repeating(timetable):
        yield timetable.until(3)
        timetable.repeat("tick", 4, 5, value=2.0, page=1)

    calendar = build([announcing((4, "a", 1.0, 0), (9, "a", 1.0, 0)), repeating], 15)
    assert [(t, calendar.kinds[k]) for t, k in zip(calendar.time.tolist(), calendar.kind.tolist(), strict=True)] == [
        (4, "a"),
        (4, "tick"),
        (9, "a"),
        (9, "tick"),
        (14, "tick"),
    ]
    assert calendar.value[calendar.of("tick")].tolist() == [2.0] * 3
    assert calendar.pages[calendar.of("tick")].tolist() == [1] * 3


@pytest.mark.parametrize(("first", "period"), [(2, 5), (4, 0), (4, -1)])
def test_series_that_start_in_the_past_or_stand_still_are_refused(first, period):
    def repeating(timetable):
        yield timetable.until(3)
        timetable.repeat("tick", first, period)

    with pytest.raises(ValueError, match="tick: no series"):
        build([repeating], 15)


def test_a_long_series_costs_no_simpy_event(monkeypatch):
    steps = []
    step = simpy.Environment.step
    monkeypatch.setattr(simpy.Environment, "step", lambda self: (steps.append(1), step(self))[1])
    times = build([partial(update_job.every, period=1)], 100_000).times(update_job.REFRESH)
    assert (len(times), times[0], times[-1]) == (100_000, 1, 100_000)
    assert len(steps) < 10


def test_processes_may_wait_for_each_other_by_simpys_own_means():
    """A repair ends an outage early: processes share an event of the SimPy environment that they run in."""
    shared = {}

    def outage(timetable):
        yield timetable.until(4)
        timetable.announce("down")
        shared["repaired"] = timetable.event()
        yield shared["repaired"]
        timetable.announce("up")

    def repair(timetable):
        yield timetable.until(7)
        shared["repaired"].succeed()

    calendar = build([outage, repair], 20)
    assert (calendar.times("down").tolist(), calendar.times("up").tolist()) == ([4], [7])


def test_importing_processes_imports_no_simpy():
    code = "import sys, sim.calendar.update_job, sim.calendar.world_changes; print('simpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
