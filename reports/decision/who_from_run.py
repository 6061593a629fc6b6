"""Who gains, from the tables of a run."""

import numpy as np
import polars as pl

from reports.decision.inputs import Unit
from reports.decision.rule import Decision
from reports.decision.who import (
    MONTHS_A_YEAR,
    PageValues,
    WhoGains,
    clustered,
    page_gains,
    period_gains,
    tier_gains,
    week_gains,
    weighted_quantiles,
)
from reports.estimators.intervals import SHARE, Estimate, Floats, mean_interval
from reports.scenario_facts import page_months, replication_months
from reports.tables.rows import metric_column
from sim.runs.run import StoredRun
from sim.scenario import Scenario

AUDIENCE, RANDOM_REVENUE = "audience", "revenue under random choice"


def who_gains(run: StoredRun, decision: Decision) -> WhoGains | None:
    """Who gains from the policy that the decision rests on; None without one, or in a world without pages."""
    rival, given, frame = decision.rival, decision.given, run.optional_table("pages")
    if rival is None or frame is None or frame["audience"].null_count() == len(frame):
        return None
    months, scenario = page_months(run.scenario, run.replications), run.scenario
    found = page_values(frame, given.metric, given.random, _page_scale(scenario))
    gains = found.values[rival.policy] - found.values[given.baseline]
    weight = found.weight
    histories = mean_interval(((gains * weight).sum(axis=1) > 0.0).astype(np.float64), bounds=SHARE)
    fleet = gains.shape[1]
    return WhoGains(
        policy=rival.policy,
        baseline=given.baseline,
        unit=given.unit if months is not None else Unit("", given.unit.noun, "per page"),
        median_page=float(weighted_quantiles(gains, weight, [0.5])[0]),
        pages=clustered(gains > 0.0, weight, SHARE),
        histories=histories,
        size_of=found.size_of,
        classes=page_gains(gains, weight, found.size),
        tiers=[] if months is None else tier_gains(run.optional_table("revenue"), rival.policy, given.baseline, months),
        periods=period_gains(run.curves, rival.policy, given.baseline, given.metric, months),
        weeks=week_gains(run.curves, rival.policy, given.baseline, given.metric, months),
        fleet=fleet,
        per_year=None if months is None else _scaled(rival.estimate, fleet * MONTHS_A_YEAR),
    )


def page_values(frame: pl.DataFrame, metric: str, random: str | None, scale: float) -> PageValues:
    """The metric by page over `scale`; pages are ordered by audience, or where all are alike by what random sells."""
    ordered = frame.sort("replication", "page")
    width = frame["page"].n_unique()

    def by_page(policy: str, column: str) -> Floats:
        return np.asarray(ordered.filter(policy=policy)[column].cast(pl.Float64).to_numpy().reshape(-1, width))

    names = frame["policy"].unique(maintain_order=True).to_list()
    values = {name: by_page(name, metric_column(frame.columns, metric)) / scale for name in names}
    audience, weight = by_page(names[0], "audience"), by_page(names[0], "weight")
    if (audience != audience.flat[0]).any():
        return PageValues(values, weight, audience, AUDIENCE)
    return PageValues(values, weight, values[random] if random else None, RANDOM_REVENUE)


def _page_scale(scenario: Scenario) -> float:
    """Months of a replication where the world has money, else 1."""
    return replication_months(scenario) if scenario.world.has_money else 1.0


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    low, high = (None if limit is None else factor * limit for limit in (estimate.low, estimate.high))
    return Estimate(factor * estimate.value, low, high, estimate.method)
