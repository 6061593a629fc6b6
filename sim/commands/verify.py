"""`verify`: check table, functions and contents of a target."""

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from sim.commands.output import Output, output_options

AS_OF = "now, latest (the newest row), or a time; auto is now, but latest for local tables older than 30 days."


@click.command()
@click.option(
    "--to", "target", required=True, metavar="TARGET", help="parquet:DIR, duckdb:FILE or bigquery:PROJECT.DATASET."
)
@click.option(
    "--rows", default=20_000, show_default=True, help="Pairs of counts, log-uniform up to 1e9, to try the bounds on."
)
@click.option("--draws", default=10_000, show_default=True, help="Draws of wilson_sample in each of nine cells.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Write the results as JUnit XML to this file.")
@click.option("--table", default="caption_bandit_stats", show_default=True, help="The statistics table.")
@click.option("--sends", default="mass_messages", show_default=True, help="The send log, where there is one.")
@click.option("--as-of", default="auto", show_default=True, help=f"Judge ages by: {AS_OF}")
@click.option("--staleness-hours", nargs=2, default=(8.0, 12.0), show_default=True, metavar="WARN FAIL", type=float)
@click.option("--source-hours", nargs=2, default=(48.0, 72.0), show_default=True, metavar="WARN FAIL", type=float)
@click.option("--partition-days", default=90.0, show_default=True, help="Warn of rows older than this.")
@click.option(
    "--unused-share", default=0.30, show_default=True, help="Warn of a larger share of captions unused since."
)
@click.option("--messages-per-hour", default=10.0, show_default=True, help="Warn of fewer messages in the send log.")
@click.option("--recount-limit", default=1.0, show_default=True, help="Fail above this many observations a message.")
@output_options
def command(output: Output, target: str, junit: str | None, **chosen: Any) -> None:
    """Check the table, the two functions and the rows of TARGET. Reads only; exit code 1 when a check fails.

    The statistical checks of the sampling function together raise a false alarm once in 10,000 runs.
    """
    from sim.errors import CheckFailedError
    from sim.files import write_text
    from sim.warehouse.targets import open_target, parse_target
    from sim.warehouse.verify import Options, verify
    from sim.warehouse.verify.report import as_data, as_junit, as_text, counts

    options = Options(**chosen)
    spec = parse_target(target)
    output.note(f"verifying {spec} …")
    with open_target(spec, read_only=True) as opened:
        results = verify(opened, options, output.note)
    if junit:
        write_text(Path(junit), as_junit(str(spec), results))
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 140
    output.result(as_data(str(spec), results), as_text(results, width=width, color=terminal))
    if failed := counts(results)["fail"]:
        raise CheckFailedError(
            f"{failed} of {len(results)} checks failed", "what each means and what to do stands above"
        )
