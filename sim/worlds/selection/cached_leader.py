"""Who has the largest score where scores stand still: for policies with `state_independent_score`, see `policies.base`.

The leader of the last look leads still, as long as its score exceeds the largest that the others have had since; then
nobody else need be looked at. Where several lead, they are looked at every time, because chance decides among them.

Plain functions for kernels.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from sim.kernels import force_inline
from sim.worlds.selection.argmax import one_of


class Leader(NamedTuple):
    """The leader of each row, (rows, 1), or of one row, (1,)."""

    arm: Any
    """−1 where nobody, or nobody alone, is known to lead."""
    runner_up: Any
    """The largest score of the others, or more."""


def new_leader(rows: int) -> Leader:
    """Nobody known."""
    return Leader(np.full((rows, 1), -1, np.int64), np.zeros((rows, 1)))


def leader_of(leader: Leader, r: int) -> Leader:
    """That of row `r` alone."""
    return Leader(leader.arm[r], leader.runner_up[r])


@force_inline
def update_runner_up(arm: int, score: float, leader: Leader) -> None:
    """Take note of an arm's new score."""
    if arm != leader.arm[0] and score > leader.runner_up[0]:
        leader.runner_up[0] = score


@force_inline
def best_by_leader(a: Any, leader: Leader, key: np.uint64) -> int:
    """The position of the largest of `a` (arms,), ties broken uniformly; −1 if all are NaN."""
    arm = leader.arm[0]
    if arm >= 0 and a[arm] > leader.runner_up[0]:
        return arm  # type: ignore[no-any-return]
    return recompute(a, leader, key)


def recompute(a: Any, leader: Leader, key: np.uint64) -> int:
    """The same by looking at all arms."""
    first = second = -math.inf
    place = -1
    for arm in range(a.shape[0]):
        if a[arm] > first:
            first, second, place = a[arm], first, arm
        elif a[arm] > second:
            second = a[arm]
    leader.arm[0], leader.runner_up[0] = place, second
    return place if first > second else one_of(first, a, key)
