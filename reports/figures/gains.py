"""Gains over the baseline: one row per policy, with intervals that hold together."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.estimators.intervals import Estimate
from reports.figures.rows import dashed_line, draw_interval, figure_of_rows
from reports.figures.style import drawing, series, tick

NARROW = 5.6  # inches: readable on a telephone, where a page is that wide


@dataclass(frozen=True)
class GainRow:
    """A policy, its gain, and its place in the scenario, which gives its colour."""

    policy: str
    gain: Estimate
    place: int


def gains(rows: Sequence[GainRow], *, quantity: str) -> Figure:
    """Mean gain (dot) with its interval (line) on a linear axis; the dashed line is the baseline."""
    with drawing():
        figure, axes = figure_of_rows([row.policy for row in rows], quantity, width=NARROW)
        dashed_line(axes, 0.0)
        for y, row in enumerate(reversed(rows)):
            colour = series(row.place)["color"]
            draw_interval(axes, y, (row.gain.low, row.gain.high), colour, 2.6)
            axes.plot([row.gain.value], [y], color=colour, marker="o", markersize=6)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure
