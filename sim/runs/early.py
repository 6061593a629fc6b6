"""The probability of lock-out from early phases: many short replications, of which a part is simulated to the end.

Whether a policy gives up the best arm is mostly known after a tenth of the horizon: the arm is locked out, or starved
(sent less often than the mean arm), or safe. Many replications are therefore simulated for a tenth only, and to the end
with a chance that depends on where they stand. With a = 1 where the best arm is locked out after the tenth and L = 1
where it is at the end,

    a + (L − a) / chance   of those simulated to the end,      a   of the others

has the mean of L, whatever the chances are: the estimate of two levels (Giles 2008, Operations Research 56), its second
one thinned by Russian roulette (Kahn & Harris 1951).
"""

from typing import TYPE_CHECKING, cast

import numpy as np

from sim.kernels import compiling_rule
from sim.rng import Keys, policy_purpose, row_keys
from sim.worlds.base import Floats
from sim.worlds.bernoulli.luck import Unlucky
from sim.worlds.engine import Curve, build_world, run

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.scenario import PolicySpec, Scenario
    from sim.worlds.base import World

PART = 10  # of the horizon is the early phase
SETTLED = 0.05  # chance of a replication whose best arm is locked out or safe

Chosen = np.ndarray[tuple[int], np.dtype[np.bool_]]


def early_rows(scenario: "Scenario", spec: "PolicySpec", found: Unlucky, budget: int) -> "pa.Table":
    """One row per replication of `found`; about `budget` starved ones at most are simulated to the end."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    pulls = max(1, int(scenario.horizon.length) // PART)
    world = world_after(scenario, spec, found.numbers, pulls)
    locked = world.locked_out_pages() > 0.0
    starved = ~locked & (world.totals().best_pulls * scenario.world.arms_at_start < pulls)
    chance = np.where(starved, min(1.0, budget / max(1, int(starved.sum()))), SETTLED)
    whole = _unit(row_keys(scenario.seed, f"early:{policy_purpose(spec.name)}", found.numbers)[:, 0]) < chance
    ends = _locked_out_at_end(scenario, spec, found.numbers, whole)
    change = np.where(whole, ends.astype(float) - locked, 0.0)
    return pa.table(
        {
            "policy": pa.array([spec.name] * len(found.numbers)),
            "replication": np.array(found.numbers, np.int64),
            "stratum": found.strata,
            "locked_out_early": locked,
            "starved": starved,
            "chance": chance,
            "locked_out": pa.array(ends, mask=~whole),
            "estimate": locked + change / chance,
        }
    )


def _locked_out_at_end(scenario: "Scenario", spec: "PolicySpec", numbers: list[int], whole: Chosen) -> Chosen:
    """Of those replications that are simulated to the end; False of the others."""
    found = np.zeros(len(numbers), bool)
    chosen = [number for number, each in zip(numbers, whole, strict=True) if each]
    if chosen:
        found[whole] = world_after(scenario, spec, chosen, int(scenario.horizon.length)).locked_out_pages() > 0.0
    return found


def world_after(scenario: "Scenario", spec: "PolicySpec", numbers: list[int], pulls: int) -> "World":
    """The world of these replications after so many pulls."""
    # A world takes the replications of a block, which are adjacent; it asks only for their number and for each of them.
    world = build_world(scenario, spec, cast("range", numbers))
    with compiling_rule(spec.name):
        run(world, Curve(np.array([float(pulls)])))
    return world


def _unit(keys: Keys) -> Floats:
    found: Floats = (keys >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found
