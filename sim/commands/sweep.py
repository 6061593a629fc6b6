"""`sweep`: a scenario over a grid of values."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.commands.options import (
    BackendChoice,
    FolderOrUrl,
    backend_options,
    scenario_argument,
    shard_options,
    workers_option,
)
from sim.commands.output import Output, output_options
from sim.errors import CheckFailedError

if TYPE_CHECKING:
    from reports.decision.inputs import Unit
    from reports.sweep.cells import CellResult
    from sim.runs.shards import Shard
    from sim.runs.sweeps.grid import GridCell
    from sim.scenario import Scenario
    from sim.sweeps import Sweep


@click.command()
@scenario_argument
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="KEY.PATH=[V, …]|SWEEP",
    help="Values of a key; repeat for a grid. {LABEL: V, …} names the values; or a shipped sweep: cool_down.",
)
@click.option(
    "--out",
    type=FolderOrUrl(),
    metavar="DIR",
    help="Folder, or its URL in an object store such as s3://bucket/x.  [default: runs/<name>-sweep]",
)
@workers_option
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key in every cell.")
@click.option("--baseline", metavar="POLICY", help="Compare with this policy.  [default: the deployed rule]")
@click.option("--resume", is_flag=True, help="Keep complete cells; simulate only what is missing.")
@shard_options
@backend_options
@click.option("--no-report", is_flag=True, help="Leave out sweep.html, sweep.md and figures/.")
@click.option("--dry-run", is_flag=True, help="Show the cells, the time and the disk they need; write nothing.")
@output_options
def command(
    *,
    scenario: str,
    vary: tuple[str, ...],
    out: Path | str | None,
    workers: int | None,
    overrides: tuple[str, ...],
    baseline: str | None,
    resume: bool,
    shard: "Shard | None",
    backend: BackendChoice,
    no_report: bool,
    dry_run: bool,
    output: Output,
) -> None:
    """Run SCENARIO once per combination of values, and say how robust its decision is.

    Every cell is an ordinary run folder below DIR/cells; all cells have the same random numbers. An interrupted sweep
    keeps its finished cells; --resume continues it, also with values added to the grid.
    """
    from sim.backends.local import default_workers
    from sim.runs.sweeps.grid import variations
    from sim.scenario import load

    base, varied, count = load(scenario, overrides), variations(vary), workers or default_workers()
    folder = out if out is not None else Path("runs") / f"{base.name}-sweep"
    if dry_run:
        from sim.sweeps import cell_scenarios

        _say_plan(cell_scenarios(base, varied), folder, count, output)
        return
    output.note(f"{base.name}: sweep over {', '.join(each.key for each in varied)}")
    from sim.commands.progress import progress
    from sim.sweeps import sweep, sweep_shard

    common: dict[str, Any] = {
        "baseline": baseline,
        "report": not no_report,
        "backend": backend.open(workers),
        "collect": backend.collect,
    }
    with progress(output, "replications of all cells") as tell:
        if shard is None:
            done: Sweep | int = sweep(base, vary, folder, resume=resume, progress=tell, **common)
        else:
            done = sweep_shard(base, vary, shard, folder, progress=tell, **common)
    if isinstance(done, int):
        text = f"shard {shard} is done; {done:,} cells wait for other shards"
        output.result({"sweep": str(folder), "shard": str(shard), "incomplete_cells": done}, text)
    else:
        _say_result(done, folder, no_report, output)


def _say_result(done: "Sweep", folder: Path | str, no_report: bool, output: Output) -> None:
    from reports.sweep.data import sweep_data

    report = None if no_report else f"{folder}/sweep.html"
    data = {"sweep": str(folder), "report": report, **sweep_data(done.cells, done.decision)}
    output.result(data, _text(done, folder, report))
    failed = [f"{cell.name}: {check.claim}" for cell in done.cells for check in cell.checks if not check.passed]
    if failed:
        raise CheckFailedError("\n".join(f"check failed: {each}" for each in failed))


def _text(done: "Sweep", folder: Path | str, report: str | None) -> str:
    from reports.decision.inputs import bare
    from reports.formatting import text_table, wrapped
    from reports.sweep.cells import common_unit
    from reports.sweep.text import sweep_headline, sweep_points

    unit = bare(common_unit(done.cells))
    header = [*done.grid[0].labels, "decision", "best mean", "gain"]
    rows = [_row(cell, unit) for cell in done.cells]
    said = [sweep_headline(done.decision), *sweep_points(done.cells, done.decision)]
    where = f"report: {report}" if report else f"sweep: {folder}"
    return "\n\n".join([text_table(header, rows), "\n".join(wrapped(sentence) for sentence in said), where])


def _row(cell: "CellResult", unit: "Unit") -> list[str]:
    from reports.decision.inputs import signed
    from reports.sweep.text import decided

    rival = cell.decision.rival
    gain = "–" if rival is None else signed(rival.estimate.value, unit)
    return [*cell.labels.values(), decided(cell.decision.outcome, cell.decision.policy), cell.best, gain]


def _say_plan(tasks: "Sequence[tuple[GridCell, Scenario]]", folder: Path | str, workers: int, output: Output) -> None:
    from reports.formatting import duration, storage
    from sim.runs.sweeps.folder import CELLS
    from sim.runs.workload import estimate

    totals = [estimate(scenario) for _, scenario in tasks]
    seconds = sum(total.wall_seconds(workers) for total in totals)
    disk = sum(total.disk_bytes for total in totals)
    runs = [f"{folder}/{CELLS}/{cell.folder}" for cell, _ in tasks]
    data: dict[str, Any] = {"out": str(folder), "cells": runs, "seconds": seconds, "disk_bytes": disk}
    lines = [f"{len(tasks)} cells", *(f"  {cell.name}" for cell, _ in tasks)]
    lines += [f"time        about {duration(seconds)}", f"disk        about {storage(disk)}"]
    output.result(data, "\n".join([*lines, f"folder      {folder}", "Nothing was written."]))
