"""The statistics on which the conformance check tries a rule."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Statistics:
    """What a policy is shown of one row: `t` trials so far; n, s, w and truth of shape (arms,)."""

    t: float
    n: Floats
    s: Floats
    ipw_successes: Floats
    true_mean: Floats


def edge_statistics() -> Iterator[Statistics]:
    """Rows at the edges: nothing seen, only successes, only failures, a billion trials, faded counts, one arm."""
    yield _row(0, [0, 0, 0], [0, 0, 0])
    yield _row(1, [1, 0], [1, 0])
    yield _row(3, [1, 1, 1], [0, 1, 0])
    yield _row(5, [5], [3])
    yield _row(40, [10, 10, 20], [10, 0, 10])
    yield _row(40, [10, 10, 10], [0, 0, 0])
    yield _row(40, [10, 10, 10], [10, 10, 10])
    yield _row(2e9, [1e9, 1e9, 7], [1, 999_999_999, 3])
    yield _row(5e3, [1e-12, 0.375, 812.0625, 2.5], [1e-12, 0.25, 500.5, 0.0])
    yield _row(1e6, [3, 400, 50_000], [1, 100, 20_000])


def _row(t: float, n: list[float], s: list[float]) -> Statistics:
    trials, successes = np.array(n, dtype=np.float64), np.array(s, dtype=np.float64)
    return Statistics(float(t), trials, successes, 1.5 * successes, np.linspace(0.1, 0.9, len(n)))
