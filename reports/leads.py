"""How each policy's lead over the baseline changes from one run to another: a difference of differences.

A lead is counted in the decision's metric: dollars per page and month where the world has money, else reward. What
changes for all policies alike, such as a higher price, drops out of it. Leads and their changes have the estimator of
the decision: with the unlucky replications of a run, or split by lock-outs (`reports.decision.samples`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.decision.from_run import decision_input
from reports.decision.inputs import DecisionInput, Unit
from reports.decision.samples import Sample, change
from reports.decision.tails import mean_of, tails_of
from reports.decision.unlucky import read_unlucky
from reports.estimators.intervals import Difference, Estimate, holm
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
    may_undercover: bool
    """Whether a run is too small to know the tail of the lead."""


@dataclass(frozen=True)
class Leads:
    """Changes of all policies that run in both, and the mean of the baseline in each run."""

    baseline: str
    unit: Unit
    baseline_means: tuple[float, float]
    changes: Sequence[LeadChange]
    oracles: frozenset[str] = frozenset()


def leads(first: StoredRun, second: StoredRun, *, paired: bool) -> Leads | None:
    """Changes of leads; `paired`: replications of both runs meet the same luck.

    None where the runs have no baseline in common, or count in different units.
    """
    one, two = _given(first), _given(second)
    baseline = one.baseline
    if baseline not in two.values or one.unit != two.unit:
        return None
    names = [name for name in one.values if name in two.values and name != baseline]
    samples = {name: (_lead(name, baseline, one), _lead(name, baseline, two)) for name in names}
    found = [change(before, after, paired=paired) for before, after in samples.values()]
    adjusted = holm([each.p_value for each in found])
    changes = [
        LeadChange(name, before.estimate(), after.estimate(), each, p, _unknown(name, baseline, one, two))
        for (name, (before, after)), each, p in zip(samples.items(), found, adjusted, strict=True)
    ]
    means = mean_of(baseline, one), mean_of(baseline, two)
    return Leads(baseline, one.unit, means, changes, one.oracles | two.oracles)


def _given(run: StoredRun) -> DecisionInput:
    unlucky = read_unlucky(run.optional_table)
    return decision_input(run.scenario, by_policy(run.replications), default_baseline(run.scenario), unlucky)


def _lead(name: str, baseline: str, given: DecisionInput) -> Sample:
    own, base = given.values[name], given.values[baseline]
    return tails_of(given).sample((name, baseline), own, base, metric=given.metric)


def _unknown(name: str, baseline: str, *runs: DecisionInput) -> bool:
    """Whether the tail of a lead is unknown in any of the runs."""
    return any(
        tails_of(given).may_undercover((name, baseline), given.values[name] - given.values[baseline]) for given in runs
    )


def titles(runs: Sequence[StoredRun]) -> list[str]:
    """A name of each run: its folder's, with as much of the path before it as tells them apart."""
    paths = [run.path.resolve() for run in runs]
    deepest = max(len(path.parts) for path in paths)
    for depth in range(1, deepest + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            return names
    return [str(path) for path in paths]
