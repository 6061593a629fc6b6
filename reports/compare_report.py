"""compare.html and compare.md: two runs in the form of a report."""

from collections.abc import Sequence
from pathlib import Path

from reports.cells import estimate_cells, interval_cell
from reports.compare import UNLIKE_LENGTHS, Change, Comparison
from reports.content import Cell, Content, Definitions, FigureBlock, Paragraph, Section, TableBlock
from reports.decision.text import headline
from reports.figures.differences import differences
from reports.figures.over_time import Axis, over_time
from reports.formatting import number, p_value
from reports.leads import leads, titles
from reports.leads_text import leads_block, leads_sentence
from reports.render import Report, write_report_files
from reports.report_input import report_input, scenario_places
from reports.sweep.text import decided
from reports.tables.curves import mean_over_time
from reports.tables.slices import minus, points, slices
from sim.runs.run import StoredRun

SIGNIFICANT = 0.05


def write_comparison(first: StoredRun, second: StoredRun, comparison: Comparison, folder: Path) -> Path:
    """Write compare.html, compare.md and figures/ into a folder; returns the path of compare.html."""
    return write_report_files(folder, "compare", comparison_report(first, second, comparison))


def comparison_report(first: StoredRun, second: StoredRun, comparison: Comparison) -> Report:
    """What differs in the scenarios, and in the results."""
    names, found = titles([first, second]), leads(first, second, paired=comparison.paired)
    paired = "paired by replication" if comparison.paired else "independent runs"
    return Report(
        title=" → ".join(names),
        subtitle=f"the second run compared with the first, policy by policy; {paired}",
        headline=changed_decision(first, second),
        details=[
            *_decisions(first, second, names),
            leads_sentence(found),
            *([UNLIKE_LENGTHS] if comparison.unlike_lengths else []),
        ],
        sections=[
            Section("scenarios", "What differs in the scenarios", _scenarios(comparison)),
            Section(
                "leads",
                "How leads change",
                leads_block(found, (names[0], names[1])),
            ),
            Section("results", "What differs in regret", _results(first, second, comparison)),
            Section(
                "provenance",
                "Where this comes from",
                [Definitions([_origin("first", first), _origin("second", second)])],
            ),
        ],
    )


def changed_decision(first: StoredRun, second: StoredRun) -> str:
    """Whether both runs come to the same decision."""
    one, two = (report_input(run).decision for run in (first, second))
    before, after = decided(one.outcome, one.policy), decided(two.outcome, two.policy)
    if before == after:
        return f"The decision is the same in both runs: {before}."
    return f"The decision changes: from {before} to {after}."


def _decisions(first: StoredRun, second: StoredRun, names: Sequence[str]) -> list[str]:
    """What each run decides on its own."""
    return [f"{name}: {headline(report_input(run).decision)}" for name, run in zip(names, (first, second), strict=True)]


def _regret_summary(comparison: Comparison) -> str:
    sure = [
        change for change in comparison.changes if change.p_adjusted is not None and change.p_adjusted < SIGNIFICANT
    ]
    better = [change.policy for change in sure if change.difference.estimate.value < 0]
    worse = [change.policy for change in sure if change.difference.estimate.value > 0]
    if not comparison.changes:
        return "The runs have no policy in common: nothing can be compared."
    if not sure:
        return "No policy's regret is shown to differ between the two runs."
    said = [(better, "less regret"), (worse, "more regret")]
    parts = [f"{words} in the second run: {', '.join(names)}" for names, words in said if names]
    rest = len(comparison.changes) - len(sure)
    return _sentence([*parts, *([f"not shown to differ: {rest}"] if rest else [])])


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _scenarios(comparison: Comparison) -> list[Content]:
    content: list[Content] = [Paragraph("The scenarios are the same.")]
    if comparison.scenario:
        rows = [[Cell(key), Cell(str(a)), Cell(str(b))] for key, (a, b) in comparison.scenario.items()]
        content = [TableBlock("Keys whose values differ", ["key", "first", "second"], rows, sortable=False)]
    for which, names in (("first", comparison.only_first), ("second", comparison.only_second)):
        content += [Paragraph(f"Only in the {which}: {', '.join(names)}.")] if names else []
    return content


def _results(first: StoredRun, second: StoredRun, comparison: Comparison) -> list[Content]:
    if not comparison.changes:
        return [Paragraph("There is no policy in both runs.", "note")]
    unit = first.scenario.world_kind.reward
    how = (
        "Replication r of both runs meets the same world and the same luck, so that differences are taken "
        "replication by replication."
        if comparison.paired
        else "The runs meet different luck: differences are those of independent means (Welch 1947)."
    )
    return [
        Paragraph(f"{_regret_summary(comparison)} {how} Negative is better in the second run."),
        FigureBlock(
            "compare_differences",
            "Mean difference of regret between the two runs, each policy",
            "Dot: mean difference. Thick line: its own 95 % interval. Thin line: simultaneous 95 % interval.",
            differences(
                comparison.changes,
                scenario_places(first.scenario),
                quantity=f"regret per replication ({unit})",
                baseline="the first run",
            ),
        ),
        TableBlock(
            f"Mean regret ({unit} per replication), second minus first",
            ["policy", "first", "second", "difference", "95 % interval", "simultaneous", "adjusted p"],
            [_row(change) for change in comparison.changes],
        ),
        *_over_time(first, second, comparison, unit),
    ]


def _row(change: Change) -> list[Cell]:
    return [
        Cell(change.policy),
        Cell(number(change.first), change.first),
        Cell(number(change.second), change.second),
        *estimate_cells(change.pointwise),
        interval_cell(change.simultaneous),
        Cell(p_value(change.p_adjusted), change.p_adjusted),
    ]


def _over_time(first: StoredRun, second: StoredRun, comparison: Comparison, unit: str) -> list[Content]:
    order = [change.policy for change in comparison.changes]
    paths = [run.path / "curves.parquet" for run in (first, second)]
    times = [points(path, order[0]) for path in paths]
    if not comparison.paired or times[0].tolist() != times[1].tolist():
        return [
            Paragraph(
                "Over time the runs are compared only where replications are paired and points are the same.", "note"
            )
        ]
    curves = [
        mean_over_time(name, minus(*(slices(path, name, "regret") for path in reversed(paths)))) for name in order
    ]
    axis = Axis(first.scenario.horizon.unit, f"regret more than in the first run ({unit})", from_zero=False)
    return [
        FigureBlock(
            "compare_over_time",
            "Cumulative regret in the second run minus that in the first over time, each policy",
            "Mean paired difference; bands are pointwise 95 % intervals.",
            over_time(curves, scenario_places(first.scenario), axis),
        )
    ]


def _origin(which: str, run: StoredRun) -> tuple[str, str]:
    manifest = run.manifest
    return which, (
        f"{manifest['scenario']}, digest {manifest['digest']}, seed {manifest['seed']}, {manifest['replications']:,} "
        f"replications, {manifest['program']} {manifest['version']}"
    )
