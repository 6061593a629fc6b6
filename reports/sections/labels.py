"""Labels: how often priced messages succeed, and what that tells of a caption, by how well pages sell."""

import polars as pl

from reports.content import Cell, Content, Paragraph, Section, TableBlock, absent
from reports.formatting import number, percent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.tables.labels import LabelClass, label_classes, saturated_revenue, warnings

TITLE = "What labels tell"
READING = (
    "A message succeeds when its EMV exceeds the median of its page. Where most messages have no price that median is "
    "0, so that success means that something was sold. Bits: the entropy of a label, at most 1; a label that nearly "
    "always says the same tells nothing. Information: what a label tells of a caption's rate, against the count of "
    "purchases, where success means that something was sold and purchases are Poisson (m / (e^m − 1))."
)
HEADER = ["pages by sales", "number", "purchases per priced message", "success", "bits", "information", "revenue"]


def labels(data: ReportInput) -> Section:
    """A table for the baseline, and a warning for each policy whose labels saturate."""
    pages = data.table("pages")
    if pages is None or not {"priced", "successes"} <= set(pages.columns) or pages["successes"].null_count():
        return absent("labels", TITLE, f"A {data.scenario.world.kind} world has no messages with a price and a label.")
    shares = [(name, saturated_revenue(_of(pages, name))) for name in data.ranked]
    rows = [_row(each) for each in label_classes(_of(pages, data.baseline))]
    content: list[Content] = [Paragraph(text, "warning") for text in warnings(shares)]
    table = TableBlock(f"Labels of {data.baseline}, all replications together", HEADER, rows, sortable=False)
    return Section("labels", TITLE, [Paragraph(READING), *content, table])


def _of(pages: pl.DataFrame, policy: str) -> pl.DataFrame:
    return pages.filter(pl.col("policy") == policy)


def _row(each: LabelClass) -> list[Cell]:
    return [
        Cell(each.name),
        Cell(f"{each.pages:,}", each.pages),
        Cell(number(each.purchases), each.purchases),
        Cell(percent(each.success), each.success),
        Cell(number(each.bits, 2), each.bits),
        Cell(percent(each.information), each.information),
        Cell(percent(each.revenue_share), each.revenue_share),
    ]


SECTION = ReportSection(order=55, build=labels)
