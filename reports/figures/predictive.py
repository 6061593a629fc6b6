"""Posterior predictive checks: how far each observed quantity is from what the calibrated model produces."""

from matplotlib.figure import Figure

from reports.figures.regret import name_rows, room_left
from reports.figures.style import EDGE, drawing, new_figure, series
from sim.calibration.calibrate import Calibration

WIDEST = 6.0  # standard deviations shown


def predictive(found: Calibration) -> Figure:
    """One row per quantity: the distance of the observed value in standard deviations of the draws."""
    names = [each.name for each in found.predictions]
    with drawing():
        figure = new_figure(1.0 + 0.22 * len(names), left=room_left(names))
        axes = figure.subplots()
        axes.axvspan(-2.0, 2.0, color=EDGE, alpha=0.15, linewidth=0)
        axes.axvline(0.0, color=EDGE, linewidth=1.0, linestyle=(0, (4, 3)))
        for place, each in enumerate(found.predictions):
            at = max(-WIDEST, min(WIDEST, each.distance))
            axes.plot([at], [len(names) - 1 - place], color=series(0)["color"], marker="o", markersize=5)
        name_rows(axes, names)
        axes.set_xlim(-WIDEST - 0.5, WIDEST + 0.5)
        axes.set_xlabel(f"standard deviations from the mean of the draws (cut at ±{WIDEST:.0f})")
        return figure
