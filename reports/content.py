"""The content of a report. Both templates can show each kind; sections only choose the content."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from matplotlib.figure import Figure

Tone = Literal["plain", "lead", "note", "warning"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a `warning` is marked in words too, not by colour alone."""

    text: str
    tone: Tone = "plain"
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Cell:
    """A table's cell: what is shown, the number it is sorted by, and how deeply it is shaded (0 to 1)."""

    text: str
    value: float | None = None
    shade: float | None = None


@dataclass(frozen=True)
class TableBlock:
    """Rows under a header; the first cell of a row is its heading, and `emphasised` is the heading of one of them.

    A table that is `folded` shows its caption until a reader opens it.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    emphasised: str | None = None
    sortable: bool = True
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class FigureBlock:
    """A figure, `name` of its file, its text alternative, and how to read it.

    `folded` is the sentence that stands in its place until a reader opens it; empty for a figure that is shown.
    """

    name: str
    alt: str
    caption: str
    figure: Figure
    folded: str = ""
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "definitions"


@dataclass(frozen=True)
class CodeBlock:
    """Text shown as it is."""

    title: str
    text: str
    kind: ClassVar[str] = "code"


Content = Paragraph | TableBlock | FigureBlock | Definitions | CodeBlock


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    key: str
    title: str
    content: Sequence[Content]


def absent(key: str, title: str, why: str) -> Section:
    """A section left out, with a sentence why."""
    return Section(key, title, [Paragraph(why, "note")])
