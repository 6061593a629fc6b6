"""When linear axes would hide the smaller values, and where signed logarithmic ones begin to be linear."""

import math
from collections.abc import Iterable
from typing import Any, Literal

from matplotlib.axes import Axes

from reports.figures.style import EDGE, QUIET

LOG_FROM_RATIO = 12.0  # between the largest and the smallest positive value


def spreads(values: Iterable[float]) -> bool:
    """Whether linear axes would hide the smaller of these values."""
    positive = [value for value in values if value > 0]
    return len(positive) > 1 and max(positive) > LOG_FROM_RATIO * min(positive)


def linear_below(values: Iterable[float]) -> float:
    """A power of ten at or below the smallest positive value, at most three decades below the largest; 1 for none."""
    positive = [value for value in values if value > 0]
    if not positive:
        return 1.0
    return 10.0 ** math.floor(max(math.log10(min(positive)), math.log10(max(positive)) - 3))


def signed_logarithmic(axes: Axes, which: Literal["x", "y"], values: Iterable[float]) -> None:
    """Make an axis logarithmic on both sides of a linear part around 0, which is shaded and named."""
    limit = linear_below(values)
    place: dict[str, Any] = {"fontsize": 7, "color": QUIET, "textcoords": "offset points"}
    if which == "x":
        axes.set_xscale("symlog", linthresh=limit)
        axes.axvspan(-limit, limit, color=EDGE, alpha=0.12, linewidth=0, zorder=0)
        axes.annotate("linear", (0.0, 1.0), (0, 2), xycoords=("data", "axes fraction"), ha="center", **place)
    else:
        axes.set_yscale("symlog", linthresh=limit)
        axes.axhspan(-limit, limit, color=EDGE, alpha=0.12, linewidth=0, zorder=0)
        axes.annotate("linear", (0.0, 0.0), (3, 0), xycoords=("axes fraction", "data"), va="center", **place)
