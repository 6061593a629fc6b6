"""Laws of scores for `distribution` of a rule: P(score > x) and the density at x."""

from policies.base import Pair
from policies.maths.incomplete_beta import beta_tail_and_factor


def uniform_law(low: float, high: float, x: float) -> Pair:
    """Of a uniform number on [low, high]; low < high."""
    if x <= low:
        return 1.0, 0.0
    if x >= high:
        return 0.0, 0.0
    return (high - x) / (high - low), 1.0 / (high - low)


def beta_law(a: float, b: float, x: float) -> Pair:
    """Of Beta(a, b); a, b > 0."""
    if x <= 0.0:
        return 1.0, 0.0
    if x >= 1.0:
        return 0.0, 0.0
    tail, factor = beta_tail_and_factor(a, b, x)
    return tail, factor / (x * (1.0 - x))
