"""The plots of docs/performance.md, in the style of the reports' figures, for light and dark pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from benchmarks.growth.record import Axis
from benchmarks.growth.workers import IDEAL, ratios
from reports.figures.over_time import Named, name_curves, room_for
from reports.figures.style import EDGE, VARIABLES, drawing, new_figure, series, svg, themed, tick

HEIGHT = 3.9  # inches
ROOM = 1.6  # of the axis, above and below curves on logarithmic axes


@dataclass(frozen=True)
class Curve:
    """A named curve, its values by size."""

    name: str
    values: Mapping[float, float]
    style: int
    """Its colour, dashes and marker: those of a policy are the same in all plots."""


@dataclass(frozen=True)
class Plot:
    """What is drawn of an axis."""

    figure: str
    """The name of the recorded figure."""
    scale: float
    """What it is multiplied by."""
    across: str
    quantity: str
    logarithmic: bool = True


PLOTS = {
    "arms": Plot("ns", 1.0, "arms K", "CPU time per pull (ns)"),
    "pulls": Plot("ns", 1.0, "pulls T per replication", "CPU time per pull (ns)"),
    "replications": Plot("cpu", 1.0, "replications R", "CPU time of a whole run (s)"),
    "pages": Plot("ns", 1e-3, "pages", "CPU time per message (µs)"),
    "captions": Plot("ns", 1e-3, "captions per page", "CPU time per message (µs)"),
    "memory": Plot("peak", 1.0, "times as many replications, or pulls and days", "peak memory (MB)", False),
}
WORKERS = Plot("wall", 1.0, "workers", "throughput against one worker", False)


def draw(recorded: Mapping[str, Axis], folder: Path) -> None:
    """Write a plot of every axis that is recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {name: _plot(plot, _curves(recorded[name], plot)) for name, plot in PLOTS.items() if name in recorded}
    if "workers" in recorded:
        figures["workers"] = _plot(WORKERS, _throughput(recorded["workers"]), ideal=True)
    for name, figure in figures.items():
        (folder / f"{name}.svg").write_text(adaptive(svg(figure, name)), encoding="utf-8", newline="\n")


def adaptive(text: str) -> str:
    """SVG text with the style's light colours, and its dark ones where the reader's page is dark."""
    light, dark = ("".join(f"{each[0]}:{each[tone]};" for each in VARIABLES) for tone in (1, 2))
    style = f"<style>svg{{{light}}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    head, _, rest = themed(text).partition(">")
    return f"{head}>{style}{rest}"


def _curves(axis: Axis, plot: Plot) -> list[Curve]:
    scaled = ({size: plot.scale * y for size, y in axis.series(name, plot.figure).items()} for name in axis.names)
    return [Curve(name, values, place) for place, (name, values) in enumerate(zip(axis.names, scaled, strict=True))]


def _throughput(axis: Axis) -> list[Curve]:
    return [Curve(name, values, place) for place, (name, values) in enumerate(ratios(axis).items())]


def _plot(plot: Plot, curves: Sequence[Curve], *, ideal: bool = False) -> Figure:
    with drawing():
        figure = new_figure(HEIGHT, right=room_for([*(curve.name for curve in curves), IDEAL if ideal else ""]))
        axes = figure.subplots()
        sizes = sorted({size for curve in curves for size in curve.values})
        named = [_line(axes, curve) for curve in curves]
        if ideal:
            axes.plot(sizes, sizes, color=EDGE, linewidth=1.1, linestyle=(0, (4, 3)))
            named.append(Named(IDEAL, sizes[-1], sizes[-1], {"color": EDGE, "linestyle": (0, (4, 3))}))
        _scales(axes, plot, sizes)
        name_curves(figure, axes, named)
        return figure


def _line(axes: Axes, curve: Curve) -> Named:
    style, (at, values) = series(curve.style), zip(*sorted(curve.values.items()), strict=True)
    axes.plot(at, values, linewidth=1.6, clip_on=False, **style)
    return Named(curve.name, at[-1], values[-1], style)


def _scales(axes: Axes, plot: Plot, sizes: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(sizes[0] * 0.95, sizes[-1])
    if plot.logarithmic:
        low, high = axes.dataLim.intervaly
        axes.set_yscale("log")
        axes.set_ylim(low / ROOM, high * ROOM)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300 * low else (1.0,)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=0.0)
    axes.set_xlabel(plot.across)
    axes.set_ylabel(plot.quantity)
    for one in (axes.xaxis, axes.yaxis):
        one.set_major_formatter(FuncFormatter(tick))
