"""How much is checked, and by which thresholds; the defaults are those of the production facts, section 7."""

from dataclasses import dataclass

import sql
from sim.errors import InputError
from sim.warehouse.base import SENDS, STATS

FALSE_ALARM = 1e-4  # of all statistical checks of one verification together


@dataclass(frozen=True)
class Options:
    """`rows` pairs of counts and `draws` a cell; the rest are names and operational limits."""

    rows: int = 20_000
    draws: int = 10_000
    table: str = STATS
    sends: str = SENDS
    as_of: str = "auto"  # auto | now | latest | an ISO time
    staleness_hours: tuple[float, float] = (8.0, 12.0)
    source_hours: tuple[float, float] = (48.0, 72.0)
    partition_days: float = 90.0
    unused_share: float = 0.30
    messages_per_hour: float = 10.0
    recount_limit: float = 1.0

    def __post_init__(self) -> None:
        """InputError for names that are none, and for sizes too small to mean anything or too large for one query."""
        for name in (self.table, self.sends):
            _check_name(name)
        if not 100 <= self.rows <= 10_000_000:
            raise InputError(f"--rows {self.rows}: between 100 and 10,000,000 pairs")
        if not 1000 <= self.draws <= 1_000_000:
            raise InputError(f"--draws {self.draws}: between 1,000 and 1,000,000 draws a cell")
        for option, (warn, fail) in (("staleness", self.staleness_hours), ("source", self.source_hours)):
            if not 0 <= warn <= fail:
                raise InputError(f"--{option}-hours {warn:g} {fail:g}: a warning comes first, or with the failure")


def _check_name(name: str) -> None:
    try:
        sql.identifier("table", name)
    except ValueError as error:
        raise InputError(str(error), "letters, digits and _, not quoted") from None
