"""evaluation.html and evaluation.md: what other policies would have earned on a log."""

from pathlib import Path

from reports.content import Cell, Content, Definitions, FigureBlock, Paragraph, Section, TableBlock
from reports.figures.off_policy import off_policy
from reports.render import Report, write_report_files
from sim.evaluation.evaluate import QUOTED, Evaluation, PolicyEvaluation
from sim.evaluation.text import HEADER, headline, rows

METHODS = [
    ("replay", "plain mean of the rows that the policy would have produced itself, chosen by rejection"),
    ("ips, clipped_ips, snips", "rewards weighted by how much more often the policy takes the action than the log did"),
    ("dm", "the reward model alone; its interval leaves out that the model may be wrong"),
    ("dr, sndr, switch_dr, dros", "the reward model, corrected by weighted residuals"),
    ("aw_aipw", "as dr, for logs that a bandit collected: rows of batches with large weights count less"),
    ("number in brackets", "the weight from which the estimator clips, switches or shrinks, chosen from the log"),
    ("normal, bootstrap", "intervals for many rows; unknown where all rows that count are equal"),
    ("exact", "holds for any number of rows whose rewards have two values"),
    ("empirical_bernstein", "holds for any number of rows"),
    ("empirical_likelihood", "for many rows; stays within what a reward can be"),
    ("anytime", "holds at all numbers of rows at once, also on logs that a bandit collected"),
    ("asymptotic_sequence", "as anytime, for many rows; narrower"),
]


def write_evaluation(evaluation: Evaluation, folder: Path) -> Path:
    """Write evaluation.html, evaluation.md and figures/ into a folder; returns the path of evaluation.html."""
    return write_report_files(folder, "evaluation", evaluation_report(evaluation))


def evaluation_report(evaluation: Evaluation) -> Report:
    """One section per policy: estimates side by side, then how far the log can answer."""
    return Report(
        title="Off-policy evaluation",
        subtitle=f"{evaluation.source}: {evaluation.rows:,} decisions, {evaluation.actions:,} actions",
        headline=headline(evaluation, evaluation.policies[0]),
        details=[headline(evaluation, policy) for policy in evaluation.policies[1:]],
        sections=[
            *(_section(i, evaluation, policy) for i, policy in enumerate(evaluation.policies)),
            Section("methods", "What the names mean", [Definitions(METHODS)]),
            Section("provenance", "Where this comes from", [Definitions(_origin(evaluation))]),
        ],
    )


def _section(place: int, evaluation: Evaluation, policy: PolicyEvaluation) -> Section:
    content: list[Content] = [Paragraph(each, "warning") for each in policy.diagnostics.warnings]
    if policy.estimates:
        content += [
            FigureBlock(
                f"estimates_{place + 1}",
                f"Estimates of {policy.policy} with 95 % intervals, and the mean of the log",
                f"Dot: estimate. Line: its interval ({', else '.join(QUOTED[policy.diagnostics.adaptive])}). "
                "Band: the mean reward of the log, with its interval. Arrow: the interval ends beyond the axis.",
                off_policy(evaluation, policy),
            ),
            TableBlock(
                f"{evaluation.reward} per decision under {policy.policy}",
                HEADER[:4],
                [[Cell(cell) for cell in row[:4]] for row in rows(policy)],
                sortable=False,
            ),
            Definitions([(f"{row[0]}, other intervals", row[4]) for row in rows(policy) if row[4]]),
        ]
    content.append(Definitions(_diagnostics(policy)))
    return Section(f"policy_{place + 1}", policy.policy, content)


def _diagnostics(policy: PolicyEvaluation) -> list[tuple[str, str]]:
    found = policy.diagnostics
    unsupported = "not known" if found.unsupported is None else f"{100 * found.unsupported:.2f} %"
    return [
        ("effective rows", f"{found.effective_rows:,.0f} of {found.rows:,}: as many equal weights would tell as much"),
        ("mean weight", f"{found.mean_weight:.4f}; 1 where the propensities are right"),
        ("largest weight", f"{found.largest_weight:.4g}, {100 * found.largest_share:.2g} % of the sum"),
        ("largest 1 % of weights", f"{100 * found.top_share:.0f} % of the sum"),
        ("decisions on actions never logged", unsupported),
        ("collected adaptively", f"yes, by {found.loggers:,} logging policies" if found.adaptive else "no"),
    ]


def _origin(evaluation: Evaluation) -> list[tuple[str, str]]:
    return [
        ("log", evaluation.source),
        ("reward", f"{evaluation.reward}, between {evaluation.limits[0]:g} and {evaluation.limits[1]:g}"),
        ("rows for the counts of rules", f"{evaluation.training_rows:,}"),
        *(("note", note) for note in evaluation.notes),
    ]
