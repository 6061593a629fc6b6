"""Regret over time and at the end."""

from dataclasses import replace

import numpy as np

from reports.content import Content, FigureBlock, Paragraph, Section
from reports.estimators.intervals import Floats
from reports.estimators.lai_robbins import lai_robbins_constant
from reports.figures.over_time import MOST_REFRESHES, Axis, Marks, over_time
from reports.figures.regret import regret_ranges, regret_tails
from reports.formatting import number
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.tables.curves import Curve, regret_over_time

BOUND = "Lai–Robbins bound"
MOST_CHANGES = 50  # drawn

PSEUDO = (
    "This is pseudo-regret: each choice against the best among the captions that the policy itself still had at that "
    "moment. A policy that wears out its good captions is forgiven, so pseudo-regret explains and does not decide. "
    "What a policy earns less than the oracle, replication by replication, is its shortfall: see Gains and risks."
)


def regret(data: ReportInput) -> Section:
    """Mean with band on linear and logarithmic axes, the tail, and where replications end."""
    both = list(regret_over_time(data.run.path / "curves.parquet", data.order))
    curves, tails = [curve for curve, _ in both], [tail for _, tail in both]
    unit, time_unit = data.reward_unit, data.scenario.horizon.unit
    happened = marks(data, curves[0].at)
    content: list[Content] = [
        FigureBlock(
            "regret_curves",
            "Mean cumulative regret of each policy over time, linear axes",
            "Mean over replications; bands are pointwise 95 % intervals (Student's t)." + _seen(data, happened),
            over_time(curves, data.places, Axis(time_unit, f"mean cumulative regret ({unit})", marks=happened)),
        ),
        *_logarithmic(curves, data, happened),
        FigureBlock(
            "regret_tails",
            "Spread of cumulative regret over replications, a panel for each policy",
            "Thick line: median. Shade: q05 to q95. Thin lines: the five replications that end worst. All panels "
            "share their axes.",
            regret_tails(tails, data.places, time_unit=time_unit, regret_unit=unit),
        ),
        FigureBlock(
            "regret_ranges",
            "Distribution of the final regret of each policy",
            "Thin line: q05 to q95. Thick line: the middle half. Bar: median. Dot: mean.",
            regret_ranges(data.summary, data.places, regret_unit=unit),
        ),
    ]
    if data.money:
        content.insert(0, Paragraph(PSEUDO, "note"))
    return Section("regret", "Regret over time", content)


def _logarithmic(curves: list[Curve], data: ReportInput, happened: Marks) -> list[Content]:
    if not any((curve.mean > 0).any() for curve in curves):
        return [Paragraph("No policy has any regret: there is nothing to draw on logarithmic axes.", "note")]
    axis = Axis(data.scenario.horizon.unit, f"mean cumulative regret ({data.reward_unit})", True, marks=happened)
    zero = [curve.policy for curve in curves if not curve.mean[-1] > 0]
    return [
        FigureBlock(
            "regret_curves_log",
            "Mean cumulative regret of each policy over time, logarithmic axes",
            "The same on logarithmic axes, where small regret shows."
            + (f" Regret 0 cannot be drawn on them: {', '.join(zero)}." if zero else ""),
            over_time(curves, data.places, axis),
        )
    ]


def incident_spans(data: ReportInput) -> Marks:
    """The scenario's incidents, each from its first day to its last."""
    length = data.scenario.horizon.length
    return Marks(
        spans=[
            (one.first, min(length, one.first + one.days) if one.days is not None else length, one.kind)
            for one in getattr(data.scenario, "incidents", ())
            if one.first < length
        ]
    )


def marks(data: ReportInput, at: Floats) -> Marks:
    """Incidents, changes of the world, refreshes, and the Lai–Robbins bound where rates are fixed."""
    world, length = data.scenario.world, data.scenario.horizon.length
    means, period = world.fixed_means, data.scenario.feedback.refresh_period
    bound = None if means is None else lai_robbins_constant(means) * np.log(np.maximum(at, 1.0))
    return replace(
        incident_spans(data),
        changes=world.change_times[:MOST_CHANGES],
        refreshes=_every(period, length),
        bound=bound,
        bound_name=BOUND if bound is not None else "",
    )


def _every(step: float | None, length: float) -> tuple[float, ...]:
    if step is None or length / step > MOST_REFRESHES:
        return ()
    return tuple(float(at) for at in np.arange(1, int(length / step) + 1) * step)


def _seen(data: ReportInput, happened: Marks) -> str:
    said = ""
    if happened.changes:
        said += " Dashed: the true rates change."
    if happened.refreshes:
        said += " Ticks inside the time axis: refreshes of the statistics that policies see."
    elif (period := data.scenario.feedback.refresh_period) is not None:
        said += f" Refreshes every {number(period)} {data.scenario.horizon.unit} are too many to mark."
    if happened.bound is not None:
        said += (
            " Dotted: the lower bound of Lai & Robbins (1985); a policy that is sound whatever the rates are stays "
            "above it in the long run; at a finite time it can be crossed."
        )
    return said


SECTION = ReportSection(
    order=30, build=regret, figures=("regret_curves", "regret_curves_log", "regret_tails", "regret_ranges")
)
