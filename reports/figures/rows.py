"""Figures with a named row per item: the names, the intervals, and the line that rows are compared with."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import EDGE, INK, WIDTH, label, new_figure, text_width


def figure_of_rows(
    names: Sequence[str], quantity: str, *, row: float = 0.3, rest: float = 1.0, width: float = WIDTH
) -> tuple[Figure, Axes]:
    """A figure with a row per name, the first on top, and `quantity` along x; nothing is drawn yet.

    `row` is the height of a row in inches, `rest` what is above and below the rows. The rows are at
    y = len(names) − 1 … 0.
    """
    figure = new_figure(rest + row * len(names), left=room_left(names), width=width)
    axes = figure.subplots()
    axes.set_yticks(range(len(names)), [label(name) for name in reversed(names)])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xlabel(quantity)
    return figure, axes


def room_left(names: Sequence[str]) -> float:
    """Inches left of the axes that rows' names need."""
    return 0.3 + max(text_width(label(name)) for name in names)


def dashed_line(axes: Axes, at: float) -> None:
    """What rows are compared with."""
    axes.axvline(at, color=EDGE, linewidth=1.0, linestyle=(0, (4, 3)))


def draw_interval(axes: Axes, y: int, limits: tuple[float | None, float | None], colour: str, linewidth: float) -> None:
    """A line from limit to limit; none where a limit is unknown."""
    low, high = limits
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=colour, linewidth=linewidth, solid_capstyle="butt")
