"""Paired differences against the baseline, and who beats whom."""

from collections.abc import Iterable

from reports.cells import estimate_cells, interval_cell, share_cells
from reports.content import Cell, Content, FigureBlock, Paragraph, Section, TableBlock, absent
from reports.estimators.comparisons import PairedComparison, win_probability
from reports.figures.differences import differences
from reports.figures.over_time import Axis, over_time
from reports.figures.style import label
from reports.formatting import p_value, percent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.tables.curves import Curve, mean_over_time
from reports.tables.slices import paired


def paired_differences(data: ReportInput) -> Section:
    """Every policy against the baseline with simultaneous intervals, and the matrix P(row beats column)."""
    title = f"Paired differences from {data.baseline}"
    if not data.vs_baseline:
        return absent("differences", title, "Only one policy ran, apart from oracles: there is nothing to compare.")
    if data.scenario.replications == 1:
        return absent("differences", title, "One replication gives no interval and no test.")
    return Section("differences", title, [_how(data), _figure(data), _table(data), *_over_time(data), *_matrix(data)])


def _how(data: ReportInput) -> Paragraph:
    better = "Positive is better" if data.metric.higher_is_better else "Negative is better"
    return Paragraph(
        "All policies of a replication meet the same luck, so that differences are taken replication by "
        f"replication: {data.metric.noun} of the "
        f"policy minus that of {data.baseline}, in {data.unit} per replication. {better}. Simultaneous intervals hold "
        "for "
        f"all {len(data.vs_baseline)} comparisons at once (multivariate t), p-values are adjusted for them (Holm 1979)."
    )


def _figure(data: ReportInput) -> FigureBlock:
    quantity = f"{data.metric.noun} per replication ({data.unit})"
    return FigureBlock(
        "paired_differences",
        f"Mean paired difference of each policy from {data.baseline}, with intervals",
        "Dot: mean difference. Thick line: its own 95 % interval. Thin line: simultaneous 95 % interval. Where the "
        "thin line leaves "
        "out the dashed line of no difference, the policies differ.",
        differences(data.vs_baseline, data.places, quantity=quantity, baseline=data.baseline),
    )


def differences_over_time(data: ReportInput, policies: Iterable[str], name: str) -> list[Curve]:
    """The column `name` of curves.parquet of each policy minus that of the baseline, paired, over time."""
    path = data.run.path / "curves.parquet"
    return [mean_over_time(policy, paired(path, policy, data.baseline, name)) for policy in policies]


def _over_time(data: ReportInput) -> list[Content]:
    """Cumulative regret minus the baseline's: the common luck, which widens bands of the means, cancels."""
    curves = differences_over_time(data, [row.policy for row in data.vs_baseline], "regret")
    quantity = f"regret more than {label(data.baseline)} ({data.reward_unit})"
    axis = Axis(data.scenario.horizon.unit, quantity, from_zero=False, signed_logarithmic=True)
    return [
        FigureBlock(
            "regret_differences",
            f"Cumulative regret of each policy minus that of {data.baseline} over time",
            f"Below zero a policy has lost less than {data.baseline} so far. Mean paired difference; bands are "
            "pointwise 95 % intervals. Where differences differ much in size the axis is logarithmic, linear near 0.",
            over_time(curves, data.places, axis),
        )
    ]


def _table(data: ReportInput) -> TableBlock:
    header = ["policy", "difference", "95 % interval", "simultaneous", "p", "adjusted p", "better in", "its interval"]
    return TableBlock(
        f"Against {data.baseline}: mean paired difference of {data.metric.noun} ({data.unit})",
        header,
        [_row(row) for row in data.vs_baseline],
    )


def _row(row: PairedComparison) -> list[Cell]:
    return [
        Cell(row.policy),
        *estimate_cells(row.pointwise),
        interval_cell(row.simultaneous),
        Cell(p_value(row.p_value), row.p_value),
        Cell(p_value(row.p_holm), row.p_holm),
        *share_cells(row.better),
    ]


def _matrix(data: ReportInput) -> list[Content]:
    names = data.ranked
    shares = win_probability(data.values, names, data.metric)
    rows = [
        [Cell(name), *(Cell("–" if share is None else percent(share), share, share) for share in line)]
        for name, line in zip(names, shares, strict=True)
    ]
    caption = f"P(row beats column): share of replications with strictly better {data.metric.noun}"
    return [TableBlock(caption, ["row", *names], rows)]


SECTION = ReportSection(order=20, build=paired_differences, figures=("paired_differences", "regret_differences"))
