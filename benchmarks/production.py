"""Compare the cost of a message in the deployed loop with the simple traffic world: `python -m benchmarks.production`.

Every form of the loop simulates the pages, bank and days of the shipped scenario `production`, in turn, for `--rounds`
rounds. The first round compiles and is not counted. The exit code is 1 where a ratio is below its bar.
"""

import argparse
import statistics
import sys
import time
from typing import NamedTuple

from sim.scenario import Scenario, load
from sim.worlds.traffic.world import TrafficWorld

SIMPLE = [
    "feedback={}",
    "selection={}",
    "world.bank.shared=false",
]
FORMS: dict[str, tuple[list[str], float]] = {
    "simple": (SIMPLE, 1.0),
    "plain selection": (["selection={}", "world.bank.shared=false"], 0.5),
    "composite selection": (["selection.agency_lock=none", "world.bank.shared=false"], 0.25),
    "composite, shared bank, agency-wide lock": ([], 0.0),
}
"""Overrides of `production`, and the bar: messages per CPU second, as a share of the simple world's."""


class Spent(NamedTuple):
    """What one replication took."""

    messages: int
    seconds: float  # CPU

    @property
    def rate(self) -> float:
        """Messages per CPU second."""
        return self.messages / self.seconds


def main() -> int:
    """Measure and print; returns the exit code."""
    options = _options()
    scenarios = {name: scenario_of(overrides, options) for name, (overrides, _) in FORMS.items()}
    spent: dict[str, list[Spent]] = {name: [] for name in FORMS}
    for turn in range(options.rounds + 1):
        for name, scenario in scenarios.items():
            measured = replicate(scenario, turn)
            if turn > 0:
                spent[name].append(measured)
    lines, missed = table(spent)
    print("\n".join(lines))
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--policy", default="wilson_sample")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY.PATH=VALUE")
    return parser.parse_args()


def scenario_of(overrides: list[str], options: argparse.Namespace) -> Scenario:
    """The scenario of a form of the loop."""
    common = [f"policies=[{options.policy}]", f"replications={options.rounds + 1}"]
    return load("production", [*overrides, *common, *options.overrides])


def replicate(scenario: Scenario, replication: int) -> Spent:
    """One replication, from drawing its bank to its totals."""
    start = time.process_time()
    world = TrafficWorld(scenario, scenario.policies[0], range(replication, replication + 1))
    world.simulate_through([world.horizon], [world.horizon])
    return Spent(int(world.totals().pulls.sum()), time.process_time() - start)


def table(spent: dict[str, list[Spent]]) -> tuple[list[str], list[str]]:
    """The lines of a Markdown table, and the forms below their bar; rates are medians of the rounds."""
    rates = {name: statistics.median(one.rate for one in rounds) for name, rounds in spent.items()}
    lines = ["| loop | messages | µs per message | of the simple rate | bar |", "|---|--:|--:|--:|--:|"]
    missed = []
    for name, rate in rates.items():
        bar, ratio = FORMS[name][1], rate / rates["simple"]
        messages = statistics.median(one.messages for one in spent[name])
        lines.append(f"| {name} | {messages:,.0f} | {1e6 / rate:.1f} | {ratio:.2f} | {bar or '–'} |")
        if ratio < bar:
            missed.append(name)
    return lines, missed


if __name__ == "__main__":
    sys.exit(main())
