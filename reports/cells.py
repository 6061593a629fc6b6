"""Cells of estimates: each shows numbers, and is sorted by the estimate or by the lower limit."""

from reports.content import Cell
from reports.estimators.intervals import Estimate
from reports.formatting import interval, number, percent, percent_interval


def interval_cell(estimate: Estimate) -> Cell:
    """The interval alone."""
    return Cell(interval(estimate.low, estimate.high), estimate.low)


def estimate_cells(estimate: Estimate) -> list[Cell]:
    """The estimate, and its interval beside it."""
    return [Cell(number(estimate.value), estimate.value), interval_cell(estimate)]


def share_cells(share: Estimate) -> list[Cell]:
    """A share in percent, and its interval beside it."""
    return [Cell(percent(share.value), share.value), Cell(percent_interval(share.low, share.high), share.low)]


def estimate_cell(estimate: Estimate, *, share: bool = False) -> Cell:
    """The estimate and its interval in one cell; `share`: in percent."""
    if share:
        return Cell(f"{percent(estimate.value)} ({percent_interval(estimate.low, estimate.high)})", estimate.value)
    return Cell(f"{number(estimate.value)} {interval(estimate.low, estimate.high)}", estimate.value)
