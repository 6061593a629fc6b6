"""How robust a decision is over the cells of a sweep."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reports.sweep.cells import CellResult


@dataclass(frozen=True)
class PolicyRecord:
    """One policy over all cells: where it is best and named, its gains, and its largest shortfall from the best.

    A small largest shortfall means that the policy is never far from the best one (minimax regret, Savage 1951).
    """

    policy: str
    best_in: int
    named_in: int
    smallest_gain: float
    mean_gain: float
    largest_gain: float
    largest_shortfall: float


@dataclass(frozen=True)
class Robustness:
    """The decision over all cells: the most frequent one, and in how many cells it comes out."""

    cells: int
    outcome: str
    policy: str
    same: int
    outcomes: dict[str, int]
    records: list[PolicyRecord]

    @property
    def share(self) -> float:
        """Share of cells with the most frequent decision."""
        return self.same / self.cells

    @property
    def safest(self) -> PolicyRecord:
        """The policy whose largest shortfall is smallest."""
        return min(self.records, key=lambda record: record.largest_shortfall)


def robustness(cells: Sequence[CellResult]) -> Robustness:
    """The decision over all cells; ties between decisions go to the one that comes out first."""
    counted = Counter((cell.decision.outcome, cell.decision.policy) for cell in cells)
    (outcome, policy), same = counted.most_common(1)[0]
    outcomes: Counter[str] = Counter(cell.decision.outcome for cell in cells)
    everywhere = [name for name in cells[0].contenders if all(name in cell.contenders for cell in cells)]
    records = [_record(name, cells) for name in everywhere]
    records.sort(key=lambda record: -record.mean_gain)
    return Robustness(len(cells), outcome, policy, same, dict(outcomes), records)


def focus(cells: Sequence[CellResult], found: Robustness) -> str | None:
    """The policy that figures follow: the one named most often, else the candidate with the largest mean gain.

    None where no candidate runs in every cell.
    """
    baseline = cells[0].decision.given.baseline
    candidates = [record for record in found.records if record.policy != baseline]
    return max(candidates, key=lambda record: (record.named_in, record.mean_gain)).policy if candidates else None


def _record(name: str, cells: Sequence[CellResult]) -> PolicyRecord:
    gains = [cell.lead(name) for cell in cells]
    return PolicyRecord(
        policy=name,
        best_in=sum(cell.best == name for cell in cells),
        named_in=sum(cell.decision.outcome == "switch" and cell.decision.policy == name for cell in cells),
        smallest_gain=min(gains),
        mean_gain=sum(gains) / len(gains),
        largest_gain=max(gains),
        largest_shortfall=max(cell.shortfall(name) for cell in cells),
    )
