"""Regret over time and at the end."""

import numpy as np

from reports.blocks import Block, Picture, Section, Text
from reports.estimators.intervals import Floats
from reports.estimators.lai_robbins import lai_robbins_constant
from reports.figures.over_time import MOST_REFRESHES, Axis, Marks, over_time
from reports.figures.regret import regret_ranges, regret_tails
from reports.formatting import number
from reports.report_input import View
from reports.tables.curves import Curve, regret_over_time

BOUND = "Lai–Robbins bound"
MOST_CHANGES = 50  # drawn


def regret(view: View) -> Section:
    """Mean with band on linear and logarithmic axes, the tail, and where replications end."""
    both = list(regret_over_time(view.run.path / "curves.parquet", view.order))
    curves, tails = [curve for curve, _ in both], [tail for _, tail in both]
    unit, time_unit = view.reward_unit, view.scenario.horizon.unit
    happened = marks(view, curves[0].at)
    blocks: list[Block] = [
        Picture(
            "regret_curves",
            "Mean cumulative regret of each policy over time, linear axes",
            "Mean over replications; bands are pointwise 95 % intervals (Student's t)." + _seen(view, happened),
            over_time(curves, view.order, Axis(time_unit, f"mean cumulative regret ({unit})", marks=happened)),
        ),
        *_logarithmic(curves, view, happened),
        Picture(
            "regret_tails",
            "Spread of cumulative regret over replications, a panel for each policy",
            "Thick line: median. Shade: q05 to q95. Thin lines: the five replications that end worst. All panels "
            "share their axes.",
            regret_tails(tails, view.order, time_unit=time_unit, regret_unit=unit),
        ),
        Picture(
            "regret_ranges",
            "Distribution of the final regret of each policy",
            "Thin line: q05 to q95. Thick line: the middle half. Bar: median. Dot: mean.",
            regret_ranges(view.summary, view.order, regret_unit=unit),
        ),
    ]
    return Section("regret", "Regret over time", blocks)


def _logarithmic(curves: list[Curve], view: View, happened: Marks) -> list[Block]:
    if not any((curve.mean > 0).any() for curve in curves):
        return [Text("Nobody has any regret: there is nothing to draw on logarithmic axes.", "note")]
    axis = Axis(view.scenario.horizon.unit, f"mean cumulative regret ({view.reward_unit})", True, marks=happened)
    zero = [curve.policy for curve in curves if not curve.mean[-1] > 0]
    return [
        Picture(
            "regret_curves_log",
            "Mean cumulative regret of each policy over time, logarithmic axes",
            "The same on logarithmic axes, where small regret shows."
            + (f" Regret 0 cannot be drawn on them: {', '.join(zero)}." if zero else ""),
            over_time(curves, view.order, axis),
        )
    ]


def marks(view: View, at: Floats) -> Marks:
    """Changes of the world, refreshes, and the Lai–Robbins bound where arms are fixed Bernoulli ones."""
    world, feedback, length = view.scenario.world, view.scenario.feedback, view.scenario.horizon.length
    if world.kind != "bernoulli":
        hours = getattr(feedback, "refresh_hours", 0.0)
        return Marks(refreshes=_every(hours / 24, length))
    changes = [float(change.at) for change in world.changes][:MOST_CHANGES]
    every = float(getattr(feedback, "refresh_every", 1))
    refreshes = _every(every, length) if every > 1 else ()
    if world.means is None or changes or world.churn is not None:
        return Marks(changes, refreshes)
    bound = lai_robbins_constant(world.means) * np.log(np.maximum(at, 1.0))
    return Marks(changes, refreshes, bound, BOUND)


def _every(step: float, length: float) -> tuple[float, ...]:
    if step <= 0 or length / step > MOST_REFRESHES:
        return ()
    return tuple(float(at) for at in np.arange(1, int(length / step) + 1) * step)


def _seen(view: View, happened: Marks) -> str:
    said = ""
    if happened.changes:
        said += " Dashed: the true rates change."
    if happened.refreshes:
        said += " Ticks inside the time axis: refreshes of the statistics that policies see."
    elif view.scenario.world.kind != "bernoulli":
        hours = getattr(view.scenario.feedback, "refresh_hours", 0.0)
        said += f" Refreshes every {number(hours)} hours are too many to mark."
    if happened.bound is not None:
        said += (
            " Dotted: the lower bound of Lai & Robbins (1985); a policy that is sound whatever the rates are stays "
            "above it in the long run; "
            "at a finite time it can be crossed."
        )
    return said
