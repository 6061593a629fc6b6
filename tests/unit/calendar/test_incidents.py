"""Incidents as processes: when each begins and ends, what it announces, and what others read meanwhile."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.calendar import loads
from sim.calendar.base import ALL_PAGES, Calendar, Process, Timetable, build
from sim.calendar.incidents import kinds
from sim.calendar.incidents.base import PREFIX, Incident

DAY = 24  # ticks
HORIZON = 10 * DAY
VALUES = {
    "attribution": ({"share": 0.15}, 0.15, -1.0),
    "loads_late": ({"late_days": 2.0}, 2.0, 0.0),
    "prices": ({"factor": 1.5}, 1.5, 1.0),
    "rates": ({"factor": 0.35}, 0.35, 1.0),
    "update_job_down": ({}, 1.0, 0.0),
    "update_job_repeated": ({"times": 3}, 3.0, 0.0),
}


def made(kind: str, **keys: Any) -> Incident:
    return kinds()[kind].model_validate({"from": 2.0, "days": 3.0, **keys})


def calendar(*incidents: Incident) -> Calendar:
    steps = [step for one in incidents for step in (one.begin, one.end)]
    return build([partial(step, ticks_per_day=DAY) for step in steps], HORIZON)


@pytest.mark.parametrize("kind", VALUES)
def test_an_incident_has_its_value_from_its_beginning_to_its_end(kind: str) -> None:
    keys, value, neutral = VALUES[kind]
    found = calendar(made(kind, **keys))
    assert found.kinds == (PREFIX + kind,)
    assert found.time.tolist() == [2 * DAY, 5 * DAY]
    assert found.value.tolist() == [value, neutral]
    assert found.pages.tolist() == [ALL_PAGES, ALL_PAGES]


@pytest.mark.parametrize("kind", VALUES)
def test_an_incident_without_days_lasts_to_the_end(kind: str) -> None:
    found = calendar(made(kind, days=None, **VALUES[kind][0]))
    assert found.time.tolist() == [2 * DAY]


def test_the_numbers_of_pages_are_their_indices_from_0() -> None:
    found = calendar(made("rates", pages=[3, 1]))
    assert found.pages.tolist() == [2, 0, 2, 0]
    assert found.value.tolist() == [0.28, 0.28, 1.0, 1.0]


def test_an_incident_of_the_job_cannot_be_of_some_pages() -> None:
    with pytest.raises(ValidationError, match="pages"):
        made("update_job_down", pages=[1])


@pytest.mark.parametrize(
    "keys", [{"from": -1.0}, {"from": float("nan")}, {"days": 0.0}, {"days": 4_000.0}, {"pages": [0]}, {"more": 1}]
)
def test_moments_and_pages_that_are_none_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made("rates", **keys)


def test_an_incident_is_written_with_the_key_of_a_scenario() -> None:
    written = made("rates").model_dump()
    assert written["from"] == 2.0
    assert "first" not in written


def test_others_read_the_state_only_while_it_lasts() -> None:
    seen: list[float] = []

    def watching(timetable: Timetable) -> Process:
        for day in (1, 3, 6):
            yield timetable.until(day * DAY)
            seen.append(timetable.state.get("rates", 1.0))

    incident = made("rates", factor=0.5)
    begin, end = (partial(step, ticks_per_day=DAY) for step in (incident.begin, incident.end))
    build([begin, end, watching], HORIZON)
    assert seen == [1.0, 0.5, 1.0]


def loaded(*incidents: Incident, period: int = 2 * DAY, lag: int = 6) -> Calendar:
    steps = [partial(step, ticks_per_day=DAY) for one in incidents for step in (one.begin, one.end)]
    return build([*steps, partial(loads.every, period=period, lag=lag, ticks_per_day=DAY)], HORIZON)


def test_loads_come_regularly_and_show_what_is_older_than_the_lag() -> None:
    found = loaded()
    assert found.times(loads.LOAD).tolist() == [DAY * day for day in (2, 4, 6, 8, 10)]
    assert np.array_equal(found.value, found.time - 6.0)


def test_a_late_load_shows_what_is_known_when_it_comes_and_the_next_is_on_time() -> None:
    found = loaded(made("loads_late", late_days=1.0, **{"from": 3.0, "days": 2.0}))
    times = found.times(loads.LOAD)
    assert times.tolist() == [2 * DAY, 5 * DAY, 6 * DAY, 8 * DAY, 10 * DAY]
    assert found.value[found.of(loads.LOAD)].tolist() == [float(time - 6) for time in times]
