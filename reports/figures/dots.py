"""A mean with its interval per policy, one panel per quantity."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from reports.estimators.intervals import Estimate
from reports.figures.places import Places
from reports.figures.rows import draw_interval, room_left
from reports.figures.style import drawing, label, new_figure, series, tick

TICKS = 2  # intervals between the numbers of an axis, of which several stand side by side


@dataclass(frozen=True)
class Dots:
    """One quantity: an estimate of each policy, None where it has none."""

    quantity: str
    estimates: Sequence[Estimate | None]
    share: bool = False


def dots(policies: Sequence[str], quantities: Sequence[Dots], places: Places) -> Figure:
    """Means (dots) and 95 % intervals (lines) of each policy, the first on top; panels side by side."""
    with drawing():
        figure = new_figure(1.1 + 0.27 * len(policies), left=room_left(policies), right=0.35, top=0.45)
        grid = figure.subplots(1, len(quantities), sharey=True, squeeze=False, gridspec_kw={"wspace": 0.18})[0]
        for axes, each in zip(grid, quantities, strict=True):
            _draw(axes, policies, each, places)
        grid[0].set_yticks(range(len(policies)), [label(name) for name in reversed(policies)])
        return figure


def _draw(axes: Axes, policies: Sequence[str], each: Dots, places: Places) -> None:
    for place, (policy, estimate) in enumerate(zip(policies, each.estimates, strict=True)):
        if estimate is None:
            continue
        y, colour = len(policies) - 1 - place, series(places[policy])["color"]
        draw_interval(axes, y, (estimate.low, estimate.high), colour, 3.0)
        axes.plot([estimate.value], [y], color=colour, marker="o", markersize=5)
    axes.set_title(each.quantity, loc="left", fontsize=8.5)
    axes.set_ylim(-0.5, len(policies) - 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(TICKS))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0) if each.share else FuncFormatter(tick))
