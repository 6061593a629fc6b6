"""What a check answers, and how an SQL check is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sql
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.checks import Check

Parameters = Mapping[str, sql.Parameter]


class Status(StrEnum):
    """How a check ended; `error`: it could not be made, for a reason outside the data, so nothing is known."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    ERROR = "error"


REFUSED = (
    "The engine refused this question: a column has another type, or a function is missing (`deploy` creates it).",
    "Correct what fails above it, then verify again.",
)
UNREACHABLE = (
    "This check could not be made: the warehouse could not be read.",
    "Correct access, network, byte cap or name, then verify again.",
)


@dataclass(frozen=True)
class Result:
    """One answer. `cause` is the known mistake that explains it, where one does.

    `refused`: the engine refused the statement, so that nothing is known of what was asked.
    """

    check: Check
    status: Status
    detail: str
    cause: str = ""
    refused: bool = False

    @property
    def name(self) -> str:
        """The check's name."""
        return self.check.name

    @property
    def group(self) -> str:
        """The check's group."""
        return self.check.group

    @property
    def meaning(self) -> str:
        """What it means that this check does not pass."""
        return self._explanation[0]

    @property
    def remedy(self) -> str:
        """What to do then."""
        return self._explanation[1]

    @property
    def needs_attention(self) -> bool:
        """Whether it did not pass: a warning, a failure or an error."""
        return self.status in {Status.WARN, Status.FAIL, Status.ERROR}

    @property
    def _explanation(self) -> tuple[str, str]:
        if self.status is Status.ERROR:
            return UNREACHABLE
        return REFUSED if self.refused else (self.check.meaning, self.check.remedy)


def fill(target: Target, check: Check, parameters: Parameters) -> str:
    """The check's statement for this target."""
    chosen = {name: parameters[name] for name in check.parameters - {"project", "dataset"}}
    return sql.fill(check.statement, project=target.project, dataset=target.dataset, **chosen)


def ask(target: Target, check: Check, parameters: Parameters) -> list[Result]:
    """The answers of one SQL check, a result per row."""
    try:
        rows = target.query(fill(target, check, parameters)).to_pylist()
    except StatementError as error:
        return [refusal(check, error)]
    return [Result(check, Status(row["status"]), row["detail"] or "no rows") for row in rows]


def refusal(check: Check, error: StatementError) -> Result:
    """The answer where the engine refused the statement."""
    status = Status.PASS if check.refusal_passes else Status.FAIL
    return Result(check, status, f"the engine refused the question: {error.message}", refused=True)
