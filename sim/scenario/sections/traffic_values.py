"""The bounded values that the traffic world's keys are made of."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from sim.scenario.sections.base import Listed, Positive, Probability, Whole

MAX_FANS = 100_000_000
MAX_SENDS_A_DAY = 200
EARLIEST, LATEST = 1970, 2100

Fans = Annotated[Whole, Field(ge=1, le=MAX_FANS)]
Factor = Annotated[float, Field(ge=0.0, le=100.0)]
Spread = Annotated[float, Field(ge=0.0, le=10.0)]
"""A coefficient of variation, or the standard deviation of a logarithm."""
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Hours = Annotated[float, Field(ge=0.0, le=8_760.0)]
PerDay = Annotated[Whole, Field(ge=1, le=MAX_SENDS_A_DAY)]


def _day(text: str) -> str:
    day = date.fromisoformat(text)  # ValueError says what is wrong
    if not EARLIEST <= day.year <= LATEST:
        raise ValueError(f"the year must be from {EARLIEST} to {LATEST}")
    return day.isoformat()


def rising(name: str, values: Sequence[float]) -> None:
    """Raise ValueError unless each value exceeds the one before."""
    if any(b <= a for a, b in pairwise(values)):
        raise ValueError(f"{name} must rise from one to the next")


def ordered(pair: tuple[float, float]) -> tuple[float, float]:
    """The pair; ValueError where it falls."""
    if pair[0] > pair[1]:
        raise ValueError(f"the first, {pair[0]:g}, must not exceed the second, {pair[1]:g}")
    return pair


def _quantiles(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    rising("probabilities", [p for p, _ in points])
    if points[0][0] != 0.0 or points[-1][0] != 1.0:
        raise ValueError("the first probability must be 0 and the last 1")
    if any(b[1] < a[1] for a, b in pairwise(points)):
        raise ValueError("values must not fall")
    return points


Quantiles = Annotated[
    tuple[Annotated[tuple[Probability, Positive], Listed], ...],
    Field(min_length=2, max_length=200),
    Listed,
    AfterValidator(_quantiles),
]
"""Points [probability, value] of a quantile function, from probability 0 to 1."""

Range = Annotated[tuple[Factor, Factor], Listed, AfterValidator(ordered)]
DailyRange = Annotated[tuple[PerDay, PerDay], Listed, AfterValidator(ordered)]
GapRange = Annotated[
    tuple[Annotated[float, Field(ge=0.0, le=1440.0)], Annotated[float, Field(ge=0.0, le=1440.0)]],
    Listed,
    AfterValidator(ordered),
]
ClockHour = Annotated[float, Field(ge=0.0, le=24.0)]


Knot = Annotated[tuple[Positive, Annotated[float, Field(gt=0.0, le=1.0)]], Listed]
"""[dollars, purchases per view]."""

Day = Annotated[str, AfterValidator(_day)]
"""YYYY-MM-DD."""

Weekday = Annotated[tuple[Factor, ...], Field(min_length=7, max_length=7), Listed]
HourOfDay = Annotated[tuple[Factor, ...], Field(min_length=24, max_length=24), Listed]
