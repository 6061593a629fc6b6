"""What each label is worth: python scripts/compare_labels.py SCENARIO [--replications N] [--policies A,B] [--set KEY=V]

Simulates the scenario once per label of `feedback.label` with the same seed, and prints, per policy and label, the
expected dollars per page and month, and the gain over the deployed label: paired by replication, with a 95 % interval
that allows for skewness (`reports.estimators.intervals`).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sim
from reports.estimators.intervals import Estimate, Floats, moments, paired_difference
from reports.scenario_facts import page_months
from sim.scenario.sections.traffic_loop import LABELS

DEPLOYED = LABELS[0]
Values = Mapping[str, Mapping[str, Floats]]
"""Dollars per page and month of each replication, by label and policy."""


def measure(scenario: str, policies: Sequence[str], overrides: Sequence[str]) -> dict[str, dict[str, Floats]]:
    """Run the scenario once per label."""
    found = {}
    for label in LABELS:
        chosen = [*overrides, f"feedback.label={label}", f"policies=[{', '.join(policies)}]"]
        run = sim.simulate(scenario, overrides=chosen)
        months = page_months(run.scenario, run.replications) or 1.0
        rows = run.replications.sort("replication")
        found[label] = {
            policy: rows.filter(policy=policy)["expected_usd"].to_numpy().astype(float) / months for policy in policies
        }
    return found


def table(values: Values, policies: Sequence[str]) -> str:
    """Lines of Markdown."""
    lines = [
        "| policy | label | $ per page and month | gain over the deployed label | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    for policy in policies:
        for label, own in values.items():
            lines.append(f"| `{policy}` | `{label}` | {_mean(own[policy])} | {_gain(values, policy, label)} |")
    return "\n".join(lines)


def _mean(values: Floats) -> str:
    found = moments(values)
    return f"{found.mean:,.0f} ± {found.standard_error:,.0f}"


def gain(values: Values, policy: str, label: str) -> Estimate:
    """Of a label over the deployed one, under a policy."""
    return paired_difference(values[label][policy], values[DEPLOYED][policy]).estimate


def _gain(values: Values, policy: str, label: str) -> str:
    if label == DEPLOYED:
        return "0 | "
    found = gain(values, policy, label)
    return f"{found.value:+,.0f} | [{found.low or 0.0:,.0f}, {found.high or 0.0:,.0f}]"


def main(arguments: Sequence[str] | None = None) -> str:
    """Simulate and return the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario")
    parser.add_argument("--replications", type=int)
    parser.add_argument("--policies", default="wilson_sample,thompson_beta")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    given = parser.parse_args(arguments)
    overrides = given.overrides + ([f"replications={given.replications}"] if given.replications else [])
    policies = given.policies.split(",")
    return table(measure(given.scenario, policies, overrides), policies)


if __name__ == "__main__":
    sys.stdout.write(main() + "\n")
