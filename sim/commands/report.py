"""`report`: write the report of a run again."""

from pathlib import Path

import click

from sim.commands.output import Output, output_options


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@output_options
def command(run: Path, dry_run: bool, output: Output) -> None:
    """Write report.html, report.md and figures/ into the run folder RUN."""
    from sim.api import load_run

    opened = load_run(run)
    if dry_run:
        files = [str(run / name) for name in ("report.html", "report.md", "figures")]
        output.result({"would_write": files}, "would write\n  " + "\n  ".join(files))
        return
    page = opened.report()
    output.result({"report": str(page)}, f"report: {page}")
