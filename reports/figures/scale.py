"""When linear axes would hide the smaller values, and where signed logarithmic ones begin to be linear."""

import math
from collections.abc import Iterable

LOG_FROM_RATIO = 12.0  # between the largest and the smallest positive value


def spreads(values: Iterable[float]) -> bool:
    """Whether linear axes would hide the smaller of these values."""
    positive = [value for value in values if value > 0]
    return len(positive) > 1 and max(positive) > LOG_FROM_RATIO * min(positive)


def linear_below(values: Iterable[float]) -> float:
    """A power of ten at or below the smallest positive value, at most three decades below the largest; 1 for none."""
    positive = [value for value in values if value > 0]
    if not positive:
        return 1.0
    return 10.0 ** math.floor(max(math.log10(min(positive)), math.log10(max(positive)) - 3))
