"""Indexed minimum empirical divergence: optimal like kl_ucb, without solving an equation."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Params, Policy, Rule, Vector
from policies.greedy import summarise_mean
from policies.maths.divergence import kl

_LARGEST = 1e300  # in place of an infinite divergence: an arm that failed once, where the best never did
BEST = 0  # place in `state` of the largest sample mean


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    best = 0.0
    for arm in range(len(a)):
        if b[arm] > 0.0:
            best = max(best, a[arm])
    state[BEST] = min(best, 1.0)


def _index(mean: float, n: float, best: float) -> float:
    return -n * kl(mean, best - mean) - math.log(n) if n > 0.0 else math.inf


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return max(_index(a, b, state[BEST]), -_LARGEST)


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    score = max(_index(a, b, state[BEST]), -_LARGEST)
    return score, score


@dataclass(frozen=True, kw_only=True)
class Imed(Policy):
    """The least n · kl(mean, largest mean) + ln n; an arm never pulled comes first."""

    kind: ClassVar[str] = "imed"
    source: ClassVar[str] = "Honda & Takemura 2015, algorithm 1 (IMED)"
    rule: ClassVar[Rule] = Rule(summarise=summarise_mean, prepare=_prepare, score=_score, support=_support)
    score_ns: ClassVar[float] = 7.0
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prepare_reads_tried: ClassVar[bool] = True
