"""The input of a report: the run, the metric, the baseline, and what follows from them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from policies.registry import kinds
from reports.checks import CheckOutcome, evaluate_checks
from reports.decision.from_run import decision_input, only_orders, tails
from reports.decision.rule import Decision, decide
from reports.decision.tails import Tails
from reports.decision.unlucky import Unlucky, read_unlucky
from reports.decision.who import WhoGains
from reports.decision.who_from_run import who_gains
from reports.estimators.comparisons import METRICS, Metric, PairedComparison, paired_comparisons
from reports.estimators.intervals import Floats
from reports.figures.places import Places, places
from reports.scenario_facts import default_baseline, oracles, page_months
from reports.tables.derived import require_current
from reports.tables.rows import by_policy, metric_values
from sim.errors import InputError
from sim.runs.run import StoredRun
from sim.scenario import Scenario


@dataclass(frozen=True)
class ReportInput:
    """What all sections of a report draw from; policies keep the scenario's order, and with it their colours."""

    run: StoredRun
    metric: Metric
    baseline: str

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run."""
        return self.run.scenario

    @cached_property
    def summary(self) -> list[dict[str, Any]]:
        """Rows of the summary, best first by the metric."""
        rows = self.run.summary.to_dicts()
        sign = -1.0 if self.metric.higher_is_better else 1.0
        return sorted(rows, key=lambda row: sign * float(self.values[row["policy"]].mean()))

    @cached_property
    def order(self) -> list[str]:
        """Names of the policies as the scenario has them."""
        return self.run.summary["policy"].to_list()

    @cached_property
    def places(self) -> Places:
        """The colour, dashes and marker of each policy."""
        return scenario_places(self.scenario)

    @cached_property
    def ranked(self) -> list[str]:
        """Names of the policies, best first."""
        return [row["policy"] for row in self.summary]

    @cached_property
    def oracles(self) -> set[str]:
        """Policies that know the truth."""
        return oracles(self.scenario)

    @cached_property
    def never_locked_out(self) -> set[str]:
        """Deterministic policies that return to every caption: lock-out says nothing of them."""
        return only_orders(self.scenario)

    @cached_property
    def values(self) -> dict[str, Floats]:
        """The metric of every replication, by policy."""
        return {name: metric_values(rows, self.metric.name) for name, rows in self._rows.items()}

    @cached_property
    def _rows(self) -> dict[str, pl.DataFrame]:
        return by_policy(self.run.replications)

    @cached_property
    def unlucky(self) -> Unlucky | None:
        """The unlucky replications of a run that has them."""
        return read_unlucky(self.run.optional_table)

    @cached_property
    def tails(self) -> Tails:
        """What is known of the tails of the policies."""
        return tails(self.scenario, self._rows, self.unlucky)

    @cached_property
    def decision(self) -> Decision:
        """The decision, by money where the world has money, else by reward."""
        return decide(decision_input(self.scenario, self._rows, self.baseline, self.unlucky))

    @cached_property
    def who_gains(self) -> WhoGains | None:
        """Who gains from the policy that the decision rests on."""
        return who_gains(self.run, self.decision)

    @cached_property
    def checks(self) -> list[CheckOutcome]:
        """The outcomes of the scenario's checks."""
        return evaluate_checks(self.scenario.checks, self.run.replications, self.tails)

    @cached_property
    def leader(self) -> str:
        """The best policy; an oracle leads only where no other policy runs."""
        return next((name for name in self.ranked if name not in self.oracles), self.ranked[0])

    @cached_property
    def vs_baseline(self) -> list[PairedComparison]:
        """Every policy but the oracles against the baseline, best first."""
        values = {name: own for name, own in self.values.items() if name == self.baseline or name not in self.oracles}
        return paired_comparisons(self.baseline, values, self.metric, self.tails)

    @property
    def reward_unit(self) -> str:
        """What reward and regret are counted in."""
        return self.scenario.world_kind.reward

    @property
    def unit(self) -> str:
        """What the metric is counted in."""
        return "US dollars" if self.metric.name == "revenue_usd" else self.reward_unit

    @property
    def money(self) -> bool:
        """Whether the world has money."""
        return self.scenario.world.has_money

    @cached_property
    def dollars(self) -> dict[str, Floats]:
        """Dollars per page and month (365.25 / 12 days) in every replication, by policy; empty without money."""
        months = page_months(self.scenario, self.run.replications)
        if months is None:
            return {}
        return {name: metric_values(rows, "revenue_usd") / months for name, rows in self._rows.items()}

    def table(self, name: str) -> pl.DataFrame | None:
        """A table of the run folder; None where this run has none, or an empty one."""
        frame = self.run.optional_table(name)
        return frame if frame is not None and len(frame) else None


def scenario_places(scenario: Scenario) -> Places:
    """The colour, dashes and marker of each policy, by its kind."""
    return places({spec.name: spec.kind for spec in scenario.policies}, kinds())


def report_input(run: StoredRun, baseline: str | None = None, metric: str | None = None) -> ReportInput:
    """The input for the report of a run; `metric` is by default money where the world has money, else reward.

    Raises InputError for a baseline or metric that the run does not have, for an oracle as baseline, and for a run of
    another version that lacks columns.
    """
    with run.reading():
        require_current(run.path)
    metric = metric or ("revenue_usd" if run.scenario.world.has_money else "reward")
    _refuse_unknown(run, baseline, metric)
    return ReportInput(run, METRICS[metric], baseline or default_baseline(run.scenario))


def _refuse_unknown(run: StoredRun, baseline: str | None, metric: str) -> None:
    names = run.summary["policy"].to_list()
    if baseline is not None and baseline not in names:
        raise InputError(f"there is no policy {baseline!r} in this run", f"It has {', '.join(names)}.")
    if baseline in oracles(run.scenario):
        raise InputError(f"{baseline!r} knows the true rates: nothing can be better", "Choose another baseline.")
    if metric not in METRICS:
        raise InputError(f"there is no metric {metric!r}", f"There are {', '.join(METRICS)}.")
    if metric == "revenue_usd" and not run.scenario.world.has_money:
        world = run.scenario.world
        raise InputError(f"a {world.kind} world has no money: revenue_usd is 0 throughout{world.money_hint}")
