"""`report`: write the report of a run again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.commands.options import FolderOrUrl, LocalPath
from sim.commands.output import Output, output_options
from sim.errors import InputError

if TYPE_CHECKING:
    from reports.report_input import ReportInput

METRICS = ("regret", "reward", "revenue_usd")


@click.command()
@click.argument("run", type=FolderOrUrl())
@click.option(
    "--baseline", metavar="POLICY", help="Compare with this policy.  [default: the deployed rule, or the first]"
)
@click.option(
    "--metric",
    type=click.Choice(METRICS),
    help="Compare policies by this; the decision ignores it.  [default: money where there is any, else reward]",
)
@click.option("--out", type=LocalPath(), metavar="DIR", help="Write here.  [default: the run folder]")
@click.option("--title", metavar="TEXT", help="Title of the report.  [default: the name of the scenario]")
@click.option("--author", metavar="TEXT", help="Name of the author, below the title.")
@click.option("--pdf", is_flag=True, help="Write report.pdf too; needs Chromium.")
@click.option("--png", is_flag=True, help="Write report.png, the first screen, too; needs Chromium.")
@click.option("--slide", is_flag=True, help="Write slide.html, a summary on one page, too; also as --pdf and --png.")
@click.option("--open", "show", is_flag=True, help="Show the report in the browser.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@output_options
def command(
    *,
    run: Path | str,
    baseline: str | None,
    metric: str | None,
    out: Path | None,
    title: str | None,
    author: str | None,
    pdf: bool,
    png: bool,
    slide: bool,
    show: bool,
    dry_run: bool,
    output: Output,
) -> None:
    """Write report.html, report.md and figures/ into the run folder RUN, or into --out."""
    from reports.decision.data import decision_data
    from reports.decision.text import headline
    from reports.formatting import wrapped
    from reports.report_input import report_input
    from sim.api import load_run

    if isinstance(run, str) and out is None:
        raise InputError(f"{run} is in an object store", "Say where to write the report: --out DIR.")
    opened, folder = load_run(run), out or Path(run)
    data = report_input(opened, baseline, metric)
    copies = [kind for kind, wanted in (("pdf", pdf), ("png", png)) if wanted]
    if dry_run:
        made = [*(["slide.html"] if slide else []), *(f"{of}.{kind}" for of in _pages(slide) for kind in copies)]
        names = ("report.html", "report.md", "figures", *made)
        files = [str(folder / name) for name in names]
        output.result({"would_write": files}, "would write\n  " + "\n  ".join(files))
        return
    report = opened.report(baseline, metric, out=out, title=title, author=author)
    written = {"report": str(report), **_copies(report, copies)}
    if slide:
        written |= _slide(data, folder, title, author, copies)
    lines = [wrapped(headline(data.decision)), *(f"{kind}: {path}" for kind, path in written.items())]
    output.result({**written, "decision": decision_data(data.decision, data.who_gains, str(run))}, "\n".join(lines))
    if show:
        click.launch(report.resolve().as_uri())


def _pages(slide: bool) -> list[str]:
    return ["report", "slide"] if slide else ["report"]


def _slide(
    data: "ReportInput", folder: Path, title: str | None, author: str | None, kinds: list[str]
) -> dict[str, str]:
    from reports.browser import print_report
    from reports.slide import SIZE, write_slide

    page = write_slide(data, folder, title, author)
    return {"slide": str(page), **{f"slide {kind}": str(print_report(page, kind, SIZE)) for kind in kinds}}


def _copies(report: Path, kinds: list[str]) -> dict[str, str]:
    from reports.browser import print_report

    return {kind: str(print_report(report, kind)) for kind in kinds}
