"""Try every arm equally often, then stay with the best for ever."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import STREAM, arm_key, uniform

_HALF = np.uint64(32)
_LOW_BITS = np.uint64(0xFFFFFFFF)

# Places in `state`: the committed arm's position + 1, or 0; the two halves of its key in this decision, by which
# `score` knows the arm; its a and b; and whether another arm has the same a and b, so that `support` cannot tell.
COMMITTED, KEY_HIGH, KEY_LOW, OWN_A, OWN_B, TIED = range(6)


class _Params(NamedTuple):
    m: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    return n, s


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    if state[COMMITTED] == 0.0 and _explored(a, params.m):
        state[COMMITTED] = _best(a, b, key) + 1.0
    if state[COMMITTED] > 0.0:
        _point_to(int(state[COMMITTED]) - 1, a, b, state, key)


def _explored(a: Vector, pulls: float) -> bool:
    behind = 0
    for arm in range(len(a)):
        if a[arm] < pulls:
            behind += 1
    return behind == 0


def _best(a: Vector, b: Vector, key: Key) -> int:
    """The position of the largest mean, ties broken uniformly."""
    best, chosen, ties = -1.0, 0, 0
    for arm in range(len(a)):
        mean = b[arm] / a[arm]
        if mean > best:
            best, chosen, ties = mean, arm, 1
        elif mean == best:
            ties += 1
            key = key + STREAM
            if uniform(key) * ties < 1.0:
                chosen = arm
    return chosen


def _point_to(arm: int, a: Vector, b: Vector, state: Vector, key: Key) -> None:
    own = arm_key(key, arm)
    state[KEY_HIGH], state[KEY_LOW] = float(own >> _HALF), float(own & _LOW_BITS)
    state[OWN_A], state[OWN_B] = a[arm], b[arm]
    tied = 0
    for other in range(len(a)):
        if a[other] == a[arm] and b[other] == b[arm]:
            tied += 1
    state[TIED] = 1.0 if tied > 1 else 0.0


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    if state[COMMITTED] == 0.0:
        return 1.0 if a < params.m else 0.0
    return 1.0 if float(key >> _HALF) == state[KEY_HIGH] and float(key & _LOW_BITS) == state[KEY_LOW] else 0.0


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    if state[COMMITTED] == 0.0:
        return (1.0, 1.0) if a < params.m else (0.0, 0.0)
    if a != state[OWN_A] or b != state[OWN_B]:
        return 0.0, 0.0
    return (0.0, 1.0) if state[TIED] > 0.0 else (1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class ExploreThenCommit(Policy):
    """Until every arm shows `m` trials, one with fewer, drawn uniformly; then for ever the best mean of that moment.

    Trials count as the statistics show them, so late feedback prolongs the exploration. The commitment is to a
    place among the arms: a newcomer that takes the committed arm's place inherits it.
    """

    m: int = parameter(50, "trials of each arm before committing", low=1)

    kind: ClassVar[str] = "explore_then_commit"
    bounded_support: ClassVar[bool] = True
    source: ClassVar[str] = "Robbins 1952; Lattimore & Szepesvári 2020, Bandit Algorithms, algorithm 1"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=_support)
    state_size: ClassVar[int] = 6

    def parameters(self) -> _Params:
        """Trials of each arm before committing."""
        return _Params(float(self.m))
