"""Off-policy estimates side by side, beside the mean of the log."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.figures.regret import name_rows, room_left
from reports.figures.style import EDGE, drawing, new_figure, series, tick
from sim.evaluation.evaluate import Evaluation, PolicyEvaluation
from sim.evaluation.text import of_log


def off_policy(evaluation: Evaluation, policy: PolicyEvaluation) -> Figure:
    """One row per estimator: value (dot) and quoted interval (line); the band is the log's own mean."""
    adaptive = policy.diagnostics.adaptive
    names = [estimate.estimator for estimate in policy.estimates]
    with drawing():
        figure = new_figure(1.0 + 0.3 * len(names), left=room_left(names))
        axes = figure.subplots()
        logged = of_log(evaluation, policy)
        if logged.known:
            axes.axvspan(logged.low, logged.high, color=EDGE, alpha=0.15, linewidth=0)
        axes.axvline(evaluation.logged.value, color=EDGE, linewidth=1.0, linestyle=(0, (4, 3)))
        for place, estimate in enumerate(policy.estimates):
            y, colour = len(names) - 1 - place, series(0)["color"]
            if (quoted := estimate.quoted(adaptive=adaptive)) is not None:
                axes.plot([quoted.low, quoted.high], [y, y], color=colour, linewidth=3, solid_capstyle="butt")
            axes.plot([estimate.value], [y], color=colour, marker="o", markersize=6)
        name_rows(axes, names)
        axes.set_xlabel(f"{evaluation.reward} per decision; dashed: the log's own")
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure
