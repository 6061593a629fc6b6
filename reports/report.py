"""report.html and report.md: one content, two templates. Nothing in them depends on when or where the run was made."""

from dataclasses import replace
from pathlib import Path

from reports.decision.text import headline, key_points
from reports.decision.who_text import who_points
from reports.formatting import number
from reports.render import Report, write_report_files
from reports.report_input import ReportInput, report_input
from reports.sections.registry import build_sections
from sim.runs.run import StoredRun


def write_report(
    run: StoredRun,
    baseline: str | None = None,
    metric: str | None = None,
    *,
    out: Path | None = None,
    title: str | None = None,
    author: str | None = None,
) -> Path:
    """Write report.html, report.md and figures/; returns the path of report.html.

    Args:
        run: a complete run.
        baseline: the policy that others are compared with; the deployed rule by default, else the first policy.
        metric: what policies are compared by: regret, reward or revenue_usd; the decision does not depend on it.
        out: the folder to write into; the run folder by default.
        title: the name of the scenario by default.
        author: a name below the title; none by default.

    Raises:
        InputError: the run has no such policy, or no such metric.
        StorageError: files cannot be written.
    """
    with run.reading():
        report = report_content(report_input(run, baseline, metric))
    by = f"{author}; " if author else ""
    report = replace(report, title=title or report.title, subtitle=f"{by}{report.subtitle}")
    return write_report_files(out or run.path, "report", report, own_folder=out is None)


def report_content(data: ReportInput) -> Report:
    """The whole content of a run's report."""
    scenario = data.scenario
    return Report(
        title=scenario.name,
        subtitle=subtitle(data),
        headline=headline(data.decision),
        details=[*who_points(data.decision, data.who_gains), *key_points(data.decision)],
        sections=build_sections(data),
    )


def subtitle(data: ReportInput) -> str:
    """World, horizon, replications, and what policies are compared by."""
    scenario = data.scenario
    horizon = f"{number(scenario.horizon.length, 9)} {scenario.horizon.unit}"
    count = f"{scenario.replications:,} replication{'' if scenario.replications == 1 else 's'}"
    policies = f"{len(scenario.policies)} {'policy' if len(scenario.policies) == 1 else 'policies'}"
    compared = f"compared by {data.metric.noun}, baseline {data.baseline}"
    return f"{scenario.world.kind} world, {horizon}, {count} of each of {policies}; {compared}"
