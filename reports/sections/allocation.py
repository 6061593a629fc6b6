"""Where sends went: by true rank, how evenly, to whom they were new, and when the best was locked out."""

import numpy as np
import polars as pl

from reports.content import Cell, Content, FigureBlock, Paragraph, Section, TableBlock, absent
from reports.figures.over_time import Axis, over_time
from reports.figures.panels import Shares, heat_maps
from reports.folding import alike, folded
from reports.formatting import number, percent, percent_interval
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.tables.captions import most_sent
from reports.tables.curves import Curve
from reports.tables.rows import column

TITLE = "Allocation"
CAPTIONS = 5  # of each policy, in the table of texts
LONGEST = 80  # characters of a text
# name, column of exploration.parquet, axis, how to read it
SHARES = (
    (
        "best_share",
        "best_share",
        "share of sends on the best caption",
        "Probability of sending the best caption: its share of the sends since the point before; where messages have "
        "prices, of the priced ones.",
    ),
    (
        "entropy",
        "entropy_share",
        "entropy of sends (share of the largest)",
        "Entropy of the captions sent: 100 % spreads sends as evenly as possible, 0 % repeats one caption.",
    ),
    (
        "cold_share",
        "cold_share",
        "share of sends to cold captions",
        "Cold share: sends to captions that had been sent fewer than ten times.",
    ),
    (
        "locked_out",
        "locked_out_share",
        "share of replications locked out",
        "Locked out: the best caption has probability exactly 0. Bands are 95 % Wilson intervals.",
    ),
)


def allocation(data: ReportInput) -> Section:
    """Heat map, four curves over time, and how often the best caption is ever locked out."""
    where, how = data.table("allocation"), data.table("exploration")
    if where is None and how is None:
        return absent("allocation", TITLE, "This run recorded no allocation over time: there is no allocation.parquet.")
    content: list[Content] = [] if where is None else [_heat(data, where)]
    if how is not None:
        content += [_curve(data, how, each) for each in SHARES if each[1] in how.columns]
    return Section("allocation", TITLE, [*content, *_lock_out(data), *_captions(data)])


def _heat(data: ReportInput, frame: pl.DataFrame) -> FigureBlock:
    bins = frame["bin"].unique(maintain_order=True).to_list()
    maps = [_shares(name, frame.filter(pl.col("policy") == name), bins) for name in data.ranked]
    return FigureBlock(
        "allocation",
        "Heat maps, a panel for each policy: share of sends by true rank of the caption over time",
        "Share of sends since the point before, by the true rank of the caption at that time; 1 is the best. Darker "
        "or stronger is more.",
        heat_maps(maps, bins, time_unit=data.scenario.horizon.unit),
    )


def _shares(policy: str, rows: pl.DataFrame, bins: list[str]) -> Shares:
    """A policy's shares by bin and time, (bins, times); 0 where there is no row."""
    at = rows["at"].unique().sort().to_numpy()
    shares = np.zeros((len(bins), len(at)))
    places = [bins.index(each) for each in rows["bin"]], np.searchsorted(at, rows["at"].to_numpy())
    shares[places] = column(rows, "share")
    return Shares(policy, at, shares)


def _curve(data: ReportInput, frame: pl.DataFrame, shown: tuple[str, str, str, str]) -> FigureBlock:
    name, key, quantity, caption = shown
    unit = data.scenario.horizon.unit
    curves = [_of_policy(frame.filter(pl.col("policy") == policy), policy, key) for policy in data.order]
    axis = Axis(unit, quantity, share=True, logarithmic_time=unit == "pulls")
    alt = f"Each policy over time: {quantity}"
    figure = FigureBlock(f"allocation_{name}", alt, caption, over_time(curves, data.places, axis))
    return folded(figure, alike(curves, quantity, share=True))


def _of_policy(rows: pl.DataFrame, policy: str, key: str) -> Curve:
    rows = rows.sort("at")
    mean = column(rows, key)
    stem = key.removesuffix("_share")
    limits = [column(rows, f"{stem}_{side}") if f"{stem}_{side}" in rows.columns else mean for side in ("low", "high")]
    return Curve(policy, column(rows, "at"), mean, *limits)


def _lock_out(data: ReportInput) -> list[Content]:
    if "ever_locked_share" not in data.run.summary.columns:
        return []
    since = f"since (median, {data.scenario.horizon.unit})"
    header = ["policy", "ever locked out", "95 % interval", "at the end", "95 % interval at the end", since]
    rows = [
        [
            Cell(row["policy"]),
            Cell(percent(row["ever_locked_share"]), row["ever_locked_share"]),
            Cell(percent_interval(row["ever_locked_low"], row["ever_locked_high"]), row["ever_locked_low"]),
            Cell(percent(row["locked_out_share"]), row["locked_out_share"]),
            Cell(percent_interval(row["locked_out_low"], row["locked_out_high"]), row["locked_out_low"]),
            Cell(number(row["median_locked_since"], 3), row["median_locked_since"]),
        ]
        for row in data.summary
        if row["policy"] not in data.never_locked_out
    ]
    return [
        TableBlock(
            "Lock-out of the best caption: ever, at the end, and since when it has lasted in those that end so; "
            "deterministic policies that return to every caption are left out",
            header,
            rows,
        )
    ]


def _captions(data: ReportInput) -> list[Content]:
    """The names of the captions sent most, where captions are texts."""
    names = data.table("captions")
    if names is None:
        return []
    rows = [
        [Cell(policy), Cell(_shortened(caption)), Cell(f"{sends:,}", sends), Cell(percent(share), share)]
        for policy in data.ranked
        if (frame := most_sent(data.run, policy, names, CAPTIONS)) is not None
        for caption, sends, share in frame.iter_rows()
    ]
    if not rows:
        return [Paragraph("Ids of captions stand for the texts in captions.parquet.", "note")]
    title = (
        f"The {CAPTIONS} captions that each policy sent most in the last replication; captions.parquet has all texts"
    )
    return [TableBlock(title, ["policy", "caption", "sends with feedback", "share"], rows)]


def _shortened(caption: str) -> str:
    return caption if len(caption) <= LONGEST else f"{caption[: LONGEST - 1]}…"


SECTION = ReportSection(
    order=40,
    build=allocation,
    figures=(
        "allocation",
        "allocation_best_share",
        "allocation_entropy",
        "allocation_cold_share",
        "allocation_locked_out",
    ),
)
