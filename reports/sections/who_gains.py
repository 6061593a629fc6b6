"""Who gains: by class of page, by tier, by period."""

from reports.cells import share_cells
from reports.content import Cell, Content, Paragraph, Section, TableBlock, absent
from reports.decision.inputs import Unit, amount, bare
from reports.decision.who import WhoGains
from reports.decision.who_text import who_points
from reports.estimators.intervals import Estimate
from reports.report_input import ReportInput
from reports.sections.base import ReportSection

TITLE = "Who gains"
NO_INTERVAL = (
    "Means without an interval: revenue by tier is summed over replications. Periods, weeks and tiers count revenue as "
    "it was drawn, with the luck of its sales; the gains above do without it."
)


def who_gains_section(data: ReportInput) -> Section:
    """The gain of the policy that the decision rests on, apart for those whom it reaches."""
    who = data.who_gains
    if who is None:
        return absent("who-gains", TITLE, "This run has one page without an audience, or nothing to compare.")
    sentences: list[Content] = [Paragraph(sentence) for sentence in who_points(data.decision, who)]
    tables = [*_classes(who), *_periods(who, data), *_weeks(who, data), *_tiers(who)]
    return Section("who-gains", TITLE, [*sentences, *tables])


def _classes(who: WhoGains) -> list[Content]:
    if not who.classes:
        return []
    rows = [
        [
            Cell(each.name),
            Cell(f"{each.pages:,}", each.pages),
            *_gain(each.gain, bare(who.unit)),
            *share_cells(each.gaining),
        ]
        for each in who.classes
    ]
    header = ["pages", "number", "mean gain", "95 % interval", "pages that gain", "95 % interval"]
    return [TableBlock(f"Pages by {who.size_of}; gain in {_counted(who.unit)}", header, rows, sortable=False)]


def _periods(who: WhoGains, data: ReportInput) -> list[Content]:
    if not who.periods:
        return []
    unit = data.decision.given.unit
    rows = [[Cell(name), *_gain(gain, bare(unit))] for name, gain in who.periods]
    header = [data.scenario.horizon.unit, "mean gain", "95 % interval"]
    return [TableBlock(f"Gain by period, in {_counted(unit)}", header, rows, sortable=False)]


def _weeks(who: WhoGains, data: ReportInput) -> list[Content]:
    if not who.weeks:
        return []
    unit = data.decision.given.unit
    rows = [[Cell(name, float(name)), *_gain(gain, bare(unit))] for name, gain in who.weeks]
    caption = f"Gain by week, in {_counted(unit)}"
    return [TableBlock(caption, ["week", "mean gain", "95 % interval"], rows, sortable=False, folded=True)]


def _tiers(who: WhoGains) -> list[Content]:
    if not who.tiers:
        return []
    rows = [[Cell(tier), Cell(amount(gain, bare(who.unit)), gain)] for tier, gain in who.tiers]
    caption = f"Gain by price tier, in {_counted(who.unit)}"
    return [TableBlock(caption, ["tier", "mean gain"], rows, sortable=False), Paragraph(NO_INTERVAL, "note")]


def _gain(gain: Estimate, unit: Unit) -> list[Cell]:
    limits = "–" if gain.low is None or gain.high is None else f"{amount(gain.low, unit)} to {amount(gain.high, unit)}"
    return [Cell(amount(gain.value, unit), gain.value), Cell(limits, gain.low)]


def _counted(unit: Unit) -> str:
    return f"{'US dollars' if unit.prefix == '$' else unit.noun} {unit.per}"


SECTION = ReportSection(order=7, build=who_gains_section)
