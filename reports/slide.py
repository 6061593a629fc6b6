"""slide.html: the decision, its anchors and risks, and the chart of gains on one page of 16 : 9."""

from pathlib import Path

from reports.content import FigureBlock, Section
from reports.decision.text import headline, key_points
from reports.decision.who_text import who_points
from reports.render import Report, slide_html
from reports.report_input import ReportInput
from reports.sections.decision import decision
from sim.files import make_folder, write_text

SIZE = (1280, 720)  # CSS pixels
MOST_POINTS = 5


def write_slide(data: ReportInput, folder: Path, title: str | None = None, author: str | None = None) -> Path:
    """Write slide.html into a folder; returns its path. Raises StorageError where it cannot be written."""
    make_folder(folder)
    write_text(folder / "slide.html", slide_html(slide_content(data, title, author)))
    return folder / "slide.html"


def slide_content(data: ReportInput, title: str | None = None, author: str | None = None) -> Report:
    """The headline, at most `MOST_POINTS` sentences, the chart of gains, and a line on where it comes from."""
    scenario, found = data.scenario, data.decision
    figures = [item for item in decision(data).content if isinstance(item, FigureBlock)]
    points = [*who_points(found, data.who_gains), *key_points(found)[:-1]]  # without the command
    lines = [author, f"scenario {scenario.name}, {scenario.replications:,} replications, seed {scenario.seed}"]
    return Report(
        title=title or scenario.name,
        subtitle="; ".join(line for line in lines if line),
        headline=headline(found),
        details=points[:MOST_POINTS],
        sections=[Section("slide", "", figures)],
    )
