"""The arms of a decision, equal ones as one entry: the law of each rank value, and its support.

Plain functions for `sim.kernels.specialise`, which binds the policy's `distribution` and `support`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sim.kernels import unbound
from sim.worlds.base import Floats, Params

distribution: Callable[..., tuple[float, float]] = unbound("distribution")
support: Callable[..., tuple[float, float]] = unbound("support")


class Arms(NamedTuple):
    """The arms of a decision; arms that are equal may be one entry. Rank is by `scale` × score + shift."""

    a: Any
    """(entries,), as are the next two."""
    b: Any
    copies: Any
    """How many arms an entry stands for."""
    shift: Any
    """(entries,), or of length 0 for 0."""
    scale: float


def alike(arms: Arms) -> bool:
    """Whether all arms have the same score distribution."""
    for i in range(1, arms.a.shape[0]):
        if arms.a[i] != arms.a[0] or arms.b[i] != arms.b[0] or shift_of(i, arms) != shift_of(0, arms):
            return False
    return True


def shift_of(i: int, arms: Arms) -> float:
    """What is added to the scaled score of an entry."""
    return arms.shift[i] if arms.shift.shape[0] > 0 else 0.0


def score_at(i: int, x: float, arms: Arms) -> float:
    """The score that gives an arm of entry i the rank value x."""
    return (x - shift_of(i, arms)) / arms.scale


def law(i: int, x: float, arms: Arms, params: Params, state: Floats) -> tuple[float, float]:
    """(P(rank value > x), density at x) of an arm of entry i."""
    exceeds, density = distribution(arms.a[i], arms.b[i], state, params, score_at(i, x, arms))
    return exceeds, density / arms.scale


def limits(i: int, arms: Arms, params: Params, state: Floats) -> tuple[float, float]:
    """The support of the rank value of an arm of entry i."""
    low, high = support(arms.a[i], arms.b[i], state, params)
    return arms.scale * low + shift_of(i, arms), arms.scale * high + shift_of(i, arms)
