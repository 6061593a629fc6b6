"""Changes of leads as a table of a report, as text and as an object for JSON."""

from typing import Any

from reports.content import Cell, Content, Paragraph, TableBlock
from reports.decision.inputs import Unit, amount, bare, signed
from reports.estimators.intervals import Estimate
from reports.formatting import p_value, text_table, wrapped
from reports.leads import LeadChange, Leads

SIGNIFICANT = 0.05
NOTHING = "Leads are not compared: the runs have no baseline in common, or count in different units."


def leads_block(found: Leads | None, names: tuple[str, str]) -> list[Content]:
    """The table of a report."""
    if found is None:
        return [Paragraph(NOTHING, "note")]
    header = ["policy", *(f"lead in {name}" for name in names), "change", "95 % interval", "adjusted p"]
    rows = [[Cell(text) for text in _row(change, found)] for change in found.changes]
    return [TableBlock(_caption(found), header, rows), *([Paragraph(note, "note")] if (note := _short(found)) else [])]


def leads_text(found: Leads | None) -> str:
    """The table in the terminal."""
    if found is None:
        return NOTHING
    header = ["policy", "lead", "then", "change", "95 % interval", "adjusted p"]
    note = _short(found)
    table = text_table(header, [_row(change, found) for change in found.changes])
    return "\n".join([wrapped(_caption(found)), table, *([wrapped(note)] if note else [])])


def leads_sentence(found: Leads | None) -> str:
    """The largest change of a lead that is shown, in one sentence."""
    if found is None:
        return NOTHING
    rules = [each for each in found.changes if each.policy not in found.oracles]
    sure = [each for each in rules if each.p_adjusted is not None and each.p_adjusted < SIGNIFICANT]
    if not sure:
        return f"No policy's lead over {found.baseline} is shown to change."
    most = max(sure, key=lambda each: abs(each.change.estimate.value))
    moved, unit = most.change.estimate, bare(found.unit)
    word = "grows" if moved.value > 0.0 else "falls"
    count = f"{len(sure)} of {len(rules)} leads over {found.baseline} change"
    leads = f"{signed(most.first.value, unit)}, then {signed(most.second.value, unit)}"
    return (
        f"{count}; that of {most.policy} {word} most, by {amount(abs(moved.value), found.unit)} {found.unit.per} "
        f"(95 % interval {_limits(moved, found)}; {leads})."
    )


def leads_data(found: Leads | None) -> list[dict[str, Any]]:
    """One object per policy."""
    return [
        {
            "policy": each.policy,
            "first_lead": each.first.value,
            "second_lead": each.second.value,
            "change": each.change.estimate.value,
            "ci_low": each.change.estimate.low,
            "ci_high": each.change.estimate.high,
            "p_value": each.change.p_value,
            "p_adjusted": each.p_adjusted,
            "ci_short": each.may_undercover,
        }
        for each in (found.changes if found else ())
    ]


def _short(found: Leads) -> str:
    """Which intervals may be too narrow; empty where none is."""
    names = [each.policy for each in found.changes if each.may_undercover]
    if not names:
        return ""
    which = "all policies" if len(names) == len(found.changes) > 1 else ", ".join(names)
    return f"Intervals may be too narrow: a run is too small to know the rare losses of {which}."


def _caption(found: Leads) -> str:
    unit = found.unit
    before, after = (amount(mean, bare(unit)) for mean in found.baseline_means)
    return f"Lead over {found.baseline} ({before}, then {after}), in {_counted(unit)}"


def _counted(unit: Unit) -> str:
    return f"US dollars {unit.per}" if unit.prefix == "$" else f"{unit.noun} {unit.per}"


def _row(change: LeadChange, found: Leads) -> list[str]:
    unit = bare(found.unit)
    first, second, moved = (signed(each.value, unit) for each in (change.first, change.second, change.change.estimate))
    limits = _limits(change.change.estimate, found)
    return [change.policy, first, second, moved, limits, p_value(change.p_adjusted)]


def _limits(estimate: Estimate, found: Leads) -> str:
    if estimate.low is None or estimate.high is None:
        return "–"
    return f"{signed(estimate.low, bare(found.unit))} to {signed(estimate.high, bare(found.unit))}"
