"""The result of one cell of a sweep: an ordinary run with an ordinary decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.checks import CheckOutcome
from reports.decision.inputs import Unit
from reports.decision.outcome import Gain
from reports.decision.rule import Decision
from reports.decision.tails import gain_of
from reports.report_input import report_input
from sim.errors import InputError
from sim.runs.run import StoredRun


@dataclass(frozen=True)
class CellResult:
    """The labels of a cell's values by key, its run folder, its decision and its checks."""

    labels: Mapping[str, str]
    folder: Path
    decision: Decision
    checks: Sequence[CheckOutcome]

    @property
    def name(self) -> str:
        """`horizon.days=30, world.pages=2`."""
        return ", ".join(f"{key}={label}" for key, label in self.labels.items())

    @property
    def best(self) -> str:
        """The policy with the largest mean among the baseline and the candidates."""
        return max(self.contenders, key=self.lead)

    @property
    def contenders(self) -> list[str]:
        """The baseline and every policy that could be recommended."""
        return [self.decision.given.baseline, *self.decision.given.candidates]

    def gain(self, policy: str) -> Gain | None:
        """The gain of a policy over the baseline; None for the baseline and for policies that do not run here."""
        return next((gain for gain in self.decision.gains if gain.policy == policy), None)

    def lead(self, policy: str) -> float:
        """Mean gain over the baseline as the decision estimates it, 0 for the baseline itself."""
        given = self.decision.given
        return gain_of(policy, given.baseline, given, self.decision.level).value

    def shortfall(self, policy: str) -> float:
        """How far the policy's mean is below that of the best contender."""
        return self.lead(self.best) - self.lead(policy)


def cell_result(labels: Mapping[str, str], run: StoredRun, baseline: str | None = None) -> CellResult:
    """The result of one cell; raises InputError for a baseline that it does not have."""
    found = report_input(run, baseline)
    return CellResult(labels, run.path, found.decision, found.checks)


def common_unit(cells: Sequence[CellResult]) -> Unit:
    """The unit of all cells; raises InputError where they are counted in different ones."""
    units = list(dict.fromkeys(cell.decision.given.unit for cell in cells))
    if len(units) > 1:
        raise InputError("the cells of this sweep are counted in different units", "Vary keys of one kind of world.")
    return units[0]
