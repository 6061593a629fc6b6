"""How long a field test takes, in words, and what an uneven holdout costs."""

import math
from dataclasses import dataclass

from reports.formatting import number
from reports.power_plan import FieldTest

WEEK, YEAR = 7.0, 365.25
LONG_WEEKS, IMPOSSIBLE_YEARS = 12.0, 1.0
SHARES = (0.5, 0.1)  # of the sends that keep the deployed rule


@dataclass(frozen=True)
class Holdout:
    """A field test in which `share` of all sends keep the deployed rule; `days` is NaN in a world without days."""

    share: float
    kept: int
    changed: int
    days: float

    @property
    def sends(self) -> int:
        """Of both arms."""
        return self.kept + self.changed


def holdouts(test: FieldTest) -> list[Holdout]:
    """The plans for `SHARES`: with a share h the sum of sends is 1 / (4 h (1 − h)) times that of equal arms.

    The variance of a difference of two rates is in proportion to 1 / n₁ + 1 / n₂ (Fleiss, Levin & Paik 2003, section
    4.4), as long as the two rates are near each other.
    """
    return [_holdout(test, share) for share in SHARES]


def _holdout(test: FieldTest, share: float) -> Holdout:
    total = 2 * test.sends_an_arm / (4.0 * share * (1.0 - share))
    kept, changed = math.ceil(share * total - 1e-9), math.ceil((1.0 - share) * total - 1e-9)
    return Holdout(share, kept, changed, (kept + changed) / test.traffic.sends_per_day)


def in_words(days: float) -> str:
    """`3 weeks`, `26 weeks: long for a field test`, `19 years: this cannot be tested in the field`."""
    if days > IMPOSSIBLE_YEARS * YEAR:
        return f"{number(days / YEAR, 2)} years: this cannot be tested in the field"
    weeks = max(1, math.ceil(days / WEEK - 1e-9))
    said = f"{weeks} {'week' if weeks == 1 else 'weeks'}"
    return f"{said}: long for a field test" if weeks > LONG_WEEKS else said
