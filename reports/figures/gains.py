"""Gains over the baseline: one row per policy, with intervals that hold together."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.estimators.intervals import Estimate
from reports.figures.regret import name_rows, room_left
from reports.figures.style import EDGE, drawing, new_figure, series, tick

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
        figure = new_figure(1.0 + 0.3 * len(rows), left=room_left([row.policy for row in rows]), width=NARROW)
        axes = figure.subplots()
        axes.axvline(0.0, color=EDGE, linewidth=1.0, linestyle=(0, (4, 3)))
        for y, row in enumerate(reversed(rows)):
            colour = series(row.place)["color"]
            if row.gain.low is not None and row.gain.high is not None:
                limits = [row.gain.low, row.gain.high]
                axes.plot(limits, [y, y], color=colour, linewidth=2.6, solid_capstyle="butt")
            axes.plot([row.gain.value], [y], color=colour, marker="o", markersize=6)
        name_rows(axes, [row.policy for row in rows])
        axes.set_xlabel(quantity)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure
