"""`calibrate`: a traffic scenario that resembles the pages of a send log."""

from pathlib import Path

import click

from sim.commands.options import LocalPath, named_columns
from sim.commands.output import Output, output_options
from sim.errors import InputError


@click.command()
@click.option("--sends", required=True, metavar="FILE|TARGET", help="The send log, with the columns of mass_messages.")
@click.option("--stats", metavar="FILE|TARGET", help="The table caption_bandit_stats of the same pages.")
@click.option("--columns", metavar="COLUMN=NAME,…", help="What columns of mass_messages are named in the log.")
@click.option("--out", type=LocalPath(dir_okay=False), metavar="FILE", help="Write the scenario here (YAML).")
@click.option("--page", type=LocalPath(), metavar="DIR", help="Write calibration.html, .md, figures/ here.")
@click.option("--shrink", is_flag=True, help="Move uncertain figures towards the published aggregates.")
@click.option("--simulate", type=click.IntRange(10), metavar="N", help="Compare the log with N logs of the scenario.")
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="Of the predictive simulation.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@output_options
def command(
    *,
    sends: str,
    stats: str | None,
    columns: str | None,
    out: Path | None,
    page: Path | None,
    shrink: bool,
    simulate: int | None,
    seed: int,
    force: bool,
    dry_run: bool,
    output: Output,
) -> None:
    """Calibrate the traffic world to a send log, and write the scenario with an interval beside each figure.

    The log is a Parquet or CSV file, a folder of Parquet files, a run folder with recorded sends, or a target:
    duckdb:FILE, bigquery:PROJECT.DATASET (read only). Figures that the log does not show keep their defaults, and the
    file says which. The answer says where the model does not fit the log.
    """
    from sim.calibration.calibrate import calibrate
    from sim.calibration.text import data, text

    if out is not None and out.exists() and not force and not dry_run:
        raise InputError(f"{out}: exists already", "Choose another file, or replace it with --force.")
    found = calibrate(
        sends,
        stats,
        columns=named_columns(columns, "viewed_count=views"),
        shrink=shrink,
        simulate=simulate or 0,
        seed=seed,
    )
    written: list[str] = []
    if not dry_run and out is not None:
        written.append(str(found.write(out)))
    if not dry_run and page is not None:
        from reports.calibration_report import write_calibration

        written.append(str(write_calibration(found, page)))
    planned = [str(each) for each in (out, page and page / "calibration.html") if each] if dry_run else []
    result = data(found) | {"written": written} | ({"would_write": planned} if dry_run else {})
    lines = [text(found), *(f"written: {each}" for each in written), *(f"would write: {each}" for each in planned)]
    output.result(result, "\n".join(lines))
