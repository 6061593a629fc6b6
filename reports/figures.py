"""The figures as SVG text: the same rows give the same bytes.

Policies are named at their curves, not in a legend: up to two dozen curves stay readable and none is covered.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.curves import Curve
from reports.words import number

# Okabe & Ito's palette without yellow: colour-blind readers tell it apart. Further policies repeat it, dashed.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#8A6500", "#000000", "#7A4FBF")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
LOG_FROM_RATIO = 12.0  # between the largest and the smallest positive final regret
LABEL_GAP = 12.5  # points between two names
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": "#333333",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
}


def style(index: int) -> tuple[str, Any]:
    """Colour and dashes of the `index`-th policy."""
    return COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]


def regret_curves(curves: Sequence[Curve], *, time_unit: str, regret_unit: str) -> str:
    """Mean cumulative regret over time with 95 % bands; logarithmic where linear axes would hide most curves."""
    height = max(4.3, 0.9 + len(curves) * LABEL_GAP / 72)
    with rc_context({**_STYLE, "svg.hashsalt": "regret-curves"}):
        figure = Figure(figsize=(8.6, height), layout="constrained")
        axes = figure.subplots()
        logarithmic = _spreads([float(curve.mean[-1]) for curve in curves])
        if logarithmic:
            axes.set_yscale("log")
            axes.set_xscale("log")
        for index, curve in enumerate(curves):
            _draw_curve(axes, curve, index, logarithmic, shade=min(0.13, 0.5 / len(curves)))
        _label_axes(axes, time_unit, regret_unit)
        _name_curves(figure, axes, [curve for curve in curves if not logarithmic or curve.mean[-1] > 0], curves)
        return _svg(figure)


def regret_ranges(rows: Sequence[dict[str, Any]], order: Sequence[str], *, regret_unit: str) -> str:
    """Where replications end: from q05 to q95 (thin), q25 to q75 (thick), the median (bar), the mean (dot).

    `rows` are those of the summary, best first; `order` gives each policy's colour as in the curves.
    """
    with rc_context({**_STYLE, "svg.hashsalt": "regret-ranges"}):
        figure = Figure(figsize=(8.6, 0.9 + 0.27 * len(rows)), layout="constrained")
        axes = figure.subplots()
        if _spreads([row["q50"] for row in rows]):
            rows = [row for row in rows if row["q95"] > 0]
            axes.set_xscale("symlog", linthresh=_linear_below(rows))
        for place, row in enumerate(rows):
            _draw_range(axes, len(rows) - 1 - place, row, style(order.index(row["policy"]))[0])
        axes.set_yticks(range(len(rows)), [row["policy"] for row in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel(f"regret of a replication at the end ({regret_unit})")
        axes.xaxis.set_major_formatter(FuncFormatter(_tick))
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        return _svg(figure)


def _tick(value: float, _place: int) -> str:
    text = number(value, 3)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _spreads(finals: Sequence[float]) -> bool:
    positive = [value for value in finals if value > 0]
    return len(positive) > 1 and max(positive) > LOG_FROM_RATIO * min(positive)


def _linear_below(rows: Sequence[dict[str, Any]]) -> float:
    smallest = min((row[key] for row in rows for key in ("q05", "q25", "q50") if row[key] > 0), default=1.0)
    return float(10.0 ** np.floor(np.log10(smallest)))


def _draw_curve(axes: Axes, curve: Curve, index: int, logarithmic: bool, *, shade: float) -> None:
    colour, dashes = style(index)
    shown = curve.mean > 0 if logarithmic else np.ones(len(curve.at), dtype=bool)
    floor = curve.mean / 10 if logarithmic else curve.low
    axes.plot(curve.at[shown], curve.mean[shown], color=colour, linestyle=dashes, linewidth=1.6)
    low, high = np.maximum(curve.low, floor)[shown], curve.high[shown]
    axes.fill_between(curve.at[shown], low, high, color=colour, alpha=shade, linewidth=0)


def _label_axes(axes: Axes, time_unit: str, regret_unit: str) -> None:
    axes.set_xlabel(time_unit)
    axes.set_ylabel(f"mean cumulative regret ({regret_unit})")
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.margins(x=0)
    if axes.get_yscale() == "linear":
        axes.set_ylim(bottom=0)


def _name_curves(figure: Figure, axes: Axes, named: Sequence[Curve], all_curves: Sequence[Curve]) -> None:
    """Write each policy's name right of its curve's end, moved up or down where names would overlap."""
    figure.draw_without_rendering()  # so that positions are final
    bottom, top = axes.bbox.y0, axes.bbox.y1
    ends = [float(axes.transData.transform((curve.at[-1], curve.mean[-1]))[1]) for curve in named]
    pixels = figure.dpi / 72
    for curve, end, place in zip(named, ends, spread(ends, LABEL_GAP * pixels, bottom, top), strict=True):
        colour, _ = style(all_curves.index(curve))
        axes.annotate(
            curve.policy,
            xy=(1.0, (end - bottom) / (top - bottom)),
            xytext=(1.05, (place - bottom) / (top - bottom)),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colour,
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.7,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
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


def _draw_range(axes: Axes, y: int, row: dict[str, Any], colour: str) -> None:
    axes.plot([row["q05"], row["q95"]], [y, y], color=colour, linewidth=1.2, solid_capstyle="butt")
    axes.plot([row["q25"], row["q75"]], [y, y], color=colour, linewidth=5, alpha=0.45, solid_capstyle="butt")
    axes.plot([row["q50"]], [y], color=colour, marker="|", markersize=9, markeredgewidth=1.6)
    axes.plot([row["mean_regret"]], [y], color=colour, marker="o", markersize=4.2)


def _svg(figure: Figure) -> str:
    """The figure as an `<svg>` element, without the XML preamble, dates or program versions."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace("\r\n", "\n")
