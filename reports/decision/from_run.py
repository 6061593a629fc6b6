"""The decision input of a run."""

from collections.abc import Mapping
from importlib.resources import files

import polars as pl

from policies.registry import kinds
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.scenario_facts import oracles, page_months, pages
from reports.tables.rows import column, metric_values
from sim.scenario import Scenario

RANDOM, ROTATION = "uniform", "round_robin"


def decision_input(scenario: Scenario, rows: Mapping[str, pl.DataFrame], baseline: str) -> DecisionInput:
    """What the decision rule reads of a run's rows of replications.parquet, by policy."""
    months, kind_of = page_months(scenario), {spec.name: spec.kind for spec in scenario.policies}
    metric = "reward" if months is None else "revenue_usd"
    unit = Unit("", scenario.world_kind.reward, "per replication")
    values = {name: metric_values(frame, metric) / (months or 1.0) for name, frame in rows.items()}
    return DecisionInput(
        metric=metric,
        unit=unit if months is None else Unit("$", "", "per page and month"),
        values=values,
        baseline=baseline,
        oracles=frozenset(oracles(scenario)),
        random=_named(kind_of, RANDOM),
        rotation=_named(kind_of, ROTATION),
        drop_in=frozenset(name for name, kind in kind_of.items() if _has_function(kind)),
        lock_outs=lock_outs(scenario, rows),
        scenario=scenario.name,
        one_caption=len(values) > 1
        and all((values[name] == values[baseline]).all() for name in values)
        and not any(column(frame, "regret").any() for frame in rows.values()),
    )


def lock_outs(scenario: Scenario, rows: Mapping[str, pl.DataFrame]) -> dict[str, LockOuts]:
    """Locked-out pages of all replications, for each policy that can lock out the best caption.

    The pages of a table world count as one: their number is not in the scenario.
    """
    count = pages(scenario)
    names = [spec.name for spec in scenario.policies if _bounded(spec.kind) and spec.name in rows]
    shares = {name: column(rows[name], "locked_out_pages") for name in names}
    return {name: LockOuts(round(float(each.sum()) * count), count * len(each)) for name, each in shares.items()}


def only_orders(scenario: Scenario) -> set[str]:
    """Policies of which a chance of 0 says only that another caption comes next.

    They are deterministic and send every caption again in time, so they are never locked out.
    """
    found = {spec.name: kinds().get(spec.kind) for spec in scenario.policies}
    return {name for name, kind in found.items() if kind and kind.deterministic and not kind.bounded_support}


def _named(kind_of: Mapping[str, str], kind: str) -> str | None:
    return next((name for name, each in kind_of.items() if each == kind), None)


def _bounded(kind: str) -> bool:
    return kind in kinds() and kinds()[kind].bounded_support


def _has_function(kind: str) -> bool:
    """Whether `sql/udf` holds a function of this policy, with the signature of the deployed one."""
    folder = files("sql") / "udf"
    return any((place / f"{kind}.sql").is_file() for place in (folder, folder / "candidates"))
