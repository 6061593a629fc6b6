"""The decision input of a run."""

from collections.abc import Mapping
from importlib.resources import files

import polars as pl

from policies.registry import kinds
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.decision.tails import Tails
from reports.decision.unlucky import Unlucky
from reports.scenario_facts import oracles, page_months, pages
from reports.tables.rows import column, metric_values
from sim.scenario import Scenario

RANDOM, ROTATION = "uniform", "round_robin"
NOT_LEARNING = (RANDOM, ROTATION)


def decision_input(
    scenario: Scenario, rows: Mapping[str, pl.DataFrame], baseline: str, unlucky: Unlucky | None = None
) -> DecisionInput:
    """What the decision rule reads of a run's rows of replications.parquet, by policy."""
    months, kind_of = page_months(scenario, rows[baseline]), {spec.name: spec.kind for spec in scenario.policies}
    metric = "reward" if months is None else "revenue_usd"
    known, unit = tails(scenario, rows), Unit("", scenario.world_kind.reward, "per replication")
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
        lock_outs=known.lock_outs,
        learners=known.learners,
        unlucky=unlucky,
        can_be_unlucky=scenario.world.can_be_unlucky,
        scenario=scenario.name,
        one_caption=len(values) > 1
        and all((values[name] == values[baseline]).all() for name in values)
        and not any(column(frame, "regret").any() for frame in rows.values()),
    )


def tails(scenario: Scenario, rows: Mapping[str, pl.DataFrame], unlucky: Unlucky | None = None) -> Tails:
    """What is known of the tails of each policy: its lock-outs, and whether it learns on a single page."""
    specs = [spec for spec in scenario.policies if spec.name in rows]
    seen = {spec.name: _lock_outs(scenario, rows[spec.name]) for spec in specs if _bounded(spec.kind)}
    single, knowing = scenario.horizon.pulls is not None, oracles(scenario)
    learners = [spec.name for spec in specs if single and spec.kind not in NOT_LEARNING and spec.name not in knowing]
    return Tails(seen, frozenset(learners), unlucky)


def _lock_outs(scenario: Scenario, rows: pl.DataFrame) -> LockOuts:
    """Locked-out pages of all replications."""
    count, shares = pages(scenario, rows), column(rows, "locked_out_pages")
    single = scenario.horizon.pulls is not None
    return LockOuts(round(float(shares.sum()) * count), count * len(shares), shares > 0.0 if single else None)


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
