"""The textbook problem against the C kernel of `bernoulli.c`: the same regrets to the last bit."""

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.limit.compiler import compiled, pointer
from benchmarks.limit.report import Figure
from benchmarks.limit.timing import duel, timed
from sim.rng import policy_purpose, row_keys
from sim.scenario import PolicySpec, Scenario, load
from sim.worlds.engine import simulate

POLICIES = ("wilson_sample", "thompson_beta", "ucb1", "kl_ucb", "epsilon_greedy")
SEED, PULLS = 7, 10_000

Floats = NDArray[np.float64]


def measure(arms: Sequence[int], policies: Sequence[str], replications: int, rounds: int) -> Iterator[Figure]:
    """All policies at all numbers of arms."""
    compiled("bernoulli")
    for number in arms:
        scenario = problem(number, policies, replications)
        for spec in scenario.policies:
            yield compare(scenario, spec, rounds)


def problem(arms: int, policies: Sequence[str], replications: int) -> Scenario:
    """Arms of means 0.1 to 0.9, feedback at once, nothing recorded on the way."""
    means = np.linspace(0.1, 0.9, arms).tolist()
    return load(
        {
            "version": 1,
            "name": "limit",
            "seed": SEED,
            "replications": replications,
            "horizon": {"pulls": PULLS},
            "world": {"kind": "bernoulli", "means": means},
            "policies": list(policies),
            "record": {"stats": "none", "curve_points": 2},
        }
    )


def compare(scenario: Scenario, spec: PolicySpec, rounds: int) -> Figure:
    """One policy, ours against C in turn."""
    section: Any = scenario.world
    block, means = range(scenario.replications), np.array(section.means)
    work: dict[str, Any] = {
        "params": spec.build().parameters(),
        "pulls": PULLS,
        "means": np.tile(means, (len(block), 1)),
        "outcome": row_keys(SEED, "outcome", block)[:, 0],
        "own": row_keys(SEED, policy_purpose(spec.name), block)[:, 0],
    }
    simulate(scenario, spec, range(1))  # compiles
    result = duel(
        lambda: timed(lambda: simulate(scenario, spec, block)),
        lambda: timed(lambda: limit(spec.kind, **work)),
        rounds,
        lambda ours, theirs: np.array_equal(ours.totals.regret, theirs[0]),
    )
    pulls = PULLS * len(block)
    return Figure(f"{spec.kind}, K = {len(means)}", "pull", result.ours / pulls, result.limit / pulls, result)


def limit(
    policy: str,
    *,
    params: tuple[float, ...],
    pulls: int,
    means: Floats,
    outcome: NDArray[np.uint64],
    own: NDArray[np.uint64],
) -> tuple[Floats, Floats]:
    """C's (regret, reward), each (rows,), of `pulls` pulls on `means` (rows, arms), given the rows' keys, (rows,)."""
    rows, arms = means.shape
    regret, reward = np.zeros(rows), np.zeros(rows)
    read = (np.ascontiguousarray(array) for array in (means, outcome, own))
    arrays = (*read, np.array(params, dtype=np.float64), regret, reward)
    sizes = (ctypes.c_long(pulls), ctypes.c_long(rows), ctypes.c_long(arms))
    getattr(compiled("bernoulli"), policy)(*sizes, *map(pointer, arrays))
    return regret, reward
