"""Do inverse weights of recorded propensities add up? One line per world and policy, after 100,000 sends.

    python -m benchmarks.inverse_weights [--world bernoulli table traffic] [--sends 100000] [POLICY …]

In each world all arms sell equally well, so that every arm can be sent at every decision. A decision that sends k of m
arms with probabilities p has Σ 1 / (m p) over what it sends with the mean 1. Printed are the mean over all decisions,
its standard error, and the largest weight.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from policies.registry import build, kinds
from sim.scenario import load
from sim.worlds.engine import simulate
from sim.worlds.traffic.world import TrafficWorld

Floats = NDArray[np.float64]
ARMS, PULLS = 4, 100
PAGES, CAPTIONS, DAYS, MESSAGES = 6, 100, 6, 20
DAY_US = 86_400_000_000
COMMITS = "explore_then_commit"  # sends one arm for ever once it has committed itself
LEAVES_OUT = {COMMITS, "gamma_poisson", "gamma_poisson_bands", "pooled_gamma_poisson", "wilson_normal"}
"""Policies that give most arms no chance, or next to none: posterior means, and a draw that is too narrow."""
SETTINGS: dict[str, Any] = {"boltzmann": {"kind": "boltzmann", "temperature": 0.3}}
"""At the default temperature of 0.1 single weights reach 10,000, and no sum of 100,000 sends is known within 1 %."""
UNTRIED_FIRST = {"boltzmann": 20}
"""Pulls left out of policies that send untried arms first, and then have no chance for the others."""


def drawing() -> list[str]:
    """Policies whose choice is random beyond ties; the others are exact by the rule that ties share evenly."""
    return [kind for kind in kinds() if not build(kind).deterministic and kind not in LEAVES_OUT]


def possible(policy: str, worlds: Sequence[str]) -> list[str]:
    """The worlds in which every arm can be sent: in the traffic world some captions stay untried."""
    return [world for world in worlds if world != "traffic" or policy not in UNTRIED_FIRST]


@dataclass(frozen=True)
class Sum:
    """The mean of Σ 1 / (m p) over decisions."""

    sends: int
    mean: float
    error: float
    largest: float

    @classmethod
    def of(cls, sums: Floats, weights: Floats) -> "Sum":
        """From the sums of decisions and the weights of sends."""
        error = float(sums.std(ddof=1) / np.sqrt(len(sums)))
        return cls(len(weights), float(sums.mean()), error, float(weights.max()))


def base(policy: str, sends: int, each: int, **content: Any) -> dict[str, Any]:
    """A scenario of `policy` with at least so many sends, `each` per replication."""
    top = {"version": 1, "name": "alike", "seed": 3, "replications": -(-sends // each)}
    return {**top, "record": {"sends": True}, "policies": [SETTINGS.get(policy, policy)], **content}


def of_bernoulli(policy: str, sends: int) -> Sum:
    """Equal arms, 100 pulls per replication."""
    world = {"kind": "bernoulli", "means": [0.5] * ARMS}
    return _of_single(base(policy, sends, PULLS, world=world, horizon={"pulls": PULLS}))


def of_table(policy: str, sends: int) -> Sum:
    """Equal arms on one page, four sends per day to one fan each."""
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "counts.parquet"
        captions = list(range(1, ARMS + 1))
        counts = {"trials": [100] * ARMS, "successes": [50] * ARMS}
        pl.DataFrame({"page_name": ["page_0001"] * ARMS, "caption_id": captions, **counts}).write_parquet(source)
        world = {"kind": "table", "source": str(source), "rates": "observed", "sends_per_day": 4, "fans_per_send": 1}
        return _of_single(base(policy, sends, PULLS, world=world, horizon={"days": PULLS // 4}))


def _of_single(content: Mapping[str, Any]) -> Sum:
    scenario = load(content)
    logs = simulate(scenario, scenario.policies[0], range(1, scenario.replications + 1)).sends
    first = UNTRIED_FIRST.get(scenario.policies[0].kind, 0)
    weights = np.concatenate([1.0 / log.propensity[first:] for log in logs]) / ARMS
    return Sum.of(weights, weights)


def of_traffic(policy: str, sends: int, days: int = DAYS, incidents: Sequence[Mapping[str, Any]] = ()) -> Sum:
    """Several captions per tier and day, some of them cold; as many labels as so many days bring."""
    world = {
        "kind": "traffic",
        "pages": PAGES,
        "audience": {"fixed": 2_000},
        "sends": {"reach": 1.0, "per_day": MESSAGES},
        "bank": {"captions": CAPTIONS},
        "purchases": {"per_view": [[5.0, 0.02]], "caption_cv": 0.0, "page_sigma": 0.0, "strong_pages": {"share": 0.0}},
        "turnover": {"retire_share_per_week": 0.0, "arrivals_per_week": 0},
    }
    each, rest = PAGES * days * MESSAGES, {"cool_down_days": 0}
    content = base(policy, sends, each, world=world, horizon={"days": days}, selection=rest)
    scenario = load(content | {"incidents": list(incidents)})
    run = TrafficWorld(scenario, scenario.policies[0], range(1, scenario.replications + 1))
    run.advance(days)
    sums, weights = zip(*(_decisions(run, index) for index in range(scenario.replications)), strict=True)
    return Sum.of(np.concatenate(sums), np.concatenate(weights))


def _decisions(run: TrafficWorld, index: int) -> tuple[Floats, Floats]:
    """Sums of the decisions of one replication, by page, tier and day; weights of its sends."""
    log, bank = run.sends(index), run.bank(index)
    if log is None:
        raise ValueError("the scenario records no sends")
    captions = pl.DataFrame({"page": bank.page, "caption": bank.caption_id, "tier": bank.tier})
    day = log.sending_time_us // DAY_US
    sent = pl.DataFrame({"page": log.page, "caption": log.caption_id, "day": day, "inverse": 1.0 / log.propensity})
    sizes = captions.group_by("page", "tier").len("captions")
    joined = sent.join(captions, on=["page", "caption"]).join(sizes, on=["page", "tier"])
    joined = joined.with_columns(weight=pl.col("inverse") / pl.col("captions")).sort("page", "tier", "day", "caption")
    sums = joined.group_by("page", "tier", "day", maintain_order=True).agg(pl.col("weight").sum())
    return sums["weight"].to_numpy(), joined["weight"].to_numpy()


WORLDS: dict[str, Callable[[str, int], Sum]] = {"bernoulli": of_bernoulli, "table": of_table, "traffic": of_traffic}


def main() -> None:
    """Print a table of Markdown, line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policies", nargs="*", default=drawing())
    parser.add_argument("--world", nargs="*", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--sends", type=int, default=100_000)
    given = parser.parse_args()
    sys.stdout.write("| policy | world | sends | sum | standard error | largest weight |\n|---|---|---|---|---|---|\n")
    for policy in given.policies or drawing():
        for world in possible(policy, given.world):
            found = WORLDS[world](policy, given.sends)
            cells = f"{found.sends:,} | {found.mean:.4f} | {found.error:.4f} | {found.largest:,.1f}"
            sys.stdout.write(f"| `{policy}` | {world} | {cells} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
