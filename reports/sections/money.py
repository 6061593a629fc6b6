"""Revenue over time by tier, and the difference accumulated."""

import numpy as np
import polars as pl

from reports.cells import estimate_cells
from reports.content import Cell, Content, FigureBlock, Paragraph, Section, TableBlock, absent
from reports.estimators.intervals import mean_interval, paired_difference
from reports.figures.over_time import Axis, over_time
from reports.figures.panels import Layers, stacked
from reports.figures.style import label
from reports.folding import CLOSE, folded
from reports.formatting import percent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.sections.differences import differences_over_time
from reports.sections.regret import incident_spans
from reports.tables.rows import column

TITLE = "Money"


def money(data: ReportInput) -> Section:
    """Dollars per page and month, revenue by tier, and the gain over the baseline over time."""
    if not data.money:
        return absent("money", TITLE, f"A {data.scenario.world.kind} world has no prices: there is no money to count.")
    sweep = (
        "Sensitivity to the price mix needs runs with other prices, and this is one run: it is left out here. "
        "`sweep` runs other prices, and `compare` shows runs side by side."
    )
    return Section("money", TITLE, [_table(data), *_by_tier(data), *_accumulated(data), Paragraph(sweep, "note")])


def _table(data: ReportInput) -> TableBlock:
    base = data.dollars[data.baseline]
    header = ["policy", "$ per page and month", "95 % interval", f"more than {data.baseline}", "95 % interval"]
    rows = []
    for name in data.ranked:
        own, more = mean_interval(data.dollars[name]), paired_difference(data.dollars[name], base).estimate
        against = estimate_cells(more) if name != data.baseline else [Cell("–")] * 2
        rows.append([Cell(name), *estimate_cells(own), *against])
    return TableBlock(
        "Revenue in US dollars per page and month; differences are paired by replication",
        header,
        rows,
        emphasised=data.leader,
    )


def _by_tier(data: ReportInput) -> list[Content]:
    frame = data.table("revenue")
    if frame is None:
        return [Paragraph("This run recorded no revenue by tier: there is no revenue.parquet.", "note")]
    tiers = frame["tier"].unique(maintain_order=True).to_list()
    layers = [_layers(frame.filter(pl.col("policy") == name), name, tiers) for name in data.ranked]
    figure = FigureBlock(
        "revenue_by_tier",
        "Cumulative revenue by price tier over time, a panel for each policy",
        "Mean over replications, all pages together, stacked by price tier of the caption.",
        stacked(layers, tiers, time_unit="days", quantity="cumulative revenue (US dollars)"),
    )
    return [folded(figure, _same_mix(layers, tiers))]


def _same_mix(layers: list[Layers], tiers: list[str]) -> str:
    """The sentence for policies whose revenue comes from the tiers in the same shares; empty where it does not."""
    sold = [layer.amounts[:, -1] for layer in layers]
    mixes = np.array([each / each.sum() for each in sold if each.sum() > 0.0])
    if len(mixes) < 2 or float(np.ptp(mixes, axis=0).max()) > CLOSE:
        return ""
    listed = ", ".join(f"{tier} {percent(share)}" for tier, share in zip(tiers, mixes.mean(axis=0), strict=True))
    return f"The price tiers earn about the same share of revenue under every policy: {listed}."


def _layers(rows: pl.DataFrame, name: str, tiers: list[str]) -> Layers:
    parts = [rows.filter(pl.col("tier") == tier).sort("at") for tier in tiers]
    return Layers(name, column(parts[0], "at"), np.array([column(part, "revenue_usd") for part in parts]))


def _accumulated(data: ReportInput) -> list[Content]:
    path = data.run.path / "curves.parquet"
    others = [name for name in data.order if name != data.baseline and name not in data.oracles]
    columns = pl.scan_parquet(path, glob=False).collect_schema()
    if "revenue_usd" not in columns or not others:
        return []
    curves = differences_over_time(data, others, "revenue_usd")
    quantity = f"revenue more than {label(data.baseline)} (US dollars)"
    axis = Axis("days", quantity, from_zero=False, marks=incident_spans(data))
    return [
        FigureBlock(
            "revenue_differences",
            f"Revenue of each policy minus that of {data.baseline}, accumulated over time",
            "Mean paired difference since day 0, all pages together; bands are pointwise 95 % intervals. Oracles are "
            "left out.",
            over_time(curves, data.places, axis),
        )
    ]


SECTION = ReportSection(order=60, build=money, figures=("revenue_by_tier", "revenue_differences"))
