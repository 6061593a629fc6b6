"""The decision input of a run."""

from collections.abc import Mapping
from importlib.resources import files

import polars as pl

from policies.registry import kinds
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.tables.derived import REWARD_OF_WORLD, oracles, page_months
from reports.tables.rows import column
from sim.scenario import Scenario

RANDOM, ROTATION = "uniform", "round_robin"


def decision_input(scenario: Scenario, rows: Mapping[str, pl.DataFrame], baseline: str) -> DecisionInput:
    """What the decision rule reads of a run's rows of replications.parquet, by policy."""
    months, kind_of = page_months(scenario), {spec.name: spec.kind for spec in scenario.policies}
    metric = "reward" if months is None else "revenue_usd"
    unit = Unit("", REWARD_OF_WORLD[scenario.world.kind], "per replication")
    values = {name: column(frame, metric) / (months or 1.0) for name, frame in rows.items()}
    return DecisionInput(
        metric=metric,
        unit=unit if months is None else Unit("$", "", "per page and month"),
        values=values,
        baseline=baseline,
        oracles=frozenset(oracles(scenario)),
        random=_named(kind_of, RANDOM),
        rotation=_named(kind_of, ROTATION),
        drop_in=frozenset(name for name, kind in kind_of.items() if _has_function(kind)),
        lock_outs={name: _lock_outs(rows[name], scenario) for name, kind in kind_of.items() if _bounded(kind)},
        scenario=scenario.name,
        one_caption=all((values[name] == values[baseline]).all() for name in values)
        and not any(column(frame, "regret").any() for frame in rows.values()),
    )


def _named(kind_of: Mapping[str, str], kind: str) -> str | None:
    return next((name for name, each in kind_of.items() if each == kind), None)


def _bounded(kind: str) -> bool:
    return kind in kinds() and kinds()[kind].bounded_support


def _has_function(kind: str) -> bool:
    """Whether `sql/udf` holds a function of this policy, with the signature of the deployed one."""
    folder = files("sql") / "udf"
    return any((place / f"{kind}.sql").is_file() for place in (folder, folder / "candidates"))


def _lock_outs(rows: pl.DataFrame, scenario: Scenario) -> LockOuts:
    """Locked-out pages of all replications; a table world's pages count as one, for they are not in the scenario."""
    pages = scenario.world.pages if scenario.world.kind == "traffic" else 1
    shares = column(rows, "locked_out_pages")
    return LockOuts(round(float(shares.sum()) * pages), pages * len(shares))
