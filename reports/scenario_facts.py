"""What a report needs to know of a scenario: its unit of reward, its baseline, its oracles, its money."""

from policies.reads import reads_truth
from policies.registry import kinds
from sim.scenario import Scenario

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


def pages(scenario: Scenario) -> int:
    """Pages of a replication as far as the scenario says; the number of those of a table world is in its file."""
    return getattr(scenario.world, "pages", 1)


def page_months(scenario: Scenario) -> float | None:
    """Pages × months of a replication where the world has money, else None."""
    if not scenario.world_kind.has_money:
        return None
    return pages(scenario) * float(scenario.horizon.length) / MONTH_DAYS
