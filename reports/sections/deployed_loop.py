"""What the owners of a deployed loop ask: exploration, reach, prices, the table's errors, and what incidents cost."""

from typing import Any

import numpy as np
import polars as pl

from reports.cells import estimate_cell
from reports.content import Cell, Content, FigureBlock, Paragraph, Section, TableBlock, absent
from reports.estimators.intervals import Estimate, Floats, mean_interval
from reports.figures.dots import Dots, dots
from reports.figures.over_time import Axis, over_time
from reports.folding import alike, folded
from reports.formatting import interval, number, percent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.sections.regret import incident_spans
from reports.tables.currencies import CURRENCIES, missed
from reports.tables.curves import Curve
from reports.tables.rows import by_policy, column

TITLE = "The deployed loop"
SHARES = {
    "explored_share": "sends that explore",
    "cold_share": "sends of cold captions",
    "top_decile_share": "priced sends in the top decile",
    "interval_coverage": "coverage of stored intervals",
    "captured_share": "revenue captured, within constraints",
    "captured_share_free": "revenue captured, without constraints",
}
NUMBERS = {
    "unfilled": "unfilled slots",
    "late_purchases": "purchases that came too late",
    "distinct_captions": "captions per week and page",
    "mean_price": "mean price sent ($)",
    "recount_factor": "recount factor",
    "top_decile_day": "day of 90 % in the top decile",
}
LOST = ("unfilled", "late_purchases")
PANELS = {
    "interval_coverage": "coverage of intervals",
    "recount_factor": "recount factor",
    "captured_share": "captured, constrained",
    "captured_share_free": "captured, free",
}
WEEKLY = {
    "explored_share": ("loop_exploration", "share of sends that explore", True),
    "cold_share": ("loop_cold", "share of sends of cold captions", True),
    "distinct_captions": ("loop_distinct_captions", "distinct captions per week and page", False),
    "top_decile_share": ("loop_top_decile", "share of priced sends in the top decile", True),
    "mean_price": ("loop_mean_price", "mean price of what is sent (US dollars)", False),
}
READING = (
    "A send explores when its caption has fewer than 10 observations in the table, or a stored interval wider than "
    "0.3; the owners' target is 15 to 25 %. A caption is cold in its first 10 sends. The top decile is a page's and "
    "tier's best tenth at the start. Coverage compares the stored 95 % interval of each row with the chance that a "
    "message of its caption succeeds now. Revenue captured is revenue divided by revenue plus what a clairvoyant would "
    "have earned more, within the same cool-down and budgets, and without them."
)


def deployed_loop(data: ReportInput) -> Section:
    """Shares, numbers, four currencies, weeks and incidents."""
    rows = by_policy(data.run.replications)
    if "unfilled" not in data.run.replications.columns or data.run.replications["unfilled"].null_count():
        return absent("loop", TITLE, f"A {data.scenario.world.kind} world has no update job, bank and log around it.")
    shares = _table("Shares, mean over replications and 95 % interval", SHARES, rows, data, share=True)
    numbers = _table("Per replication, mean and 95 % interval", NUMBERS, rows, data, share=False)
    content: list[Content] = [Paragraph(READING), shares, numbers, *_lost(rows, data), _panels(rows, data)]
    return Section("loop", TITLE, [*content, *_currencies(rows, data), *_weekly(data), *_incidents(data)])


def _table(
    caption: str, columns: dict[str, str], rows: dict[str, pl.DataFrame], data: ReportInput, *, share: bool
) -> TableBlock:
    lines = [[Cell(name), *(_cell(column(rows[name], each), share=share) for each in columns)] for name in data.ranked]
    return TableBlock(caption, ["policy", *columns.values()], lines, emphasised=data.leader)


def _cell(values: Floats, *, share: bool) -> Cell:
    """Mean and interval of the replications that have the value; a dash where none has."""
    estimate = _known_mean(values)
    if estimate is None:
        return Cell("–")
    return estimate_cell(estimate, share=share)


def _known_mean(values: Floats) -> Estimate | None:
    """Mean and interval of the replications that have the value; NaN is NULL."""
    known = values[~np.isnan(values)]
    return mean_interval(known) if len(known) else None


def _panels(rows: dict[str, pl.DataFrame], data: ReportInput) -> FigureBlock:
    """What the table gets wrong, and how much of the possible revenue is captured."""
    quantities = [
        Dots(name, [_known_mean(column(rows[policy], each)) for policy in data.ranked], share=each in SHARES)
        for each, name in PANELS.items()
    ]
    caption = "Mean over replications (dot) and 95 % interval (line); revenue captured within and without constraints."
    title = "Coverage, recounting and revenue captured, each policy"
    return FigureBlock("loop_table_and_revenue", title, caption, dots(data.ranked, quantities, data.places))


def _lost(rows: dict[str, pl.DataFrame], data: ReportInput) -> list[FigureBlock]:
    """Slots that stay empty and purchases that no load shows, as far as there are any."""
    quantities = [
        Dots(NUMBERS[each], [_known_mean(column(rows[policy], each)) for policy in data.ranked])
        for each in LOST
        if any(column(own, each).any() for own in rows.values())
    ]
    if not quantities:
        return []
    caption = (
        "Per replication, mean (dot) and 95 % interval (line). A slot is unfilled where no caption can be selected for "
        "it; a purchase comes too late where the counts of its message are frozen, and no policy learns of it."
    )
    title = "Unfilled slots and late purchases, each policy"
    return [FigureBlock("loop_lost", title, caption, dots(data.ranked, quantities, data.places))]


def _currencies(rows: dict[str, pl.DataFrame], data: ReportInput) -> list[Content]:
    """What an oracle earns more, in each currency: a policy can win one and lose another."""
    oracle = next((name for name in data.ranked if name in data.oracles), None)
    if oracle is None:
        return [Paragraph("Regret in labels, purchases, EMV and dollars needs an oracle among the policies.", "note")]
    others = [name for name in data.ranked if name != oracle]
    if not others:
        return []
    found = {each: [missed(rows[oracle], rows[name], each) for name in others] for each in CURRENCIES}
    lines = [[Cell(name), *(estimate_cell(found[each][i]) for each in CURRENCIES)] for i, name in enumerate(others)]
    caption = f"What {oracle} earns more per replication, paired, with 95 % interval: regret in four currencies"
    table = TableBlock(caption, ["policy", *CURRENCIES.values()], lines, emphasised=data.leader)
    figure = dots(others, [Dots(CURRENCIES[each], found[each]) for each in CURRENCIES], data.places)
    return [table, FigureBlock("loop_currencies", "Regret in four currencies, each policy", f"{caption}.", figure)]


def _weekly(data: ReportInput) -> list[Content]:
    frame = data.table("weeks")
    if frame is None:
        return []
    return [_over_weeks(frame, name, data) for name in WEEKLY if frame[name].null_count() < len(frame)]


def _over_weeks(frame: pl.DataFrame, name: str, data: ReportInput) -> FigureBlock:
    key, quantity, share = WEEKLY[name]
    curves = []
    for policy in data.order:
        own = frame.filter(pl.col("policy") == policy).sort("week")
        values = column(own, name)
        curves.append(Curve(policy, 7.0 * column(own, "week"), values, values, values))
    axis = Axis("days", quantity, share=share, marks=incident_spans(data))
    figure = FigureBlock(
        key, f"{quantity[0].upper()}{quantity[1:]} by week, each policy",
        "Per week, all pages and replications together.", over_time(curves, data.places, axis),
    )  # fmt: skip
    return folded(figure, alike(curves, quantity, share=share))


def _incidents(data: ReportInput) -> list[Content]:
    """What each incident cost, where the runs without it were made."""
    listed = getattr(data.scenario, "incidents", ())
    if not listed:
        return []
    costs = data.table("incidents")
    if costs is None:
        text = f"To see what each incident cost, run `python -m sim incidents {data.scenario.name}`."
        return [Paragraph(text, "note")]
    header = ["incident", "policy", "cost ($ per replication)", "95 % interval", "of revenue"]
    caption = "Revenue of the same run without the incident minus that with it, paired by replication"
    return [TableBlock(caption, header, [_incident_row(row) for row in costs.to_dicts()])]


def _incident_row(row: dict[str, Any]) -> list[Cell]:
    return [
        Cell(f"{row['incident']}. {row['kind']}, from day {number(row['from'])}"),
        Cell(row["policy"]),
        Cell(number(row["cost_usd"]), row["cost_usd"]),
        Cell(interval(row["ci_low"], row["ci_high"]), row["ci_low"]),
        Cell(percent(row["cost_share"]), row["cost_share"]),
    ]


FIGURES = ("loop_lost", "loop_table_and_revenue", "loop_currencies", *(key for key, _, _ in WEEKLY.values()))
SECTION = ReportSection(order=65, build=deployed_loop, figures=FIGURES)
