"""CPU time of the exact propensities of 1,000 captions: python -m benchmarks.propensities [POLICY …]

One decision, one thread, the least of seven calls; compilation is done before. Counts are those of pages in several
states. Prints a Markdown table.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy
from policies.registry import build
from sim.worlds.selection.propensities import propensities

CAPTIONS, CALLS = 1_000, 7
Integers = NDArray[np.int64]
Counts = tuple[Integers, Integers]


def _counts(least: int, most: int, a: float, b: float) -> Callable[[np.random.Generator], Counts]:
    """Trials from `least` up to below `most`, rates from Beta(a, b)."""

    def drawn(generator: np.random.Generator) -> Counts:
        trials = generator.integers(least, most, CAPTIONS)
        return trials, generator.binomial(trials, generator.beta(a, b, CAPTIONS))

    return drawn


def _close(generator: np.random.Generator) -> Counts:
    return np.full(CAPTIONS, 1_000_000), generator.integers(299_500, 300_500, CAPTIONS)


STATES: dict[str, Callable[[np.random.Generator], Counts]] = {
    "below 12 trials": _counts(0, 12, 3, 7),
    "below 60 trials": _counts(0, 60, 3, 4),
    "below 60 trials, any rate": _counts(0, 60, 1, 1),
    "200 to 5,000 trials": _counts(200, 5_000, 3, 4),
    "1,000 to 40,000 trials, rates near 0.002": _counts(1_000, 40_000, 20, 10_000),
    "a million trials": _counts(900_000, 1_100_000, 3, 4),
    "a million trials, rates of 0.2995 to 0.3005": _close,
}


def milliseconds(policy: Policy, counts: Counts) -> float:
    """The least CPU time of a call."""
    least = float("inf")
    for _ in range(CALLS):
        begin = time.thread_time()
        propensities(policy, *counts)
        least = min(least, time.thread_time() - begin)
    return 1e3 * least


def table(kinds: list[str]) -> str:
    """One row per state, one column per policy."""
    lines = ["| counts | different | " + " | ".join(f"`{kind}`" for kind in kinds) + " |"]
    lines.append("|---|--:|" + "--:|" * len(kinds))
    for state, drawn in STATES.items():
        counts = drawn(np.random.default_rng(3))
        different = len({*zip(*(each.tolist() for each in counts), strict=True)})
        times = [f"{milliseconds(build(kind), counts):.1f}" for kind in kinds]
        lines.append(f"| {state} | {different:,} | " + " | ".join(times) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table(sys.argv[1:] or ["wilson_sample", "thompson_beta"]) + "\n")
