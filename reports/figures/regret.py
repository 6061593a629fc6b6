"""Regret: its tail over time, and where replications end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from reports.figures.panels import panels
from reports.figures.places import Places
from reports.figures.rows import draw_interval, figure_of_rows
from reports.figures.scale import signed_logarithmic, spreads
from reports.figures.style import INK, drawing, label, series, tick
from reports.tables.curves import Tail


def regret_tails(tails: Sequence[Tail], places: Places, *, time_unit: str, regret_unit: str) -> Figure:
    """One panel per policy: median, q05 to q95 shaded, and the worst replications as thin lines; axes are shared."""
    with drawing():
        figure, grid = panels(len(tails), 1.55, share=True)
        logarithmic = spreads([float(tail.q95[-1]) for tail in tails])
        for axes, tail in zip(grid, tails, strict=False):
            _draw_tail(axes, tail, places[tail.policy], logarithmic)
        figure.supxlabel(f"time ({time_unit})", fontsize=9.5)
        figure.supylabel(f"cumulative regret ({regret_unit})", fontsize=9.5)
        return figure


def _draw_tail(axes: Axes, tail: Tail, index: int, logarithmic: bool) -> None:
    colour = series(index)["color"]
    axes.set_title(label(tail.policy, 26), loc="left")
    axes.margins(x=0)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))
    if not (tail.worst > 0).any():
        axes.text(0.5, 0.5, "regret 0 throughout", transform=axes.transAxes, ha="center", color=INK)
        return
    median, q05, q95, worst = (_positive(x, logarithmic) for x in (tail.median, tail.q05, tail.q95, tail.worst))
    floor = np.fmax(q05, np.nanmin(q95) if logarithmic else -np.inf)
    axes.fill_between(tail.at, floor, q95, color=colour, alpha=0.25, linewidth=0)
    for line in worst:
        axes.plot(tail.at, line, color=colour, linewidth=0.6, alpha=0.75)
    axes.plot(tail.at, median, color=colour, linewidth=1.8)


def _positive(values: Any, logarithmic: bool) -> Any:
    return np.where(values > 0, values, np.nan) if logarithmic else values


def regret_ranges(rows: Sequence[dict[str, Any]], places: Places, *, regret_unit: str) -> Figure:
    """Where replications end: from q05 to q95 (thin), q25 to q75 (thick), the median (bar), the mean (dot).

    `rows` are those of the summary, best first; `places` give each policy's colour as in the curves.
    """
    with drawing():
        names, quantity = [row["policy"] for row in rows], f"regret per replication at the end ({regret_unit})"
        figure, axes = figure_of_rows(names, quantity, row=0.27, rest=0.9)
        if spreads([row["q50"] for row in rows]):
            signed_logarithmic(axes, "x", [row[key] for row in rows for key in ("q05", "q25", "q50")])
        for place, row in enumerate(rows):
            _draw_range(axes, len(rows) - 1 - place, row, series(places[row["policy"]])["color"])
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        return figure


def _draw_range(axes: Axes, y: int, row: dict[str, Any], colour: str) -> None:
    draw_interval(axes, y, (row["q05"], row["q95"]), colour, 1.2)
    axes.plot([row["q25"], row["q75"]], [y, y], color=colour, linewidth=5, alpha=0.45, solid_capstyle="butt")
    axes.plot([row["q50"]], [y], color=colour, marker="|", markersize=9, markeredgewidth=1.6)
    axes.plot([row["mean_regret"]], [y], color=colour, marker="o", markersize=4.2)
