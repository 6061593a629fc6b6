"""The figures behind the decision: gains, shortfall from perfect choice, guardrails."""

from collections.abc import Sequence

from reports.content import Cell, Content, FigureBlock, Paragraph, Section, TableBlock, absent
from reports.decision.anchors import anchors
from reports.decision.inputs import amount, bare
from reports.decision.outcome import Gain
from reports.decision.rule import Decision
from reports.decision.tails import mean_of
from reports.decision.text import details
from reports.estimators.intervals import Estimate
from reports.figures.gains import GainRow, gains
from reports.formatting import percent, percent_interval
from reports.report_input import ReportInput
from reports.sections.base import ReportSection

TITLE = "Gains and risks"


def decision(data: ReportInput) -> Section:
    """Every policy against the baseline in the decision's metric, and what else to know."""
    found = data.decision
    if found.given.one_caption or not found.gains:
        return absent("decision", TITLE, "There is nothing to compare.")
    return Section("decision", TITLE, [_figure(data, found), _table(found), *_paragraphs(details(found))])


def _paragraphs(sentences: Sequence[str]) -> list[Content]:
    return [Paragraph(sentence) for sentence in sentences]


def _figure(data: ReportInput, found: Decision) -> FigureBlock:
    rows = [GainRow(gain.policy, gain.estimate, data.places[gain.policy]) for gain in found.gains]
    unit, base = found.given.unit, found.given.baseline
    counted = "US dollars" if unit.prefix == "$" else unit.noun
    return FigureBlock(
        "decision_gains",
        f"Mean gain of each policy over {base}, with intervals",
        f"Dot: mean gain over {base} (dashed). Line: 95 % interval; all lines hold together.",
        gains(rows, quantity=f"gain ({counted} {unit.per})"),
    )


def _table(found: Decision) -> TableBlock:
    header = ["policy", "gain", "95 % interval", "guardrails", "of the possible gain", "better in", "shortfall", "mean"]
    rows = [_row(name, found) for name in _names(found)]
    unit = found.given.unit
    counted = f"US dollars {unit.per}" if unit.prefix == "$" else f"{unit.noun} {unit.per}"
    caption = f"In {counted}; gain over {found.given.baseline}, shortfall from perfect choice (the oracle)"
    return TableBlock(caption, header, rows, emphasised=found.policy)


def _names(found: Decision) -> list[str]:
    """Every policy but oracles, best first."""
    names = [found.given.baseline, *(gain.policy for gain in found.gains)]
    return sorted(names, key=lambda name: -mean_of(name, found.given))


def _row(name: str, found: Decision) -> list[Cell]:
    gain = next((each for each in found.gains if each.policy == name), None)
    anchor, unit = anchors(name, found.given, found.level), bare(found.given.unit)
    mean = mean_of(name, found.given)
    missing, share = anchor.shortfall, anchor.captured
    return [
        Cell(name),
        *(_gain_cells(gain, found) if gain else [Cell("–"), Cell("–")]),
        Cell("baseline" if gain is None else _guardrails(gain)),
        Cell("–") if share is None else Cell(f"{percent(share.value)} ({_around(share)})", share.value),
        Cell("–") if gain is None else Cell(percent(gain.better.value), gain.better.value),
        Cell("–") if missing is None else Cell(amount(missing.value, unit), missing.value),
        Cell(amount(mean, unit), mean),
    ]


def _gain_cells(gain: Gain, found: Decision) -> list[Cell]:
    low, high, unit = gain.estimate.low, gain.estimate.high, bare(found.given.unit)
    limits = "–" if low is None or high is None else f"{amount(low, unit)} to {amount(high, unit)}"
    return [Cell(amount(gain.estimate.value, unit), gain.estimate.value), Cell(limits, low)]


def _around(share: Estimate) -> str:
    return percent_interval(share.low, share.high)


def _guardrails(gain: Gain) -> str:
    if not gain.guardrails:
        return "anchor only"
    failed = [each for each in gain.guardrails if not each.passed and not each.unclear]
    named = failed or [each for each in gain.guardrails if not each.passed]
    names = ", ".join(each.name.replace("_", " ") for each in named)
    return f"{'FAILS' if failed else 'unclear'}: {names}" if named else "hold"


SECTION = ReportSection(order=5, build=decision, figures=("decision_gains",))
