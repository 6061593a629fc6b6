"""Which figures a report folds: those in which all policies look alike, with the sentence that says so."""

from collections.abc import Sequence

import numpy as np

from reports.content import FigureBlock
from reports.formatting import number, percent
from reports.tables.curves import Curve

CLOSE = 0.02  # shares that differ by less look alike in a figure from 0 to 1
CLOSE_RATIO = 0.02  # and numbers that differ by less, as a share of the largest


def alike(curves: Sequence[Curve], quantity: str, *, share: bool) -> str:
    """The sentence for curves that lie on top of each other at every point; empty where a figure tells them apart."""
    values = np.array([curve.mean for curve in curves])
    values = values[:, np.isfinite(values).any(axis=0)]
    if len(curves) < 2 or not values.size:
        return ""
    known = values[np.isfinite(values)]
    apart = float(np.nanmax(np.nanmax(values, axis=0) - np.nanmin(values, axis=0)))
    if apart > (CLOSE if share else CLOSE_RATIO * float(np.abs(known).max())):
        return ""
    low, high = (percent(each) if share else number(each, 3) for each in (float(known.min()), float(known.max())))
    between = low if low == high else f"{low} to {high}"
    return f"No policy stands out here: {quantity} is {between} under all of them, at all times."


def folded(figure: FigureBlock, why: str) -> FigureBlock:
    """The figure, folded where there is a reason."""
    return FigureBlock(figure.name, figure.alt, figure.caption, figure.figure, why) if why else figure
