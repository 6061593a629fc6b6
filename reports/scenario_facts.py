"""What a report needs to know of a scenario: its unit of reward, its baseline, its oracles, its money."""

from sim.scenario import Scenario

# What reward and regret are measured in; `regret` is the expectation of it that was missed.
REWARD_OF_WORLD = {"bernoulli": "successes", "table": "conversions", "traffic": "purchases"}
DEPLOYED_KIND = "wilson_sample"
MONTH_DAYS = 365.25 / 12


def oracles(scenario: Scenario) -> set[str]:
    """Names of the policies that know the truth."""
    return {spec.name for spec in scenario.policies if spec.kind == "oracle"}


def default_baseline(scenario: Scenario) -> str:
    """The policy that others are compared with: the deployed rule where it runs, else the first but oracles."""
    deployed = [spec.name for spec in scenario.policies if spec.kind == DEPLOYED_KIND]
    others = [spec.name for spec in scenario.policies if spec.name not in oracles(scenario)]
    return (deployed or others or [scenario.policies[0].name])[0]


def page_months(scenario: Scenario) -> float | None:
    """Pages × months of a replication where the world has money, else None."""
    if scenario.world.kind != "traffic":
        return None
    return scenario.world.pages * float(scenario.horizon.length) / MONTH_DAYS
