"""Labels: how often priced messages succeed, and what that tells of a caption, by how well pages sell."""

from collections.abc import Sequence

import polars as pl

from reports.content import Cell, Content, Paragraph, Section, TableBlock, absent
from reports.estimators.label_information import PageModel
from reports.formatting import number, percent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.tables.labels import (
    Choice,
    LabelClass,
    choices,
    label_classes,
    saturated_revenue,
    saturates_least,
    warnings,
)
from sim.scenario.model import TrafficScenario
from sim.scenario.sections.traffic_loop import Label

TITLE = "What labels tell"
READING = (
    "A message succeeds when {meaning}. Bits: the entropy of a label, at most 1; a label that nearly always says the "
    "same tells nothing. Information: what a label tells of a caption's rate, against the counts of purchases and "
    "views, in a model of the page (gamma-Poisson purchases, log-normal views, captions of one price)."
)
MEANING: dict[Label, str] = {
    "emv_above_median": "its EMV exceeds the median of its page. Where most messages have no price that median is 0, "
    "so that success means that something was sold",
    "sold": "it sold something",
    "emv_above_priced_median": "its EMV exceeds the median of the page's messages with a price",
    "purchases_per_view": "its purchases per view exceed the median of the page's messages with a price",
    "dollars_per_view": "its dollars per view exceed the median of the page's messages with a price",
}
HEADER = ["pages by sales", "number", "purchases per priced message", "success", "bits", "information", "revenue"]


def labels(data: ReportInput) -> Section:
    """A table for the baseline, and a warning for each policy whose labels saturate."""
    pages, scenario = data.table("pages"), data.scenario
    known = pages is not None and {"priced", "successes"} <= set(pages.columns) and not pages["successes"].null_count()
    if pages is None or not known or not isinstance(scenario, TrafficScenario):
        return absent("labels", TITLE, f"A {scenario.world.kind} world has no messages with a price and a label.")
    shares, own = [(name, saturated_revenue(_of(pages, name))) for name in data.ranked], _of(pages, data.baseline)
    label, model = scenario.feedback.label, PageModel.of(scenario.world)
    classes = label_classes(own, label, model)
    possible = choices(own, model)
    content: list[Content] = [Paragraph(text, "warning") for text in warnings(shares, saturates_least(possible))]
    reading, table = Paragraph(READING.format(meaning=MEANING[label])), _of_run(classes, data.baseline)
    return Section("labels", TITLE, [reading, *content, table, _possible(possible, classes, label)])


def _of_run(classes: Sequence[LabelClass], baseline: str) -> TableBlock:
    """What the labels of the run tell."""
    caption = f"Labels of {baseline}, all replications together"
    return TableBlock(caption, HEADER, [_row(each) for each in classes], sortable=False)


def _possible(found: Sequence[Choice], classes: Sequence[LabelClass], label: Label) -> TableBlock:
    """What every label would tell on these pages."""
    header = ["feedback.label", *(f"success, {each.name}" for each in classes), "information, by revenue"]
    rows = [
        [
            Cell(each.label),
            *(Cell(percent(share), share) for share in each.success),
            Cell(percent(each.information), each.information),
        ]
        for each in found
    ]
    return TableBlock("What each label would tell, in the model", header, rows, label, sortable=False)


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
