"""What incidents cost: a run of a scenario, and one without each of its incidents, under common random numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from reports.estimators.intervals import paired_difference
from reports.tables.rows import by_policy, column
from sim.errors import InputError
from sim.files import replacing
from sim.runs.folders.run_folder import INCIDENTS

if TYPE_CHECKING:
    from sim.api import Run
    from sim.scenario import Scenario

ALL = "all"
SCHEMA: dict[str, Any] = {
    "incident": pl.Int64,
    "kind": pl.String,
    "from": pl.Float64,
    "policy": pl.String,
    "cost_usd": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "cost_share": pl.Float64,
}
"""Columns of incidents.parquet, see docs/data-dictionary.md."""


def incident_runs(scenario: "Scenario") -> "dict[str, Scenario]":
    """The runs to make, by the name of their folder; raises InputError where the scenario lists no incident."""
    incidents = getattr(scenario, "incidents", ())
    if not incidents:
        raise InputError(f"{scenario.name} lists no incidents", "docs/traffic.md lists all kinds.")
    runs = {ALL: scenario}
    for number, one in enumerate(incidents, start=1):
        others = tuple(other for place, other in enumerate(incidents, start=1) if place != number)
        runs[f"without-{number}-{one.kind}"] = scenario.model_copy(update={"incidents": others})
    return runs


def make_runs(runs: "dict[str, Scenario]", folder: Path, workers: int) -> "dict[str, Run]":
    """Make the runs that are not there yet."""
    from sim.api import run  # noqa: PLC0415 - the public module imports the whole program

    return {name: run(one, folder / name, workers, resume=True, report=False) for name, one in runs.items()}


def run_costs(made: "dict[str, Run]") -> pl.DataFrame:
    """One row per incident and policy: revenue without it minus revenue with it; also written beside the run `all`."""
    whole, others = made[ALL], [run for name, run in made.items() if name != ALL]
    frame = pl.DataFrame(list(_lines(whole, others)), schema=SCHEMA)
    with replacing(whole.path / INCIDENTS) as temporary:
        frame.write_parquet(temporary)
    return frame


def _lines(whole: "Run", others: "Sequence[Run]") -> Iterator[dict[str, Any]]:
    rows, incidents = by_policy(whole.replications), getattr(whole.scenario, "incidents", ())
    for number, (one, without) in enumerate(zip(incidents, others, strict=True), start=1):
        spared = by_policy(without.replications)
        for policy, own in rows.items():
            cost = _cost(column(spared[policy], "revenue_usd"), column(own, "revenue_usd"))
            yield {"incident": number, "kind": one.kind, "from": one.first, "policy": policy, **cost}


def _cost(without: Any, own: Any) -> dict[str, float | None]:
    estimate, mean = paired_difference(without, own).estimate, float(without.mean())
    share = estimate.value / mean if mean > 0.0 else None
    return {"cost_usd": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high, "cost_share": share}
