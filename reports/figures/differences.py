"""Paired differences against the baseline."""

from collections.abc import Sequence
from typing import Protocol

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.estimators.intervals import Estimate
from reports.figures.places import Places
from reports.figures.regret import name_rows, room_left
from reports.figures.scale import signed_logarithmic, spreads
from reports.figures.style import EDGE, drawing, label, new_figure, series, tick


class Compared(Protocol):
    """A difference with its own interval and with one that holds for all rows at once."""

    @property
    def policy(self) -> str:
        """Whose difference it is."""

    @property
    def pointwise(self) -> Estimate:
        """With its own interval."""

    @property
    def simultaneous(self) -> Estimate:
        """With the simultaneous one."""


def differences(rows: Sequence[Compared], places: Places, *, quantity: str, baseline: str) -> Figure:
    """Mean difference (dot), its own 95 % interval (thick) and the simultaneous one (thin); the dashed line is none."""
    with drawing():
        figure = new_figure(1.0 + 0.3 * len(rows), left=room_left([row.policy for row in rows]))
        axes = figure.subplots()
        sizes = [abs(row.pointwise.value) for row in rows]
        if spreads(sizes):
            signed_logarithmic(axes, "x", sizes)
        axes.axvline(0.0, color=EDGE, linewidth=1.0, linestyle=(0, (4, 3)))
        for place, row in enumerate(rows):
            y, colour = len(rows) - 1 - place, series(places[row.policy])["color"]
            for limits, width in ((row.simultaneous, 1.2), (row.pointwise, 4.5)):
                if limits.low is not None and limits.high is not None:
                    axes.plot([limits.low, limits.high], [y, y], color=colour, linewidth=width, solid_capstyle="butt")
            axes.plot([row.pointwise.value], [y], color=colour, marker="o", markersize=6)
        name_rows(axes, [row.policy for row in rows])
        axes.set_xlabel(f"mean difference from {label(baseline)}: {quantity}")
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure
