"""What a check says, and how a check file of `sql/` is asked."""

from dataclasses import dataclass

import sql
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.explanations import MEANINGS

STATUSES = ("pass", "warn", "fail", "skip")
REFUSAL = "the engine refused the question: "
_REFUSED = (
    "This could not be asked: a column has another type, or a function is missing.",
    "Mend what fails above it, then verify again.",
)


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
        return _REFUSED[0] if self.refused else MEANINGS[self.check][0]

    @property
    def remedy(self) -> str:
        """What to do then."""
        return _REFUSED[1] if self.refused else MEANINGS[self.check][1]

    @property
    def refused(self) -> bool:
        """Whether the engine could not answer, so that nothing is known of what was asked."""
        return self.detail.startswith(REFUSAL)


def ask(target: Target, group: str, check: str, **parameters: sql.Parameter) -> list[Result]:
    """Run `sql/checks/<check>.sql`; a statement that the engine refuses is a failed check, saying why."""
    try:
        rows = target.query(target.statement(f"checks/{check}", **parameters)).to_pylist()
    except StatementError as error:
        return [Result(group, check, "fail", REFUSAL + error.message)]
    return [Result(group, row["check"], row["status"], row["detail"] or "no rows") for row in rows]
