"""sweep.html and sweep.md: the decision over all cells, in the form of a report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reports.content import Cell, Content, FigureBlock, Paragraph, Section, TableBlock
from reports.decision.inputs import Unit, amount, bare
from reports.figures.sweep import Map, Swing, heat_map, tornado
from reports.render import Report, write_report_files
from reports.sweep.cells import CellResult, common_unit
from reports.sweep.robustness import Robustness, focus
from reports.sweep.text import decided, sweep_headline, sweep_points

ONE_KEY = "A bar per key: the gain of {0} over {1} at each of its values (ticks), mean over the other keys. "
TORNADO = ONE_KEY + "The widest bar is the assumption that matters most. Dashed: no gain. Solid: mean of all cells."
HEAT_MAP = "Number and colour: gain of {0} over {1} (blue above 0, orange below). Name: the policy with the best mean."


def write_sweep_report(folder: Path, scenario: str, cells: Sequence[CellResult], found: Robustness) -> Path:
    """Write sweep.html, sweep.md and figures/; returns the path of sweep.html."""
    return write_report_files(folder, "sweep", sweep_report(scenario, cells, found), own_folder=True)


def sweep_report(scenario: str, cells: Sequence[CellResult], found: Robustness) -> Report:
    """The whole content of a sweep's page."""
    keys = list(cells[0].labels)
    return Report(
        title=f"{scenario}: sweep",
        subtitle=f"{len(cells)} cells over {', '.join(keys)}; every cell has the same random numbers",
        headline=sweep_headline(found),
        details=sweep_points(cells, found),
        sections=[
            Section("sensitivity", "Which assumption matters", _figures(cells, found)),
            Section("policies", "Policies over all cells", [_policies(cells, found)]),
            Section("cells", "The decision in each cell", [_cells(cells)]),
        ],
    )


def swings(cells: Sequence[CellResult], policy: str) -> list[Swing]:
    """The tornado's bars, the widest first."""
    found = []
    for key in cells[0].labels:
        levels = list(dict.fromkeys(cell.labels[key] for cell in cells))
        means = [_mean([cell.lead(policy) for cell in cells if cell.labels[key] == level]) for level in levels]
        found.append(Swing(key, levels, means))
    return sorted(found, key=lambda swing: -swing.size)


def gain_map(cells: Sequence[CellResult], policy: str, row_key: str, column_key: str) -> Map:
    """Gains over two keys; with more keys a mean over the others, and the policy that is best most often."""
    rows = list(dict.fromkeys(cell.labels[row_key] for cell in cells))
    columns = list(dict.fromkeys(cell.labels[column_key] for cell in cells))
    groups = [
        [[c for c in cells if (c.labels[row_key], c.labels[column_key]) == (row, column)] for column in columns]
        for row in rows
    ]
    gains = np.array([[_mean([cell.lead(policy) for cell in group]) for group in line] for line in groups])
    return Map(
        row_key, column_key, rows, columns, gains, [[_most_often_best(group) for group in line] for line in groups]
    )


def _most_often_best(cells: Sequence[CellResult]) -> str:
    names = [cell.best for cell in cells]
    return max(names, key=names.count)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _figures(cells: Sequence[CellResult], found: Robustness) -> list[Content]:
    policy, base = focus(cells, found), cells[0].decision.given.baseline
    if policy is None:
        return [Paragraph("No policy runs in every cell beside the baseline, so there is nothing to draw.", "note")]
    unit = common_unit(cells)
    quantity = f"gain ({'US dollars' if unit.prefix == '$' else unit.noun} {unit.per})"
    bars, centre = swings(cells, policy), _mean([cell.lead(policy) for cell in cells])
    content: list[Content] = [
        FigureBlock(
            "sweep_tornado",
            f"Gain of {policy} over {base} by key",
            TORNADO.format(policy, base),
            tornado(bars, centre=centre, quantity=quantity),
        )
    ]
    if len(bars) > 1:
        figure = heat_map(gain_map(cells, policy, bars[0].key, bars[1].key), quantity=quantity)
        alt = f"Gain of {policy} over {base} by {bars[0].key} and {bars[1].key}"
        content.append(FigureBlock("sweep_heat_map", alt, HEAT_MAP.format(policy, base), figure))
    return content


def _policies(cells: Sequence[CellResult], found: Robustness) -> TableBlock:
    unit = bare(common_unit(cells))
    header = ["policy", "best in", "named in", "smallest gain", "mean gain", "largest gain", "largest shortfall"]
    rows = [
        [
            Cell(each.policy),
            Cell(str(each.best_in), each.best_in),
            Cell(str(each.named_in), each.named_in),
            *(_money(v, unit) for v in (each.smallest_gain, each.mean_gain, each.largest_gain, each.largest_shortfall)),
        ]
        for each in found.records
    ]
    caption = f"Gain over the baseline; shortfall from the best policy of the cell ({_per(common_unit(cells))})"
    return TableBlock(caption, header, rows, emphasised=found.safest.policy)


def _cells(cells: Sequence[CellResult]) -> TableBlock:
    unit = common_unit(cells)
    header = [*cells[0].labels, "decision", "best mean", "gain", "95 % interval"]
    rows = [[*(Cell(label) for label in cell.labels.values()), *_decision_cells(cell, bare(unit))] for cell in cells]
    return TableBlock(f"Gain of the policy that the decision rests on ({_per(unit)})", header, rows)


def _decision_cells(cell: CellResult, unit: Unit) -> list[Cell]:
    found, rival = cell.decision, cell.decision.rival
    said = Cell(decided(found.outcome, found.policy))
    if rival is None:
        return [said, Cell(cell.best), Cell("–"), Cell("–")]
    low, high = rival.estimate.low, rival.estimate.high
    limits = "–" if low is None or high is None else f"{amount(low, unit)} to {amount(high, unit)}"
    return [said, Cell(cell.best), _money(rival.estimate.value, unit), Cell(limits, low)]


def _money(value: float, unit: Unit) -> Cell:
    return Cell(amount(value, unit), value)


def _per(unit: Unit) -> str:
    return f"{'US dollars' if unit.prefix == '$' else unit.noun} {unit.per}"
