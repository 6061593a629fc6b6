"""How much is checked, and by which thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sql
from sim.errors import InputError
from sim.warehouse.base import SENDS, STATS

FALSE_ALARM = 1e-4  # of all statistical checks of one verification together
AS_OF = ("auto", "now", "latest")


@dataclass(frozen=True)
class Options:
    """What to check. `rows` are pairs of counts for the bounds; `draws` the draws of wilson_sample per cell.

    `only`: groups, all where empty. `thresholds`: values by name in place of the checks' own defaults, one or (warn,
    fail). `checks`: folders of the user's own check files. `since`: only rows updated within this time.
    `against`: the table is also compared with that of another target.
    """

    rows: int = 20_000
    draws: int = 10_000
    table: str = STATS
    sends: str = SENDS
    as_of: str = "auto"  # auto | now | latest | an ISO time
    only: tuple[str, ...] = ()
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    checks: tuple[Path, ...] = ()
    since: timedelta | None = None
    against: bool = False

    def __post_init__(self) -> None:
        """InputError for invalid names and times, and for sizes that say nothing or are too large for one query."""
        for name in (self.table, self.sends):
            _check_name(name)
        if not 100 <= self.rows <= 10_000_000:
            raise InputError(f"--rows {self.rows}: between 100 and 10,000,000 pairs")
        if not 1000 <= self.draws <= 1_000_000:
            raise InputError(f"--draws {self.draws}: between 1,000 and 1,000,000 draws per cell")
        for name, values in self.thresholds.items():
            if sorted(values) != list(values) or values[0] < 0:
                option = name.replace("_", "-")
                raise InputError(f"--{option} {' '.join(f'{one:g}' for one in values)}: at least 0, warning first")
        if self.as_of not in AS_OF:
            parse_time(self.as_of)

    @property
    def moment(self) -> datetime | None:
        """The time that --as-of names, if it names one."""
        return None if self.as_of in AS_OF else parse_time(self.as_of)


def parse_time(text: str) -> datetime:
    """An ISO time, UTC where it names no zone; InputError for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text!r}", "auto, now, latest, or a time such as 2025-04-01T00:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_age(text: str) -> timedelta:
    """A time span such as 7d, 36h or 90m; InputError for anything else."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isascii() or not number.isdigit() or not 0 < int(number) < 100_000:
        raise InputError(f"--since {text!r}", "a number of days, hours or minutes: 7d, 36h or 90m")
    return timedelta(**{units[unit]: int(number)})


def _check_name(name: str) -> None:
    try:
        sql.identifier("table", name)
    except ValueError as error:
        raise InputError(str(error), "letters, digits and _, not quoted") from None
