"""Paired differences against the baseline, and who beats whom."""

from reports.blocks import Block, Cell, Picture, Section, Table, Text, absent
from reports.estimators.comparisons import Versus, beats
from reports.figures.differences import differences
from reports.figures.over_time import Axis, over_time
from reports.figures.style import label
from reports.formatting import interval, number, p_value, percent, percent_interval
from reports.report_input import View
from reports.tables.curves import mean_over_time
from reports.tables.slices import paired


def paired_differences(view: View) -> Section:
    """Every policy against the baseline with simultaneous intervals, and the matrix P(row beats column)."""
    title = f"Paired differences from {view.baseline}"
    if not view.versus:
        return absent("differences", title, "Only one policy ran, apart from oracles: there is nothing to compare.")
    if view.scenario.replications == 1:
        return absent("differences", title, "One replication gives no interval and no test.")
    return Section("differences", title, [_how(view), _picture(view), _table(view), *_over_time(view), *_matrix(view)])


def _how(view: View) -> Text:
    better = "Positive is better" if view.metric.higher_is_better else "Negative is better"
    return Text(
        "All policies of a replication meet the same luck, so that differences are taken replication by "
        f"replication: {view.metric.words} of the "
        f"policy minus that of {view.baseline}, in {view.unit} a replication. {better}. Simultaneous intervals hold "
        "for "
        f"all {len(view.versus)} comparisons at once (Bonferroni), p-values are adjusted for them (Holm 1979)."
    )


def _picture(view: View) -> Picture:
    quantity = f"{view.metric.words} a replication ({view.unit})"
    return Picture(
        "paired_differences",
        f"Mean paired difference of each policy from {view.baseline}, with intervals",
        "Dot: mean difference. Thick line: its own 95 % interval. Thin line: simultaneous 95 % interval. Where the "
        "thin line leaves "
        "out the dashed line of no difference, the policies differ.",
        differences(view.versus, view.order, quantity=quantity, baseline=view.baseline),
    )


def _over_time(view: View) -> list[Block]:
    """Cumulative regret minus the baseline's: the common luck, which widens bands of the means, cancels."""
    path = view.run.path / "curves.parquet"
    curves = [mean_over_time(row.policy, paired(path, row.policy, view.baseline, "regret")) for row in view.versus]
    quantity = f"regret more than {label(view.baseline)} ({view.reward_unit})"
    axis = Axis(view.scenario.horizon.unit, quantity, from_zero=False, signed_logarithmic=True)
    return [
        Picture(
            "regret_differences",
            f"Cumulative regret of each policy minus that of {view.baseline} over time",
            f"Below zero a policy has lost less than {view.baseline} so far. Mean paired difference; bands are "
            "pointwise 95 % intervals. Where differences are of very unlike size the axis is logarithmic, linear "
            "near 0.",
            over_time(curves, view.order, axis),
        )
    ]


def _table(view: View) -> Table:
    header = [
        "policy",
        "difference",
        "95 % interval",
        "simultaneous",
        "p",
        "adjusted p",
        "better in",
        "interval of that",
    ]
    rows = [_row(row) for row in view.versus]
    return Table(f"Against {view.baseline}: mean paired difference of {view.metric.words} ({view.unit})", header, rows)


def _row(row: Versus) -> list[Cell]:
    single, together, better = row.single, row.simultaneous, row.better
    return [
        Cell(row.policy),
        Cell(number(single.value), single.value),
        Cell(interval(single.low, single.high), single.low),
        Cell(interval(together.low, together.high), together.low),
        Cell(p_value(row.p_value), row.p_value),
        Cell(p_value(row.p_holm), row.p_holm),
        Cell(percent(better.value), better.value),
        Cell(percent_interval(better.low, better.high), better.low),
    ]


def _matrix(view: View) -> list[Block]:
    names = view.ranked
    shares = beats(view.values, names, view.metric)
    rows = [
        [Cell(name), *(Cell("–" if share is None else percent(share), share, share) for share in line)]
        for name, line in zip(names, shares, strict=True)
    ]
    caption = f"P(row beats column): share of replications with strictly better {view.metric.words}"
    return [Table(caption, ["row", *names], rows)]
