"""report.html and report.md: one content, two templates. Nothing in them depends on when or where the run was made."""

from pathlib import Path
from typing import TYPE_CHECKING

from reports.decision import details, headline
from reports.formatting import number
from reports.render import Page, write_page
from reports.report_input import View, view
from reports.sections import SECTIONS

if TYPE_CHECKING:
    from sim.api import Run


def write_report(run: "Run", baseline: str | None = None, metric: str = "regret") -> Path:
    """Write report.html, report.md and figures/ into the run folder; returns the path of report.html.

    Args:
        run: a complete run.
        baseline: the policy that others are compared with; the deployed rule by default, else the first policy.
        metric: what policies are judged by: regret, reward or revenue_usd.

    Raises:
        InputError: the run has no such policy, or no such metric.
        StorageError: files cannot be written.
    """
    return write_page(run.path, "report", page_of(view(run, baseline, metric)))


def page_of(seen: View) -> Page:
    """The whole content of a run's report."""
    scenario = seen.scenario
    return Page(
        title=scenario.name,
        subtitle=subtitle(seen),
        headline=headline(seen),
        details=details(seen),
        sections=[section(seen) for section in SECTIONS],
    )


def subtitle(seen: View) -> str:
    """World, horizon, replications, and what is judged by."""
    scenario = seen.scenario
    horizon = f"{number(scenario.horizon.length, 9)} {scenario.horizon.unit}"
    count = f"{scenario.replications:,} replication{'' if scenario.replications == 1 else 's'}"
    policies = f"{len(scenario.policies)} {'policy' if len(scenario.policies) == 1 else 'policies'}"
    judged = f"judged by {seen.metric.words}, baseline {seen.baseline}"
    return f"{scenario.world.kind} world, {horizon}, {count} of each of {policies}; {judged}"
