"""How each policy's lead over the baseline changes from one run to another: a difference of differences.

A lead is counted in the decision's metric: dollars per page and month where the world has money, else reward. What
changes for all policies alike, such as a higher price, drops out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.decision.from_run import decision_input
from reports.decision.inputs import DecisionInput, Unit
from reports.estimators.intervals import Difference, Estimate, holm, independent_difference, paired_difference
from reports.scenario_facts import default_baseline
from reports.tables.rows import by_policy
from sim.runs.run import StoredRun


@dataclass(frozen=True)
class LeadChange:
    """The lead of a policy over the baseline in both runs, and the second minus the first."""

    policy: str
    first: Estimate
    second: Estimate
    change: Difference
    p_adjusted: float | None


@dataclass(frozen=True)
class Leads:
    """Changes of all policies that run in both, and the mean of the baseline in each run."""

    baseline: str
    unit: Unit
    baseline_means: tuple[float, float]
    changes: Sequence[LeadChange]


def leads(first: StoredRun, second: StoredRun, *, paired: bool) -> Leads | None:
    """Changes of leads; `paired`: replications of both runs meet the same luck.

    None where the runs have no baseline in common, or count in different units.
    """
    one, two = _given(first), _given(second)
    baseline = one.baseline
    if baseline not in two.values or one.unit != two.unit:
        return None
    names = [name for name in one.values if name in two.values and name != baseline]
    found = {name: _change(name, one, two, paired=paired) for name in names}
    adjusted = holm([each.p_value for _, _, each in found.values()])
    changes = [LeadChange(name, *each, p) for (name, each), p in zip(found.items(), adjusted, strict=True)]
    return Leads(baseline, one.unit, (float(one.values[baseline].mean()), float(two.values[baseline].mean())), changes)


def _given(run: StoredRun) -> DecisionInput:
    return decision_input(run.scenario, by_policy(run.replications), default_baseline(run.scenario))


def _change(
    name: str, one: DecisionInput, two: DecisionInput, *, paired: bool
) -> tuple[Estimate, Estimate, Difference]:
    """(lead in the first run, in the second, second minus first)."""
    before, after = (given.values[name] - given.values[one.baseline] for given in (one, two))
    singles = [paired_difference(given.values[name], given.values[one.baseline]).estimate for given in (one, two)]
    compare = paired_difference if paired else independent_difference
    return singles[0], singles[1], compare(after, before)


def titles(runs: Sequence[StoredRun]) -> list[str]:
    """A name of each run: its folder's, with as much of the path before it as tells them apart."""
    paths = [run.path.resolve() for run in runs]
    deepest = max(len(path.parts) for path in paths)
    for depth in range(1, deepest + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            return names
    return [str(path) for path in paths]
