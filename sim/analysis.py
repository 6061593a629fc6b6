"""`sim.compare`, `sim.power`, `sim.policies`, `sim.scenarios`: what the commands of these names say, for Python."""

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from policies.registry import kinds
from reports.compare import compare as compare_runs
from reports.decision.from_run import tails
from reports.leads import leads, titles
from reports.leads_text import leads_data
from reports.power_plan import Goal, parse_amount, plan_ranking, ranking_data
from reports.scenario_facts import default_baseline
from reports.tables.rows import by_policy
from scenarios import names, path_of
from sim.errors import InputError
from sim.pilot import pilot_size, simulate_pilot, unlucky_pilot
from sim.runs.run import StoredRun
from sim.scenario import Scenario, load

Named = str | Path | StoredRun


def policies() -> pl.DataFrame:
    """Every policy: its `kind`, what it does, and the source of its rule."""
    rows = [
        (kind, inspect.cleandoc(each.__doc__ or "").partition("\n\n")[0], each.source) for kind, each in kinds().items()
    ]
    return pl.DataFrame(rows, schema=["kind", "description", "source"], orient="row")


def scenarios() -> pl.DataFrame:
    """Every shipped scenario: its `name`, which `sim.run` accepts, its file, its world and its policies."""
    loaded = [(name, load(name)) for name in names()]
    rows = [
        (name, str(path_of(name)), each.world.kind, each.replications, [spec.name for spec in each.policies])
        for name, each in loaded
    ]
    return pl.DataFrame(rows, schema=["name", "file", "world", "replications", "policies"], orient="row")


def compare(first: Named, *others: Named) -> pl.DataFrame:
    """How each policy's lead over the baseline changes from the first run to each other one.

    Runs are given as `Run` or as folders. Leads are in dollars per page and month where the world has money, else in
    reward; `change` is the second lead minus the first, with its 95 % interval and p-values (Holm). One row per run
    and policy; no row where two runs have no baseline in common. Raises InputError for worlds of different kinds.
    """
    if not others:
        raise InputError("compare needs at least two runs")
    runs = [each if isinstance(each, StoredRun) else StoredRun.open(each) for each in (first, *others)]
    rows: list[dict[str, Any]] = []
    for other, name in zip(runs[1:], titles(runs)[1:], strict=True):
        found = leads(runs[0], other, paired=compare_runs(runs[0], other).paired)
        rows += [{"run": name, **each} for each in leads_data(found)]
    return pl.DataFrame(rows)


def power(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    difference: float | str,
    *,
    relative: bool = True,
    metric: str = "reward",
    confidence: float = 0.95,
    power: float = 0.8,
    pilot: int | None = None,
    workers: int = 1,
    overrides: Iterable[str] | Mapping[str, Any] = (),
) -> dict[str, Any]:
    """How many replications show a difference from the baseline, as `power --json` says under `ranking`.

    `difference` is a share of the baseline's mean, such as 0.05 or "5%", or with `relative=False` a number in units of
    the metric (regret, reward or revenue_usd). A pilot of the scenario's first replications is simulated. Raises
    InputError as `power`.
    """
    loaded = load(scenario, overrides)
    loaded.require_files()
    base = default_baseline(loaded)
    others = [spec.name for spec in loaded.policies if spec.name != base]
    if not others:
        raise InputError(f"there is nothing to compare {base} with")
    size = pilot or pilot_size(loaded, len(others) + 1, workers)
    rows = simulate_pilot(loaded, [base, *others], size, workers)
    value, per_cent = parse_amount(str(difference), "difference")
    goal = Goal(value, per_cent if isinstance(difference, str) else relative, confidence, power)
    seen = tails(loaded, by_policy(rows), unlucky_pilot(loaded, [base, *others], size))
    return ranking_data(plan_ranking(rows, base, others, metric, goal, tails=seen))
