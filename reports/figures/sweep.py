"""Figures of a sweep: a tornado plot over keys, a heat map over two keys."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.estimators.intervals import Floats
from reports.figures.gains import NARROW
from reports.figures.rows import dashed_line, figure_of_rows, room_left
from reports.figures.style import COLOURS, EDGE, INK, drawing, label, new_figure, tick


@dataclass(frozen=True)
class Swing:
    """How a gain moves with one key: its value at each level, as a mean over the other keys."""

    key: str
    levels: Sequence[str]
    gains: Sequence[float]

    @property
    def size(self) -> float:
        """Largest minus smallest."""
        return max(self.gains) - min(self.gains)


@dataclass(frozen=True)
class Map:
    """Gains of shape (rows, columns) over two keys, and which policy is best in each cell."""

    row_key: str
    column_key: str
    rows: Sequence[str]
    columns: Sequence[str]
    gains: Floats
    best: Sequence[Sequence[str]]


def tornado(swings: Sequence[Swing], *, centre: float, quantity: str) -> Figure:
    """A bar per key from its smallest to its largest gain, the widest on top; the dashed line is no gain."""
    with drawing():
        figure, axes = figure_of_rows([swing.key for swing in swings], quantity, row=0.55, width=NARROW)
        dashed_line(axes, 0.0)
        axes.axvline(centre, color=EDGE, linewidth=1.0)
        for y, swing in enumerate(reversed(swings)):
            _bar(axes, y, swing)
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure


def _bar(axes: Axes, y: int, swing: Swing) -> None:
    low, high = int(np.argmin(swing.gains)), int(np.argmax(swing.gains))
    axes.barh(y, swing.size, left=swing.gains[low], height=0.42, color=COLOURS[0], alpha=0.75)
    axes.plot(swing.gains, [y] * len(swing.gains), color=INK, marker="|", markersize=9, linestyle="none")
    for place, shift, side in ((low, -5, "right"), (high, 5, "left")):
        axes.annotate(
            label(swing.levels[place], 14),
            (swing.gains[place], y),
            (shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8,
        )


def heat_map(given: Map, *, quantity: str) -> Figure:
    """Gain by colour (blue above 0, orange below) and as a number, with the best policy of each cell."""
    left, height = room_left(list(given.rows)) + 0.25, 1.1 + 0.5 * len(given.rows)
    with drawing():
        figure = new_figure(height, left=left, top=0.4, width=max(NARROW, left + 1.25 * len(given.columns)))
        axes = figure.subplots()
        most = float(np.nanmax(np.abs(given.gains))) or 1.0
        axes.imshow(_pixels(given.gains / most), aspect="auto", interpolation="nearest")
        for row, column in np.ndindex(given.gains.shape):
            text = f"{tick(float(given.gains[row, column]))}\n{label(given.best[row][column], 16)}"
            axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=INK)
        axes.set_xticks(range(len(given.columns)), [label(each, 16) for each in given.columns])
        axes.set_yticks(range(len(given.rows)), [label(each, 16) for each in given.rows])
        axes.grid(visible=False)
        axes.set_xlabel(label(given.column_key, 40))
        axes.set_ylabel(label(given.row_key, 40))
        axes.set_title(quantity, loc="left")
        return figure


def _pixels(scaled: Floats) -> Floats:
    """Colours of values in [−1, 1]: more opaque where further from 0."""
    above, below = ([int(COLOURS[i][k : k + 2], 16) / 255 for k in (1, 3, 5)] for i in (0, 1))
    pixels = np.empty((*scaled.shape, 4))
    pixels[..., :3] = np.where(scaled[..., None] >= 0.0, above, below)
    pixels[..., 3] = 0.55 * np.abs(scaled)
    return pixels
