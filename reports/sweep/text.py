"""A sweep in plain sentences."""

from collections.abc import Sequence

from reports.decision.inputs import Unit, amount, signed
from reports.sweep.cells import CellResult, common_unit
from reports.sweep.robustness import Robustness

_WORDS = {"switch": "switch to {0}", "keep": "keep {0}", "undecided": "undecided, stay with {0}"}


def decided(outcome: str, policy: str) -> str:
    """`switch to greedy`, `keep wilson_sample` or `undecided`."""
    return _WORDS[outcome].format(policy) if outcome != "undecided" else "undecided"


def sweep_headline(found: Robustness) -> str:
    """The decision and in how many cells it comes out."""
    what = decided(found.outcome, found.policy)
    if found.same == found.cells:
        where = (
            "The decision in the only cell"
            if found.cells == 1
            else f"The decision is the same in all {found.cells} cells"
        )
        return f"{where}: {what}."
    return f"In {found.same} of {found.cells} cells the decision is: {what}."


def sweep_points(cells: Sequence[CellResult], found: Robustness) -> list[str]:
    """Where the decision changes, which policy is best where, and the policy that is never far from the best."""
    unit = common_unit(cells)
    return [each for each in (_others(found), _best(found), _safest(found, unit), _range(cells, found, unit)) if each]


def _others(found: Robustness) -> str:
    if len(found.outcomes) == 1:
        return ""
    counts = ", ".join(f"{outcome} in {count}" for outcome, count in sorted(found.outcomes.items()))
    return f"Outcomes: {counts} of {found.cells} cells."


def _best(found: Robustness) -> str:
    leading = sorted((record for record in found.records if record.best_in), key=lambda record: -record.best_in)
    where = ", ".join(f"{record.policy} in {record.best_in}" for record in leading)
    return f"Largest mean: {where} of {found.cells} cells." if leading else ""


def _safest(found: Robustness, unit: Unit) -> str:
    if len(found.records) < 2:
        return ""
    safest = found.safest
    if safest.largest_shortfall <= 0.0:
        return f"Safest: {safest.policy}; no policy has a larger mean in any cell."
    most = amount(safest.largest_shortfall, unit)
    return f"Safest: {safest.policy} is never more than {most} {unit.per} below the best policy of a cell."


def _range(cells: Sequence[CellResult], found: Robustness, unit: Unit) -> str:
    baseline = cells[0].decision.given.baseline
    record = next((each for each in found.records if each.policy != baseline), None)
    if record is None:
        return ""
    low, high = signed(record.smallest_gain, unit), signed(record.largest_gain, unit)
    return f"Over the cells, the gain of {record.policy} over {baseline} lies between {low} and {high} {unit.per}."
