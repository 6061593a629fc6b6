"""Who has the largest index, without solving them all: for policies with a `concave_index`, see `policies.base`.

An index solved at an earlier decision lies under today's, and its tangent lies above. The arm of the highest ceiling is
solved again, a few times, until one that is solved for today is on top: all others are then known to be below. Nothing
here changes a choice, ties included.

Plain functions for `sim.kernels.specialise`, which binds the policy's `score` and `max_slope`.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from policies.base import PROGRESS, SCORE_ERROR
from policies.maths.draws import arm_key, uniform
from sim.kernels import inlined

if TYPE_CHECKING:
    from policies.base import Rule

    score, max_slope = Rule.score, Rule.max_slope

_OUTDATED = -1.0
_LOOKS = 3  # one by one; among many arms of nearly equal indices, one sweep is cheaper


class Tangents(NamedTuple):
    """The latest solved index of every arm, (rows, arms), or of the arms of one row."""

    value: Any
    rise: Any
    """At most how fast the index rises in `state[PROGRESS]`; negative where the arm's statistics have changed since."""
    since: Any
    """`state[PROGRESS]` at that time."""


def new_tangents(rows: int, arms: int) -> Tangents:
    """Nothing solved yet."""
    return Tangents(np.zeros((rows, arms)), np.full((rows, arms), _OUTDATED), np.zeros((rows, arms)))


def tangents_of(tangents: Tangents, r: int) -> Tangents:
    """Row `r` alone."""
    return Tangents(tangents.value[r], tangents.rise[r], tangents.since[r])


def outdate(arm: int, tangents: Tangents) -> None:
    """The statistics of an arm have changed."""
    tangents.rise[arm] = _OUTDATED


@inlined
def best_by_tangents(a: Any, b: Any, tangents: Tangents, params: Any, state: Any, key: np.uint64) -> int:
    """What `sim.worlds.selection.argmax.best_arm` would choose; −1 if every score is NaN."""
    first, runner_up = two_highest(a, b, tangents, params, state)
    for _ in range(_LOOKS):
        if first < 0 or solved(first, tangents, state):
            break
        solve(first, a, b, tangents, params, state)
        if tangents.value[first] > runner_up:
            return first
        first, runner_up = two_highest(a, b, tangents, params, state)
    if first < 0 or (solved(first, tangents, state) and tangents.value[first] > runner_up):
        return first
    return best_of_hopeful(tangents.value[first] - SCORE_ERROR, a, b, tangents, params, state, key)


@inlined
def two_highest(a: Any, b: Any, tangents: Tangents, params: Any, state: Any) -> tuple[int, float]:
    """(the arm of the highest ceiling, −1 for none; the highest ceiling of the others); solves what has changed."""
    highest, second, first = -math.inf, -math.inf, -1
    for arm in range(a.shape[0]):
        if tangents.rise[arm] < 0.0:
            solve(arm, a, b, tangents, params, state)
        bound = ceiling(arm, tangents, state)
        if bound > second:
            if bound > highest:
                highest, second, first = bound, highest, arm
            else:
                second = bound
    return first, second


def solve(arm: int, a: Any, b: Any, tangents: Tangents, params: Any, state: Any) -> None:
    """The arm's index as of now; its score needs no key."""
    value = score(a[arm], b[arm], state, params, np.uint64(0))
    tangents.value[arm] = value
    tangents.rise[arm] = max_slope(a[arm], b[arm], value, state, params)
    tangents.since[arm] = state[PROGRESS]


def solved(arm: int, tangents: Tangents, state: Any) -> bool:
    """Whether an arm's index is known as of now; an infinite one stays so."""
    return tangents.since[arm] == state[PROGRESS] or tangents.value[arm] == math.inf  # type: ignore[no-any-return]


def ceiling(arm: int, tangents: Tangents, state: Any) -> float:
    """No less than the arm's index now."""
    age = state[PROGRESS] - tangents.since[arm]
    if age == 0.0:
        return tangents.value[arm]  # type: ignore[no-any-return]
    return tangents.value[arm] + tangents.rise[arm] * age + SCORE_ERROR  # type: ignore[no-any-return]


def best_of_hopeful(floor: float, a: Any, b: Any, tangents: Tangents, params: Any, state: Any, key: np.uint64) -> int:
    """The arm of the largest index, which is at least `floor`, ties broken as `argmax.best_arm` does."""
    best, chosen, ties = -math.inf, -1, 0
    for arm in range(a.shape[0]):
        if ceiling(arm, tangents, state) >= max(best, floor):
            if not solved(arm, tangents, state):
                solve(arm, a, b, tangents, params, state)
            value = tangents.value[arm]
            if value > best:
                best, chosen, ties = value, arm, 1
            elif value == best:
                ties += 1
                if uniform(arm_key(key, a.shape[0] + ties)) * ties < 1.0:
                    chosen = arm
    return chosen
