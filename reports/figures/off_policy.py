"""Off-policy estimates side by side, beside the mean of the log."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.figures.rows import dashed_line, draw_interval, figure_of_rows
from reports.figures.style import EDGE, drawing, series, tick
from sim.evaluation.evaluate import Evaluation, PolicyEvaluation
from sim.evaluation.text import of_log


def off_policy(evaluation: Evaluation, policy: PolicyEvaluation) -> Figure:
    """One row per estimator: value (dot) and quoted interval (line); the band is the log's own mean."""
    adaptive = policy.diagnostics.adaptive
    names = [estimate.estimator for estimate in policy.estimates]
    with drawing():
        figure, axes = figure_of_rows(names, f"{evaluation.reward} per decision; dashed: the log's own")
        logged = of_log(evaluation, policy)
        if logged.known:
            axes.axvspan(logged.low, logged.high, color=EDGE, alpha=0.15, linewidth=0)
        dashed_line(axes, evaluation.logged.value)
        for place, estimate in enumerate(policy.estimates):
            y, colour = len(names) - 1 - place, series(0)["color"]
            if (quoted := estimate.quoted(adaptive=adaptive)) is not None:
                draw_interval(axes, y, (quoted.low, quoted.high), colour, 3.0)
            axes.plot([estimate.value], [y], color=colour, marker="o", markersize=6)
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure
