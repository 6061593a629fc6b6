"""A quantity by bin of captions, a curve for each policy, named at its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from reports.estimators.intervals import Floats
from reports.figures.over_time import LABEL_GAP, Named, name_curves, room_for
from reports.figures.places import Places
from reports.figures.style import EDGE, drawing, label, new_figure, series, tick


@dataclass(frozen=True)
class Binned:
    """Values of one policy, NaN where a bin has no captions."""

    policy: str
    values: Floats


def by_bin(
    rows: Sequence[Binned],
    bins: Sequence[str],
    places: Places,
    *,
    across: str,
    quantity: str,
    target: float,
    share: bool = False,
) -> Figure:
    """One curve a policy over the bins; the dashed line is where an unbiased, well covered estimate would lie."""
    with drawing():
        height = max(3.6, 0.9 + len(rows) * LABEL_GAP / 72)
        figure = new_figure(height, right=room_for([row.policy for row in rows]))
        axes = figure.subplots()
        axes.axhline(target, color=EDGE, linewidth=1.1, linestyle=(0, (4, 3)))
        named = []
        for row in rows:
            style = series(places[row.policy])
            known = np.flatnonzero(np.isfinite(row.values))
            if len(known):
                axes.plot(known, row.values[known], linewidth=1.4, **style)
                named.append(Named(label(row.policy), float(known[-1]), float(row.values[known[-1]]), style))
        axes.set_xticks(range(len(bins)), bins)
        axes.set_xlim(-0.2, len(bins) - 0.8)
        axes.set_xlabel(across)
        axes.set_ylabel(quantity)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0) if share else FuncFormatter(tick))
        if share:
            axes.set_ylim(-0.02, 1.02)
        name_curves(figure, axes, named)
        return figure
