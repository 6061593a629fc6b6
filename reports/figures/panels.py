"""A panel for each policy: where sends went, and revenue by tier."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.estimators.intervals import Floats
from reports.figures.style import COLOURS, PANEL, QUIET, drawing, label, new_figure, tick

COLUMNS = 3
_SHADE = (0.16, 0.51, 0.78)  # reads on light and on dark, more opaque where more was sent
_HATCHES = ("", "///", "---", "\\\\\\")  # lines: dots make large files


@dataclass(frozen=True)
class Shares:
    """Shares (bins, points) of one policy's sends, of the interval that ends at each of `at`."""

    policy: str
    at: Floats
    shares: Floats


@dataclass(frozen=True)
class Layers:
    """Amounts (tiers, points) of one policy, cumulative over `at`."""

    policy: str
    at: Floats
    amounts: Floats


def heat_maps(maps: Sequence[Shares], bins: Sequence[str], *, time_unit: str) -> Figure:
    """Share of sends by true rank of the caption over time; opacity is the square root of the share."""
    with drawing():
        figure, grid = panels(len(maps), 0.4 + 0.1 * len(bins), top=0.75)
        for place, (axes, each) in enumerate(zip(grid, maps, strict=False)):
            _heat(axes, each, bins, named=place % COLUMNS == 0)
        _scale(figure)
        figure.supxlabel(f"time ({time_unit}), evenly by point recorded", fontsize=9.5)
        figure.supylabel("true rank of the caption", fontsize=9.5)
        return figure


def _heat(axes: Axes, each: Shares, bins: Sequence[str], *, named: bool) -> None:
    opacity = np.sqrt(np.clip(each.shares, 0.0, 1.0))
    pixels = np.empty((*opacity.shape, 4))
    pixels[...] = (*_SHADE, 0.0)
    pixels[..., 3] = opacity
    axes.imshow(pixels, aspect="auto", interpolation="nearest", extent=(0, len(each.at), len(bins), 0))
    axes.set_title(label(each.policy, 26), loc="left")
    axes.set_yticks(np.arange(len(bins)) + 0.5, bins if named else [], fontsize=7)
    places = np.unique(np.linspace(0, len(each.at) - 1, 4).round().astype(int))
    axes.set_xticks(places + 0.5, [tick(float(each.at[i])) for i in places])
    axes.grid(visible=False)


def _scale(figure: Figure) -> None:
    """A scale of five shares instead of a colour bar, which could not be see-through."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - slow to import, used once

    patches = [
        Patch(facecolor=(*_SHADE, math.sqrt(share)), edgecolor=QUIET, linewidth=0.4, label=f"{100 * share:g} %")
        for share in (0.0, 0.05, 0.25, 0.5, 1.0)
    ]
    figure.legend(handles=patches, loc="upper right", ncols=5, frameon=False, title="share of sends", fontsize=8)


def stacked(layers: Sequence[Layers], tiers: Sequence[str], *, time_unit: str, quantity: str) -> Figure:
    """Cumulative amounts by tier, stacked; colour and hatching tell the tiers apart."""
    with drawing():
        figure, grid = panels(len(layers), 1.55, share=True, top=0.6)
        for axes, each in zip(grid, layers, strict=False):
            _stack(axes, each, tiers)
        handles, names = grid[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="upper right", ncols=len(tiers), frameon=False)
        figure.supxlabel(f"time ({time_unit})", fontsize=9.5)
        figure.supylabel(quantity, fontsize=9.5)
        return figure


def _stack(axes: Axes, each: Layers, tiers: Sequence[str]) -> None:
    base = np.zeros(len(each.at))
    for place, (tier, amount) in enumerate(zip(tiers, each.amounts, strict=True)):
        colour = COLOURS[place % len(COLOURS)]
        axes.fill_between(
            each.at,
            base,
            base + amount,
            facecolor=colour,
            edgecolor=PANEL,
            linewidth=0.4,
            hatch=_HATCHES[place % len(_HATCHES)],
            label=tier,
        )
        base = base + amount
    axes.set_title(label(each.policy, 26), loc="left")
    axes.margins(x=0)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))


def panels(count: int, height: float, *, share: bool = False, top: float = 0.3) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, each so many inches high, title included; `share`: the same axes everywhere."""
    rows, gap = math.ceil(count / COLUMNS), 0.5
    inches = top + height * rows + gap * (rows - 1) + 0.6
    # Shared axes carry amounts, of which "1,000,000" must fit beside the name of the axis.
    figure = new_figure(inches, left=1.2 if share else 0.85, right=0.35, top=top, bottom=0.6)
    spaces = {"hspace": gap / max(0.1, height), "wspace": 0.12 if share else 0.3}
    grid = figure.subplots(rows, COLUMNS, sharex=share, sharey=share, squeeze=False, gridspec_kw=spaces).ravel()
    for axes in grid[count:]:
        axes.set_visible(False)
    for axes in grid[max(0, count - COLUMNS) : count] if share else ():
        axes.tick_params(labelbottom=True)
    return figure, list(grid)
