"""How many fewer replications stratified pages need: python scripts/stratified_factor.py [--replications N]

Simulates quickstart with `world.audience.draw=stratified` and prints, for the gain of each policy over `wilson_sample`
in dollars per page and month, the standard deviation of one replication: of independent pages with dollars as drawn,
of stratified ones with dollars as drawn, and with dollars expected. The first is computed from the same pages, whose
weights make them a sample of the population: a few hundred independent replications lack the richest pages.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sim
from reports.scenario_facts import replication_months

Floats = NDArray[np.float64]
BASELINE = "wilson_sample"
POLICIES = (BASELINE, "greedy", "round_robin", "uniform", "oracle")
DRAWN, EXPECTED = "revenue_usd", "expected_usd"


@dataclass(frozen=True)
class Spread:
    """Standard deviations of one replication, in dollars per page and month."""

    independent: float
    stratified: float
    expected: float

    @property
    def factor(self) -> float:
        """How many times as many independent replications, as drawn, give an interval of the same width."""
        return (self.independent / self.expected) ** 2


def gains(pages: pl.DataFrame, policy: str, column: str, months: float) -> Floats:
    """Of each page of each replication over the baseline, (replications, pages)."""
    own, base = (pages.filter(policy=name).sort("replication", "page") for name in (policy, BASELINE))
    more = (own[column] - base[column]).to_numpy() / months
    return more.reshape(own["replication"].n_unique(), -1)


def spread(pages: pl.DataFrame, policy: str, months: float) -> Spread:
    """Of the gain of a policy."""
    drawn, expected = (gains(pages, policy, column, months) for column in (DRAWN, EXPECTED))
    weight = pages.filter(policy=policy).sort("replication", "page")["weight"].to_numpy().reshape(drawn.shape)
    mean = np.average(drawn, weights=weight)
    of_a_page = np.average((drawn - mean) ** 2, weights=weight)
    stratified, known = ((weight * each).mean(axis=1).std(ddof=1) for each in (drawn, expected))
    return Spread(float(np.sqrt(of_a_page / drawn.shape[1])), float(stratified), float(known))


def table(pages: pl.DataFrame, months: float, policies: Sequence[str] = POLICIES) -> str:
    """Lines of Markdown."""
    lines = [
        "| policy | independent, as drawn | stratified, as drawn | stratified, expected | replications |",
        "|---|---|---|---|---|",
    ]
    for policy in policies:
        if policy != BASELINE:
            found = spread(pages, policy, months)
            cells = (f"{each:,.0f}" for each in (found.independent, found.stratified, found.expected))
            lines.append(f"| {policy} | {' | '.join(cells)} | {found.factor:.1f} × fewer |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> str:
    """Simulate, and return the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="quickstart")
    parser.add_argument("--replications", type=int, default=400)
    parser.add_argument("--seed", type=int, default=51)
    given = parser.parse_args(arguments)
    overrides = [f"replications={given.replications}", f"seed={given.seed}", f"policies=[{', '.join(POLICIES)}]"]
    run = sim.simulate(given.scenario, overrides=["world.audience.draw=stratified", "record.stats=none", *overrides])
    return table(run.pages, replication_months(run.scenario))


if __name__ == "__main__":
    sys.stdout.write(main() + "\n")
