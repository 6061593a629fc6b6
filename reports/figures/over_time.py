"""Curves over time, one per policy, named at their ends instead of in a legend: up to two dozen stay readable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from reports.estimators.intervals import Floats
from reports.figures.places import Places
from reports.figures.scale import signed_logarithmic, spreads
from reports.figures.style import EDGE, INK, QUIET, drawing, label, marked_every, new_figure, series, text_width, tick
from reports.tables.curves import Curve

LABEL_GAP = 12.5  # points between two names
LEADER = 0.35  # inches from a curve's end to its name
MOST_LINES = 6  # names of incidents below one another
MOST_REFRESHES = 100  # drawn; more would be a solid line


@dataclass(frozen=True)
class Marks:
    """What happened when: changes of the world, refreshes of the statistics, and a bound of the mean."""

    changes: Sequence[float] = ()
    refreshes: Sequence[float] = ()
    bound: Floats | None = None  # at the curves' `at`
    bound_name: str = ""
    spans: Sequence[tuple[float, float, str]] = ()
    """Incidents: first and last day, and name."""


@dataclass(frozen=True)
class Axis:
    """Labels and scales of a figure over time."""

    time_unit: str
    quantity: str
    logarithmic: bool = False
    logarithmic_time: bool = False
    share: bool = False
    from_zero: bool = True
    signed_logarithmic: bool = False
    marks: Marks = field(default_factory=Marks)


@dataclass(frozen=True)
class Named:
    """A curve's name, and where the curve ends."""

    text: str
    at: float
    end: float
    style: dict[str, Any]


def over_time(curves: Sequence[Curve], places: Places, axis: Axis) -> Figure:
    """Means over time with their bands; `places` give each policy its colour, dashes and marker in all figures."""
    height = max(4.3, 0.9 + (len(curves) + 1) * LABEL_GAP / 72)
    with drawing():
        figure = new_figure(height, right=room_for([*(curve.policy for curve in curves), axis.marks.bound_name]))
        axes = figure.subplots()
        if axis.logarithmic:
            axes.set_yscale("log")
        if axis.logarithmic or axis.logarithmic_time:
            axes.set_xscale("log")
        ends = [abs(float(curve.mean[-1])) for curve in curves]
        if axis.signed_logarithmic and spreads(ends):
            signed_logarithmic(axes, "y", ends)
        shade = min(0.16, 0.6 / max(1, len(curves)))
        named = [_draw(axes, curve, places[curve.policy], axis.logarithmic, shade) for curve in curves]
        bound = _bound(axes, curves, axis)
        _axes(axes, axis, curves)
        _marks(axes, axis.marks)
        name_curves(figure, axes, [each for each in (*named, bound) if each is not None])
        return figure


def room_for(names: Sequence[str]) -> float:
    """Inches right of the axes that curves' names need."""
    return LEADER + 0.15 + max((text_width(label(name)) for name in names), default=0.0)


def _draw(axes: Axes, curve: Curve, index: int, logarithmic: bool, shade: float) -> Named | None:
    style = series(index)
    shown = np.isfinite(curve.mean) & ((curve.mean > 0) & (curve.at > 0) if logarithmic else True)
    if not shown.any():
        return None
    at, mean = curve.at[shown], curve.mean[shown]
    low = np.maximum(curve.low[shown], mean / 10) if logarithmic else curve.low[shown]
    axes.plot(at, mean, linewidth=1.6, markevery=marked_every(index, len(at)), **style)
    axes.fill_between(at, low, curve.high[shown], color=style["color"], alpha=shade, linewidth=0)
    return Named(label(curve.policy), float(at[-1]), float(mean[-1]), style)


def _bound(axes: Axes, curves: Sequence[Curve], axis: Axis) -> Named | None:
    bound = axis.marks.bound
    if bound is None or not curves:
        return None
    at, shown = curves[0].at, bound > 0
    axes.plot(at[shown], bound[shown], color=INK, linewidth=1.1, linestyle=(0, (1, 2)))
    return Named(axis.marks.bound_name, float(at[-1]), float(bound[-1]), {"color": INK, "linestyle": (0, (1, 2))})


def _axes(axes: Axes, axis: Axis, curves: Sequence[Curve]) -> None:
    axes.set(xlabel=f"time ({axis.time_unit})", ylabel=axis.quantity)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0) if axis.share else FuncFormatter(tick))
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    for one, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if one.get_scale() == "log":
            one.set_minor_formatter(NullFormatter())
            if limits[1] < 300 * limits[0]:  # powers of ten alone would be too few
                one.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.margins(x=0)
    if axis.share:
        axes.set_ylim(-0.02, 1.02)
    elif axis.from_zero and not axis.logarithmic and all(np.nanmin(curve.mean) >= 0 for curve in curves):
        axes.set_ylim(bottom=0)


def _marks(axes: Axes, marks: Marks) -> None:
    for place, at in enumerate(marks.changes):
        axes.axvline(at, color=EDGE, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        if place == 0:
            axes.annotate(
                "world changes",
                xy=(at, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                fontsize=8,
                color=QUIET,
                ha="center",
            )
    for place, (first, last, name) in enumerate(marks.spans):
        axes.axvspan(first, last, color=EDGE, alpha=0.25, linewidth=0, zorder=0)
        axes.axvline(first, color=EDGE, linewidth=0.9, zorder=0)
        axes.annotate(
            name,
            xy=(first, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -9 - 9 * (place % MOST_LINES)),
            textcoords="offset points",
            fontsize=7,
            color=QUIET,
        )
    if 0 < len(marks.refreshes) <= MOST_REFRESHES:
        axes.vlines(marks.refreshes, 0, 0.018, transform=axes.get_xaxis_transform(), color=QUIET, linewidth=0.6)


def name_curves(figure: Figure, axes: Axes, named: Sequence[Named]) -> None:
    """Write each name right of its curve's end, moved up or down where names would overlap; limits must be final."""
    axes.get_ylim()  # settles them
    bottom, top = axes.bbox.y0, axes.bbox.y1
    gap, right = LABEL_GAP * figure.dpi / 72, 1.0 + LEADER * figure.dpi / axes.bbox.width
    ends = [float(axes.transData.transform((each.at, each.end))[1]) for each in named]
    for each, end, place in zip(named, ends, spread(ends, gap, bottom, top), strict=True):
        arrow = {"arrowstyle": "-", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
        axes.annotate(
            each.text,
            xy=(1.0, (end - bottom) / (top - bottom)),
            xytext=(right, (place - bottom) / (top - bottom)),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=INK,
            va="center",
            annotation_clip=False,
            arrowprops={**arrow, "color": each.style["color"], "linestyle": each.style["linestyle"]},
        )


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart, inside [low, high] where they fit, in the order of those wanted, nearest to them.

    Least squares under the gaps: isotonic regression of the positions less their gaps (pool adjacent violators).
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    pools: list[list[float]] = []  # of [mean, number of members]
    for rank, index in enumerate(order):
        pools.append([wanted[index] - rank * gap, 1.0])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (one, n), (other, m) = pools[-2:]
            pools[-2:] = [[(n * one + m * other) / (n + m), n + m]]
    last = high - (len(wanted) - 1) * gap
    level = [min(max(mean, low), last) for mean, members in pools for _ in range(int(members))]
    placed = {index: level[rank] + rank * gap for rank, index in enumerate(order)}
    return [placed[index] for index in range(len(wanted))]
