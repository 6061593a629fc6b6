"""`report`: write the report of a run again."""

from pathlib import Path

import click

from sim.commands.output import Output, output_options

METRICS = ("regret", "reward", "revenue_usd")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--baseline", metavar="POLICY", help="Compare with this policy.  [default: the deployed rule, or the first]"
)
@click.option(
    "--metric", type=click.Choice(METRICS), default="regret", show_default=True, help="Judge policies by this."
)
@click.option("--open", "show", is_flag=True, help="Show the page in the browser.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@output_options
def command(*, run: Path, baseline: str | None, metric: str, show: bool, dry_run: bool, output: Output) -> None:
    """Write report.html, report.md and figures/ into the run folder RUN."""
    from sim.api import load_run

    opened = load_run(run)
    if dry_run:
        files = [str(run / name) for name in ("report.html", "report.md", "figures")]
        output.result({"would_write": files}, "would write\n  " + "\n  ".join(files))
        return
    page = opened.report(baseline, metric)
    output.result({"report": str(page)}, f"report: {page}")
    if show:
        click.launch(page.resolve().as_uri())
