"""The Wilson score interval exactly as the warehouse computes it: the scalar for rules, the NumPy reference for checks.

With s successes and f failures, n = s + f, p = s / n and z = 1.96 literally (not 1.959964):

    d      = 1 + z²/n
    centre = (p + z²/(2n)) / d
    half   = z · sqrt(p(1 − p)/n + z²/(4n²)) / d
    bounds = centre − half, centre + half;   (0, 1) where n = 0;   neither rounded nor clamped

Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference": the roots in q of
(p − q)² = z² q(1 − q)/n.

The order of operations is part of the meaning: z² is `z * z` (3.8416 to the last bit of the product, not the literal),
2n is `2.0 * n`, 4n² is `4.0 * n * n` from the left, p(1 − p)/n is `p * (1.0 - p) / n` from the left, and the half width
is `z * sqrt(…) / d` from the left. Any engine that works through these float64 operations gets the same bits.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.96


class Params(NamedTuple):
    """What the rules over the interval of counts plus a prior need."""

    z: float
    prior_successes: float
    prior_failures: float


def wilson_interval(successes: float, failures: float, z: float) -> tuple[float, float]:
    """(lower, upper) of one arm; successes + failures > 0. Plain arithmetic, for rules and kernels."""
    n = successes + failures
    p = successes / n
    d = 1.0 + z * z / n
    centre = (p + z * z / (2.0 * n)) / d
    half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / d
    return centre - half, centre + half


def wilson_bounds(
    successes: ArrayLike, failures: ArrayLike, z: float = Z
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(lower, upper), elementwise, of any broadcastable shapes; raises ValueError for negative counts or NaN."""
    s, f = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    if not (np.all(s >= 0.0) and np.all(f >= 0.0)):
        raise ValueError("successes and failures must not be negative or NaN")
    n = s + f
    with np.errstate(divide="ignore", invalid="ignore"):
        p = s / n
        d = 1.0 + z * z / n
        centre = (p + z * z / (2.0 * n)) / d
        half = z * np.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / d
    return np.where(n == 0.0, 0.0, centre - half), np.where(n == 0.0, 1.0, centre + half)


def exploration_bonus(successes: ArrayLike, failures: ArrayLike) -> NDArray[np.float64]:
    """1/sqrt(n + 1), the third field of the deployed function; no part of any sample."""
    n = np.asarray(successes, dtype=np.float64) + np.asarray(failures, dtype=np.float64)
    return np.asarray(1.0 / np.sqrt(n + 1.0))
