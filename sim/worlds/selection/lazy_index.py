"""Who has the largest index, without solving them all: for policies with a `concave_index`, see `policies.base`.

An index solved at an earlier decision lies under today's, and its tangent lies above. The arm of the highest ceiling is
solved again, a few times, until one that is solved for today is on top: all others are then known to be below. Nothing
here changes a choice, ties included.

Plain functions for `sim.kernels.specialise`, which binds the policy's `score` and `max_slope`.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from policies.base import PROGRESS, SCORE_ERROR
from policies.maths.draws import arm_key, uniform
from sim.kernels import force_inline, unbound
from sim.worlds.base import Floats, Params

max_slope: Callable[..., float] = unbound("max_slope")
score: Callable[..., float] = unbound("score")

_INVALID = -1.0
_LOOKS = 3  # one by one; among many arms of nearly equal indices, one sweep is cheaper


class LazyIndex(NamedTuple):
    """The latest solved index of every arm, (rows, arms), or of the arms of one row."""

    value: Any
    rise: Any
    """At most how fast the index rises in `state[PROGRESS]`; negative where the arm's statistics have changed since."""
    since: Any
    """`state[PROGRESS]` at that time."""


def new_lazy_index(rows: int, arms: int) -> LazyIndex:
    """Nothing solved yet."""
    return LazyIndex(np.zeros((rows, arms)), np.full((rows, arms), _INVALID), np.zeros((rows, arms)))


def lazy_index_of(lazy_index: LazyIndex, r: int) -> LazyIndex:
    """Row `r` alone."""
    return LazyIndex(lazy_index.value[r], lazy_index.rise[r], lazy_index.since[r])


def invalidate(arm: int, lazy_index: LazyIndex) -> None:
    """The statistics of an arm have changed."""
    lazy_index.rise[arm] = _INVALID


@force_inline
def best_by_lazy_index(
    a: Floats, b: Floats, lazy_index: LazyIndex, params: Params, state: Floats, key: np.uint64
) -> int:
    """What `sim.worlds.selection.argmax.best_arm` would choose; −1 if every score is NaN."""
    first, runner_up = two_highest(a, b, lazy_index, params, state)
    for _ in range(_LOOKS):
        if first < 0 or solved(first, lazy_index, state):
            break
        solve(first, a, b, lazy_index, params, state)
        if lazy_index.value[first] > runner_up:
            return first
        first, runner_up = two_highest(a, b, lazy_index, params, state)
    if first < 0 or (solved(first, lazy_index, state) and lazy_index.value[first] > runner_up):
        return first
    return best_of_candidates(lazy_index.value[first] - SCORE_ERROR, a, b, lazy_index, params, state, key)


@force_inline
def two_highest(a: Floats, b: Floats, lazy_index: LazyIndex, params: Params, state: Floats) -> tuple[int, float]:
    """(the arm of the highest ceiling, −1 for none; the highest ceiling of the others); solves what has changed."""
    highest, second, first = -math.inf, -math.inf, -1
    for arm in range(a.shape[0]):
        if lazy_index.rise[arm] < 0.0:
            solve(arm, a, b, lazy_index, params, state)
        bound = ceiling(arm, lazy_index, state)
        if bound > second:
            if bound > highest:
                highest, second, first = bound, highest, arm
            else:
                second = bound
    return first, second


def solve(arm: int, a: Floats, b: Floats, lazy_index: LazyIndex, params: Params, state: Floats) -> None:
    """The arm's index as of now; its score needs no key."""
    value = score(a[arm], b[arm], state, params, np.uint64(0))
    lazy_index.value[arm] = value
    lazy_index.rise[arm] = max_slope(a[arm], b[arm], value, state, params)
    lazy_index.since[arm] = state[PROGRESS]


def solved(arm: int, lazy_index: LazyIndex, state: Floats) -> bool:
    """Whether an arm's index is known as of now; an infinite one stays so."""
    return lazy_index.since[arm] == state[PROGRESS] or lazy_index.value[arm] == math.inf  # type: ignore[no-any-return]


def ceiling(arm: int, lazy_index: LazyIndex, state: Floats) -> float:
    """No less than the arm's index now."""
    age = state[PROGRESS] - lazy_index.since[arm]
    if age == 0.0:
        return lazy_index.value[arm]  # type: ignore[no-any-return]
    return lazy_index.value[arm] + lazy_index.rise[arm] * age + SCORE_ERROR  # type: ignore[no-any-return]


def best_of_candidates(
    floor: float, a: Floats, b: Floats, lazy_index: LazyIndex, params: Params, state: Floats, key: np.uint64
) -> int:
    """The arm of the largest index, which is at least `floor`, ties broken as `argmax.best_arm` does."""
    best, chosen, ties = -math.inf, -1, 0
    for arm in range(a.shape[0]):
        if ceiling(arm, lazy_index, state) >= max(best, floor):
            if not solved(arm, lazy_index, state):
                solve(arm, a, b, lazy_index, params, state)
            value = lazy_index.value[arm]
            if value > best:
                best, chosen, ties = value, arm, 1
            elif value == best:
                ties += 1
                if uniform(arm_key(key, a.shape[0] + ties)) * ties < 1.0:
                    chosen = arm
    return chosen
