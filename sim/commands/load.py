"""`load`: put a run's tables into a target."""

from pathlib import Path

import click

from sim.commands.options import FolderOrUrl
from sim.commands.output import Output, output_options


@click.command()
@click.argument("run", type=FolderOrUrl())
@click.option(
    "--to", "target", required=True, metavar="TARGET", help="parquet:DIR, duckdb:FILE, bigquery:PROJECT.DATASET."
)
@click.option("--policy", metavar="NAME", help="Whose statistics and sends.  [default: the run's only policy]")
@click.option("--replication", type=click.IntRange(0), metavar="R", help="Which one.  [default: the first kept]")
@click.option(
    "--table",
    "tables",
    multiple=True,
    type=click.Choice(["caption_bandit_stats", "mass_messages", "curves"]),
    help="Only this table; may be repeated.",
)
@click.option("--replace", is_flag=True, help="Put the rows in place of those that the tables hold.")
@click.option("--allow-write", metavar="PROJECT.DATASET", help="Repeat the BigQuery dataset, to allow writing to it.")
@click.option("--dry-run", is_flag=True, help="Say what would be loaded; write nothing.")
@output_options
def command(
    *,
    run: Path | str,
    target: str,
    policy: str | None,
    replication: int | None,
    tables: tuple[str, ...],
    replace: bool,
    allow_write: str | None,
    dry_run: bool,
    output: Output,
) -> None:
    """Put the tables of RUN, a run folder or its URL, into TARGET: statistics, send log (where recorded) and curves.

    Each table is checked after loading and published in one step. Loading the same run again changes nothing.
    """
    from sim.api import load_run
    from sim.commands.progress import progress
    from sim.runs.folders.run_folder import RunFolder
    from sim.warehouse.guard import refuse_production
    from sim.warehouse.load.loading import load as load_into
    from sim.warehouse.load.run_tables import TABLES, run_loads
    from sim.warehouse.targets import open_target, parse_target, writing

    refuse_production(target)
    opened_run = load_run(run)  # a run in an object store is fetched, and stays as long as this object
    loads = run_loads(RunFolder(opened_run.path), policy, replication, tables or TABLES)
    if dry_run:
        spec = parse_target(target)
        listed = [{"table": load.table, "load_id": load.load_id, "parts": load.parts} for load in loads]
        text = "\n".join(f"would load {load.table} into {spec} ({load.load_id})" for load in loads)
        output.result({"target": str(spec), "tables": listed}, text)
        return
    spec, permission = writing(target, allow_write)
    with open_target(spec, permission=permission) as opened, progress(output, "parts") as tell:
        done = load_into(opened, loads, replace=replace, progress=tell)
    did = {True: "already held", False: "now holds"}
    lines = [f"{spec}: {one.table} {did[one.was_loaded]} {one.rows:,} rows" for one in done]
    output.result({"target": str(spec), "tables": [one.data() for one in done]}, "\n".join(lines))
