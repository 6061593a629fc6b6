"""What a check says, and how a check file of `sql/` is asked."""

from dataclasses import dataclass

import sql
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.meanings import MEANINGS

STATUSES = ("pass", "warn", "fail", "skip")


@dataclass(frozen=True)
class Result:
    """One answer. `status` is pass, warn, fail or skip; `meaning` and `remedy` are for whoever reads a failure."""

    group: str
    check: str
    status: str
    detail: str

    @property
    def meaning(self) -> str:
        """What it means that this check does not pass."""
        return MEANINGS[self.check][0]

    @property
    def remedy(self) -> str:
        """What to do then."""
        return MEANINGS[self.check][1]


def ask(target: Target, group: str, check: str, **parameters: sql.Parameter) -> list[Result]:
    """Run `sql/checks/<check>.sql`; a statement that the engine refuses is a failed check, saying why."""
    try:
        rows = target.query(target.statement(f"checks/{check}", **parameters)).to_pylist()
    except StatementError as error:
        return [Result(group, check, "fail", f"the engine refused the question: {error.message}")]
    return [Result(group, row["check"], row["status"], row["detail"] or "no rows") for row in rows]
