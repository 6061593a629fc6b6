"""Posterior predictive checks: how far each observed quantity is from what the calibrated model produces."""

from matplotlib.figure import Figure

from reports.figures.gains import NARROW
from reports.figures.rows import dashed_line, figure_of_rows
from reports.figures.style import EDGE, drawing, series
from sim.calibration.calibrate import Calibration

WIDEST = 6.0  # standard deviations shown
SHORT = {
    "view rate of ": "views, ",
    "purchases per priced message of ": "sales, ",
    " messages, ": ": ",
    " quantile": "",
}


def predictive(found: Calibration) -> Figure:
    """One row per quantity: the distance of the observed value in standard deviations of the draws."""
    names = [short(each.name) for each in found.predictions]
    with drawing():
        quantity = f"standard deviations, cut at ±{WIDEST:.0f}"
        figure, axes = figure_of_rows(names, quantity, row=0.22, width=NARROW)
        axes.axvspan(-2.0, 2.0, color=EDGE, alpha=0.15, linewidth=0)
        dashed_line(axes, 0.0)
        for place, each in enumerate(found.predictions):
            at = max(-WIDEST, min(WIDEST, each.distance))
            axes.plot([at], [len(names) - 1 - place], color=series(0)["color"], marker="o", markersize=5)
        axes.set_xlim(-WIDEST - 0.5, WIDEST + 0.5)
        return figure


def short(name: str) -> str:
    """The name of a quantity beside a row: the tables under the figure have it whole."""
    for long, brief in SHORT.items():
        name = name.replace(long, brief)
    return name
