"""Optimism that knows how little a Bernoulli arm varies."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Params, Policy, Rule, Vector
from policies.greedy import summarise_mean

LOG_T = 0  # place in `state`


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    state[LOG_T] = math.log(max(t, 1.0))


def _index(mean: float, n: float, log_t: float) -> float:
    if n <= 0.0:
        return math.inf
    share = log_t / n
    variance = mean * (1.0 - mean) + math.sqrt(2.0 * share)
    return mean + math.sqrt(share * min(0.25, variance))


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return _index(a, b, state[LOG_T])


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    index = _index(a, b, state[LOG_T])
    return index, index


@dataclass(frozen=True, kw_only=True)
class UcbTuned(Policy):
    """mean + sqrt(ln t / n · min(1/4, mean (1 − mean) + sqrt(2 ln t / n))); an arm never pulled comes first."""

    kind: ClassVar[str] = "ucb_tuned"
    source: ClassVar[str] = "Auer, Cesa-Bianchi & Fischer 2002, section 4 (UCB1-TUNED)"
    rule: ClassVar[Rule] = Rule(summarise=summarise_mean, prepare=_prepare, score=_score, support=_support)
    vectorise_from: ClassVar[int] = 32
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
