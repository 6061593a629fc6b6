"""The table of a sweep: one row per cell and policy."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from reports.decision.anchors import captured
from reports.decision.tails import mean_of
from reports.sweep.cells import CellResult
from reports.tables.spreadsheet import write_csv
from sim.files import replacing

NAME = "sweep.parquet"
COLUMNS: dict[str, type[pl.DataType]] = {
    "cell": pl.String,
    "policy": pl.String,
    "baseline": pl.String,
    "metric": pl.String,
    "mean": pl.Float64,
    "gain": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "captured": pl.Float64,
    "best": pl.Boolean,
    "outcome": pl.String,
    "decision": pl.String,
}


def sweep_frame(cells: Sequence[CellResult]) -> pl.DataFrame:
    """One row per cell and policy, the labels of the cell's values first; oracles and random choice included."""
    keys: dict[str, type[pl.DataType]] = dict.fromkeys(cells[0].labels, pl.String)
    rows = [row for cell in cells for row in _rows(cell)]
    return pl.DataFrame(rows, schema=keys | COLUMNS, orient="row")


def _rows(cell: CellResult) -> list[tuple[object, ...]]:
    return [(*cell.labels.values(), *_row(cell, policy)) for policy in cell.decision.given.values]


def _row(cell: CellResult, policy: str) -> tuple[object, ...]:
    given, gain = cell.decision.given, cell.gain(policy)
    share = captured(policy, given, cell.decision.level)
    return (
        cell.folder.name,
        policy,
        given.baseline,
        given.metric,
        mean_of(policy, given),
        cell.lead(policy),
        None if gain is None else gain.estimate.low,
        None if gain is None else gain.estimate.high,
        None if share is None else share.value,
        policy == cell.best,
        cell.decision.outcome,
        cell.decision.policy,
    )


def write_sweep_table(folder: Path, cells: Sequence[CellResult]) -> pl.DataFrame:
    """Write sweep.parquet and tables/sweep.csv; returns the table."""
    frame = sweep_frame(cells)
    with replacing(folder / NAME) as temporary:
        frame.write_parquet(temporary)
    (folder / "tables").mkdir(exist_ok=True)
    write_csv(frame, folder / "tables" / "sweep.csv")
    return frame
