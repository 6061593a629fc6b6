"""Paired differences against the baseline."""

from collections.abc import Sequence
from typing import Protocol

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.estimators.intervals import Estimate
from reports.figures.places import Places
from reports.figures.rows import dashed_line, draw_interval, figure_of_rows
from reports.figures.scale import signed_logarithmic, spreads
from reports.figures.style import drawing, label, series, tick


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
        what = f"mean difference from {label(baseline)}: {quantity}"
        figure, axes = figure_of_rows([row.policy for row in rows], what)
        sizes = [abs(row.pointwise.value) for row in rows]
        if spreads(sizes):
            signed_logarithmic(axes, "x", sizes)
        dashed_line(axes, 0.0)
        for place, row in enumerate(rows):
            y, colour = len(rows) - 1 - place, series(places[row.policy])["color"]
            for limits, width in ((row.simultaneous, 1.2), (row.pointwise, 4.5)):
                draw_interval(axes, y, (limits.low, limits.high), colour, width)
            axes.plot([row.pointwise.value], [y], color=colour, marker="o", markersize=6)
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure
