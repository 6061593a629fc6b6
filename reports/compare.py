"""Two runs side by side: what their scenarios differ in, and what that did to each policy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.decision.from_run import tails
from reports.decision.samples import Sample, change
from reports.decision.unlucky import read_unlucky
from reports.estimators.intervals import CONFIDENCE, Difference, Estimate, holm
from reports.tables.rows import by_policy, column
from sim.errors import InputError
from sim.runs.run import StoredRun

if TYPE_CHECKING:
    import polars as pl


ABSENT = "–"
UNLIKE_LENGTHS = "The horizons differ, and regret grows with them: differences are of length, too."


@dataclass(frozen=True)
class Change:
    """A policy in both runs; `difference` is regret of the second minus the first, `simultaneous` for all at once."""

    policy: str
    first: float
    second: float
    difference: Difference
    simultaneous: Estimate
    p_adjusted: float | None

    @property
    def pointwise(self) -> Estimate:
        """The difference with its own interval."""
        return self.difference.estimate


@dataclass(frozen=True)
class Comparison:
    """The whole comparison; `paired` when replications of both runs met the same luck."""

    scenario: dict[str, tuple[Any, Any]]
    paired: bool
    changes: list[Change]
    only_first: list[str]
    only_second: list[str]

    @property
    def unlike_lengths(self) -> bool:
        """Whether regret was summed over unlike horizons."""
        return any(key.startswith("horizon.") for key in self.scenario)


def compare(first: StoredRun, second: StoredRun) -> Comparison:
    """Compare two complete runs; raises InputError when their regret is measured in different things."""
    one, two = first.scenario.content(), second.scenario.content()
    if one["world"]["kind"] != two["world"]["kind"]:
        kinds = f"{one['world']['kind']} and {two['world']['kind']}"
        raise InputError(f"these runs cannot be compared: their worlds are {kinds}, which measure regret differently")
    rows, others = by_policy(first.replications), by_policy(second.replications)
    both = [name for name in rows if name in others]
    scenario = differing(_flat(one, both), _flat(two, both))
    if not scenario and list(rows) == list(others) and first.manifest["digest"] != second.manifest["digest"]:
        scenario = {"contents of world.source": ("one file", "another")}
    paired = same_luck(one, two) and "contents of world.source" not in scenario
    return Comparison(
        scenario=scenario,
        paired=paired,
        changes=_changes(_regret(first, rows), _regret(second, others), paired),
        only_first=[name for name in rows if name not in others],
        only_second=[name for name in others if name not in rows],
    )


def same_luck(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Whether replication r of both scenarios meets the same world and the same outcomes."""
    return all(one[key] == two[key] for key in ("seed", "replications", "world"))


def differing(one: dict[str, Any], two: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Keys whose values differ, with both values."""
    keys = [*one, *(key for key in two if key not in one)]
    pairs = {key: (one.get(key, ABSENT), two.get(key, ABSENT)) for key in keys}
    return {key: (a, b) for key, (a, b) in pairs.items() if a != b}


def _flat(content: dict[str, Any], policies: list[str]) -> dict[str, Any]:
    """Values by dotted key; of the policies, which go by name instead of by place, only those named."""
    by_name = {
        each["name"]: {key: value for key, value in each.items() if key != "name"} for each in content["policies"]
    }
    return _dotted({**content, "policies": {name: by_name[name] for name in policies}}, "")


def _dotted(value: Any, prefix: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat |= _dotted(item, f"{prefix}.{key}" if prefix else key)
    return flat


def _regret(run: StoredRun, rows: "dict[str, pl.DataFrame]") -> dict[str, Sample]:
    """The regret of each policy, with the run's unlucky replications or lock-outs."""
    known = tails(run.scenario, rows, read_unlucky(run.optional_table))
    return {name: known.sample((name, None), column(own, "regret"), metric="regret") for name, own in rows.items()}


def _changes(first: dict[str, Sample], second: dict[str, Sample], paired: bool) -> list[Change]:
    names = [name for name in first if name in second]
    differences = [change(first[name], second[name], paired=paired) for name in names]
    together = 1.0 - (1.0 - CONFIDENCE) / max(1, len(names))  # Bonferroni
    adjusted = holm([difference.p_value for difference in differences])
    return [
        Change(
            name,
            first[name].mean,
            second[name].mean,
            difference,
            change(first[name], second[name], together, paired=paired).estimate,
            p,
        )
        for name, difference, p in zip(names, differences, adjusted, strict=True)
    ]
