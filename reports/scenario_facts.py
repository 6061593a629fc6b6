"""What a report needs to know of a scenario: its unit of reward, its baseline, its oracles, its money."""

import polars as pl

from policies.reads import reads_truth
from policies.registry import kinds
from sim.scenario import Scenario, TableSection

DEPLOYED_KIND = "wilson_sample"
MONTH_DAYS = 365.25 / 12


def oracles(scenario: Scenario) -> set[str]:
    """Names of the policies that know the truth."""
    return {spec.name for spec in scenario.policies if reads_truth(kinds()[spec.kind].rule)}


def default_baseline(scenario: Scenario) -> str:
    """The policy that others are compared with: the deployed rule where it runs, else the first but oracles."""
    deployed = [spec.name for spec in scenario.policies if spec.kind == DEPLOYED_KIND]
    others = [spec.name for spec in scenario.policies if spec.name not in oracles(scenario)]
    return (deployed or others or [scenario.policies[0].name])[0]


def pages(scenario: Scenario, rows: pl.DataFrame) -> int:
    """Pages of a replication; `rows` are some of replications.parquet."""
    world = scenario.world
    if isinstance(world, TableSection):  # the file may be gone
        return world.pages_of(float(rows["pulls"][0]), scenario.horizon.length)
    return getattr(world, "pages", 1)


def page_months(scenario: Scenario, rows: pl.DataFrame) -> float | None:
    """Pages × months of a replication where the world has money, else None; `rows` as in `pages`."""
    return pages(scenario, rows) * replication_months(scenario) if scenario.world.has_money else None


def replication_months(scenario: Scenario) -> float:
    """Months of a replication in a world that has days."""
    return float(scenario.horizon.length) / MONTH_DAYS
