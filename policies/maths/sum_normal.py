"""A normal number as SQL can make it from RAND() alone: the sum of twelve uniform numbers, less 6.

Its mean is 0, its variance 1, its fourth moment 2.9 in place of 3; it lies within 6. It needs no logarithm and each
RAND() once, so one flat expression makes it, with the same bits on every engine. Source: Irwin 1927; Hall 1927.
"""

from policies.base import Key
from policies.maths.draws import STREAM, uniform

LARGEST = 6.0  # of its absolute value


def sum_normal(key: Key) -> float:
    """About a standard normal number."""
    total = uniform(key)
    for _ in range(11):
        key = key + STREAM
        total += uniform(key)
    return total - 6.0
