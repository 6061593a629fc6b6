"""From content to files: one HTML file without network, one Markdown file, figures as SVG and PNG."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reports.content import FigureBlock, Section, TableBlock
from reports.figures.style import VARIABLES, label, png, svg, themed
from reports.formatting import markdown_table
from sim.files import make_folder, replacing, write_text

if TYPE_CHECKING:
    from markupsafe import Markup

WORD_JOINER = "\u2060"  # a line may otherwise end between a minus and its dollar
TEMPLATES = Path(__file__).parent / "templates"
# An underscore within a word is plain text, as in names of policies.
_MARKDOWN = re.compile(r"[<>&\[\]`*|\\]|(?<![^\W_])_|_(?![^\W_])")
_MARKDOWN_START = re.compile(r"^(\d{0,9})([-+#=~.)])(?=[-+#=~\s]|$)")  # a title, an item, a line, a fence
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


@dataclass(frozen=True)
class Report:
    """A page: the answer first, then the sections."""

    title: str
    subtitle: str
    headline: str
    details: Sequence[str]
    sections: Sequence[Section]

    @property
    def figures(self) -> list[FigureBlock]:
        """All figures, in order."""
        return [item for section in self.sections for item in section.content if isinstance(item, FigureBlock)]

    @cached_property
    def svgs(self) -> dict[str, str]:
        """Every figure as SVG text, by name."""
        return {each.name: svg(each.figure, each.name) for each in self.figures}


def write_report_files(folder: Path, name: str, report: Report, *, own_folder: bool = False) -> Path:
    """Write NAME.html, NAME.md and figures/ into a folder; returns the path of the HTML file.

    In a folder of our own (`own_folder`), figures of an earlier report that this one does not have are removed, so that
    no stale one is taken for current. Nothing is removed from a folder of the user.
    """
    figures = folder / "figures"
    make_folder(figures)
    if own_folder:
        _remove_stale(figures, report)
    for each in report.figures:
        write_text(figures / f"{each.name}.svg", report.svgs[each.name])
        with replacing(figures / f"{each.name}.png") as temporary:
            temporary.write_bytes(png(each.figure))
    write_text(folder / f"{name}.md", markdown(report))
    write_text(folder / f"{name}.html", html(report))
    return folder / f"{name}.html"


def _remove_stale(figures: Path, report: Report) -> None:
    current = {each.name for each in report.figures}
    for path in figures.iterdir():
        if path.suffix in {".svg", ".png"} and path.stem not in current:
            path.unlink()


def html(report: Report) -> str:
    """The page as one file that fetches nothing; its policy lets only its own script run."""
    script = _template_text("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _render("report.html.j2", report, script=script, digest=digest, style=_style("report.css"))


def slide_html(report: Report) -> str:
    """The summary on one page of a presentation; without a script."""
    return _render("slide.html.j2", report, style=_style("slide.css"))


def html_fragment(report: Report) -> str:
    """Decision and first table only, for a notebook."""
    return _render("notebook.html.j2", report)


def markdown(report: Report) -> str:
    """The page as Markdown; figures are links to the files beside it."""
    return _render("report.md.j2", report)


def _style(name: str) -> str:
    light = "".join(f"{name}:{value};" for name, value, _ in VARIABLES)
    dark = "".join(f"{name}:{value};" for name, _, value in VARIABLES)
    return _template_text(name).replace("/*light*/", light).replace("/*dark*/", dark)


def _template_text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _render(template: str, report: Report, **texts: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only pages need it
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["markdown_table"] = _markdown_table
    environment.filters["escape_markdown"] = escape_markdown
    environment.filters["breakable"] = _breakable
    environment.filters["inline_code"] = _inline_code
    environment.filters["label"] = label
    figures = {name: Markup(themed(text)) for name, text in report.svgs.items()} if texts else {}  # noqa: S704 - escaped by matplotlib
    safe = {name: Markup(text) for name, text in texts.items()}  # noqa: S704 - our own files
    text = environment.get_template(template).render(report=report, figures=figures, **safe)
    return text.replace("−$", f"−{WORD_JOINER}$") if template.endswith(".html.j2") else text


def _breakable(text: str) -> "Markup":
    """A name that may break after its underscores, so that columns can be narrow."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))


def _inline_code(text: str) -> "Markup":
    """Text in which what stands between backticks is code; numbers stay with their per cent signs."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    parts = [
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part.replace(" %", "\xa0%"))
        for i, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _markdown_table(table: TableBlock) -> str:
    rows = [[escape_markdown(cell.text) for cell in row] for row in table.rows]
    return markdown_table([escape_markdown(title) for title in table.header], rows)


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    plain = " ".join(text.split())
    escaped = _MARKDOWN.sub(lambda found: _ENTITIES.get(found.group(), f"\\{found.group()}"), plain)
    return _MARKDOWN_START.sub(r"\1\\\2", escaped)
