"""Weekday and holiday factors by day: which years have holidays, and what two replications share."""

from datetime import date, timedelta

import numpy as np

from sim.scenario import load
from sim.worlds.traffic.parameters import season

SEED = 5


def factors(start: str, days: int, replications: range = range(3), **holidays: object) -> np.ndarray:
    """Factors (replications, days) without a weekday's part."""
    law = {"days_per_year": 100, "factors": [0.5, 0.9], **holidays}
    world = {"kind": "traffic", "start": start, "factors": {"weekday": [1.0] * 7, "holidays": law}}
    content = {"name": "season", "horizon": {"days": days}, "world": world, "policies": ["uniform"]}
    return season(load(content).world, SEED, replications, days)


def test_the_first_calendar_year_has_its_holidays() -> None:
    year = factors("2025-01-01", 365)
    assert ((year < 1.0).sum(axis=1) == 100).all()
    assert year.min() >= 0.5
    assert year[year < 1.0].max() < 0.9


def test_a_run_over_new_year_has_the_holidays_of_both_years() -> None:
    both = factors("2024-12-02", 30 + 300)
    assert (both[:, :30] < 1.0).any()
    assert np.array_equal(both[:, 30:], factors("2025-01-01", 365)[:, :300])


def test_holidays_are_of_the_calendar_and_not_of_the_day_a_run_begins() -> None:
    assert np.array_equal(factors("2025-01-01", 365)[:, 59:], factors("2025-03-01", 306))


def test_replications_have_holidays_of_their_own_whichever_run_beside_them() -> None:
    together = factors("2025-01-01", 365)
    assert not np.array_equal(together[0], together[1])
    assert np.array_equal(together[2:], factors("2025-01-01", 365, range(2, 3)))


def test_weekdays_begin_where_the_calendar_does() -> None:
    weekday = [1.1, 0.9, 0.8, 1.0, 1.2, 1.05, 0.95]
    world = {
        "kind": "traffic",
        "start": "2025-01-01",
        "factors": {"weekday": weekday, "holidays": {"days_per_year": 0}},
    }
    content = {"name": "season", "horizon": {"days": 20}, "world": world, "policies": ["uniform"]}
    first = date(2025, 1, 1)
    expected = [weekday[(first + timedelta(day)).weekday()] for day in range(20)]
    assert season(load(content).world, SEED, range(1), 20).tolist() == [expected]
