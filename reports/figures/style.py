"""How every figure looks, and how it becomes bytes.

Colour is never the only cue: curves carry dashes, markers and their names. In a page colours are CSS variables, so that
one figure reads on light and on dark; in a file of its own they are the light ones. Text is never read as formulas.
"""

import io
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.formatting import number

# Okabe & Ito's palette without yellow and with a darker sky: colour-blind readers tell it apart; 3 : 1 on white.
COLOURS = ("#0072b2", "#d55e00", "#00916a", "#c9699f", "#8a6500", "#111111", "#7a4fbf", "#3f93c6")
_DARK = ("#4ea6dd", "#ff8b45", "#2fc79c", "#e79cc5", "#cba53a", "#f2f2f2", "#b595f2", "#8ad2ff")
INK, QUIET, EDGE, GRID, PANEL = "#222222", "#555555", "#888888", "#e4e4e4", "#ffffff"
# CSS variable, light, dark
VARIABLES = (
    *((f"--series-{i}", light, dark) for i, (light, dark) in enumerate(zip(COLOURS, _DARK, strict=True))),
    ("--ink", INK, "#e6e6e6"),
    ("--quiet", QUIET, "#b4b4b4"),
    ("--edge", EDGE, "#808080"),
    ("--grid", GRID, "#3a3d42"),
    ("--panel", PANEL, "#1b1d21"),
)
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (9, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
WIDTH = 8.6  # inches
PNG_DPI = 144  # twice the 72 of the SVG
LONGEST_NAME = 30
_TEXT_OF = re.compile(r'style="[^"]*"')
_COLOUR = re.compile(r"(fill|stroke): (#[0-9a-f]{6})")
_DIGITS = re.compile(r"(\.\d\d)\d+")
_PATH = re.compile(r' (?:d|x|y|width|height|transform)="[^"]*"')
_IDENTIFIER = re.compile(r'(<[^>]*? id="|url\(#|xlink:href="#)')
_RC: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 9.5,
    "text.parse_math": False,
    "text.usetex": False,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": EDGE,
    "axes.facecolor": PANEL,
    "figure.facecolor": PANEL,
    "savefig.facecolor": PANEL,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
}


def series(index: int) -> dict[str, Any]:
    """Colour, dashes and marker of the `index`-th policy, as keywords of `plot`; no two of the first 280 are alike."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 4,
    }


def marked_every(index: int, points: int) -> tuple[int, int]:
    """Which points of a curve carry its marker: six or so, staggered from curve to curve."""
    step = max(1, points // 6)
    return (index * 3) % step, step


def label(name: str, longest: int = LONGEST_NAME) -> str:
    """A name that a figure can bear: no control or direction characters, its middle left out where it is long."""
    plain = "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"} else c for c in name)
    if len(plain) <= longest:
        return plain
    head = (longest - 1) // 2
    return f"{plain[:head]}…{plain[head + 1 - longest :]}"


def tick(value: float, _place: int = 0) -> str:
    """A tick's label."""
    text = number(value, 3)
    return text.rstrip("0").rstrip(".") if "." in text else text


@contextmanager
def drawing() -> Iterator[None]:
    """Everything drawn inside looks alike; letters that the measuring font lacks are no matter."""
    with rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def new_figure(
    height: float,
    *,
    left: float = 0.85,
    right: float = 0.2,
    top: float = 0.25,
    bottom: float = 0.6,
    width: float = WIDTH,
) -> Figure:
    """An empty figure with fixed margins, all in inches: laying out automatically takes longer than drawing."""
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    return figure


def text_width(text: str) -> float:
    """About how wide a text is, in inches, in the font's usual size; East Asian letters are twice as wide."""
    return 0.079 * sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def svg(figure: Figure, name: str) -> str:
    """The figure as an `<svg>` element without preamble, dates or versions; identifiers begin with `name`."""
    buffer = io.StringIO()
    with drawing(), rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace("\r\n", "\n")
    text = _PATH.sub(lambda found: _DIGITS.sub(r"\1", found.group()), text)
    return _IDENTIFIER.sub(lambda found: f"{found.group()}{name}-", text)


def themed(text: str) -> str:
    """SVG text whose colours follow the page's CSS variables."""
    names = {light: variable for variable, light, _ in VARIABLES}

    def colour(found: re.Match[str]) -> str:
        variable = names.get(found[2])
        return f"{found[1]}: var({variable}, {found[2]})" if variable else found[0]

    return _TEXT_OF.sub(lambda found: _COLOUR.sub(colour, found.group()), text)


def png(figure: Figure) -> bytes:
    """The figure at twice the SVG's size, without version or date."""
    buffer = io.BytesIO()
    with drawing():
        figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()
