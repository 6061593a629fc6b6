"""A run in a notebook: its decision and leaderboard as HTML, every figure of its report as a matplotlib Figure."""

from matplotlib.figure import Figure

from reports.content import FigureBlock, Paragraph
from reports.decision.text import headline, key_points
from reports.render import Report, html_fragment
from reports.report import subtitle
from reports.report_input import report_input
from reports.sections.leaderboard import leaderboard_section
from reports.sections.registry import section_of_figure
from sim.errors import InputError
from sim.runs.run import StoredRun


def figure(run: StoredRun, name: str, baseline: str | None = None, metric: str | None = None) -> Figure:
    """One figure of the report; raises InputError, with the reason, where this run has none of that name."""
    sections = section_of_figure()
    if name not in sections:
        raise InputError(f"there is no figure {name!r}", f"There are {', '.join(sections)}.")
    content = sections[name].build(report_input(run, baseline, metric)).content
    found = [item.figure for item in content if isinstance(item, FigureBlock) and item.name == name]
    if not found:
        notes = [item.text for item in content if isinstance(item, Paragraph) and item.tone == "note"]
        raise InputError(f"this run has no figure {name!r}", " ".join(notes))
    return found[0]


def rich_display(run: StoredRun) -> str:
    """Decision and leaderboard as HTML."""
    data = report_input(run)
    report = Report(
        run.scenario.name,
        subtitle(data),
        headline(data.decision),
        key_points(data.decision),
        [leaderboard_section(data)],
    )
    return html_fragment(report)
