"""Off-policy estimates side by side, beside the mean of the log."""

import math

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.figures.gains import NARROW
from reports.figures.rows import dashed_line, draw_interval, figure_of_rows
from reports.figures.style import EDGE, drawing, series, tick
from sim.evaluation.evaluate import Evaluation, PolicyEvaluation
from sim.evaluation.text import of_log

MARGIN = 0.5  # beside what has to be seen, as a share of it


def off_policy(evaluation: Evaluation, policy: PolicyEvaluation) -> Figure:
    """One row per estimator: value (dot) and quoted interval (line); the band is the log's own mean.

    An interval that reaches far beyond all estimates is cut, with an arrow: it would leave no room for the others.
    """
    adaptive = policy.diagnostics.adaptive
    names = [estimate.estimator for estimate in policy.estimates]
    with drawing():
        quantity = f"{evaluation.reward} per decision; dashed: the log's own"
        figure, axes = figure_of_rows(names, quantity, width=NARROW)
        logged = of_log(evaluation, policy)
        if logged.known:
            axes.axvspan(logged.low, logged.high, color=EDGE, alpha=0.15, linewidth=0)
        dashed_line(axes, evaluation.logged.value)
        left, right = span(evaluation, policy)
        axes.set_xlim(left, right)
        for place, estimate in enumerate(policy.estimates):
            y, colour = len(names) - 1 - place, series(0)["color"]
            if (quoted := estimate.quoted(adaptive=adaptive)) is not None:
                draw_interval(axes, y, (quoted.low, quoted.high), colour, 3.0)
                for end, marker, beyond in ((left, "<", quoted.low < left), (right, ">", quoted.high > right)):
                    if beyond:
                        axes.plot([end], [y], color=colour, marker=marker, markersize=9, clip_on=False)
            axes.plot([estimate.value], [y], color=colour, marker="o", markersize=6)
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure


def span(evaluation: Evaluation, policy: PolicyEvaluation) -> tuple[float, float]:
    """Ends of the axis: all estimates, their narrowest intervals, the log's own mean, and a margin.

    The interval of `replay`, which keeps few rows, is left out; the axis ends near the least possible reward.
    """
    seen = [evaluation.logged.value, *(each.value for each in policy.estimates)]
    for estimate in (evaluation.logged, *(each for each in policy.estimates if each.estimator != "replay")):
        limited = [each for each in estimate.intervals if math.isfinite(each.low) and math.isfinite(each.high)]
        if limited:
            narrow = min(limited, key=lambda each: each.high - each.low)
            seen += [narrow.low, narrow.high]
    margin = MARGIN * (max(seen) - min(seen)) or 1.0
    least = min(*seen, evaluation.limits[0]) - 0.1 * margin
    return max(min(seen) - margin, least), max(seen) + margin
