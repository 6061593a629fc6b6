"""Minimax optimal strategy in the stochastic case."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.greedy import summarise_mean

SHARE, FACTOR = 0, 1  # places in `state`: T / K, and what multiplies the logarithm


class _Params(NamedTuple):
    horizon: float
    alpha: float


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    known = params.horizon > 0.0
    state[SHARE] = (params.horizon if known else float(t)) / len(n)
    state[FACTOR] = 1.0 if known else 0.5 * (1.0 + params.alpha)


def _index(mean: float, n: float, state: Vector) -> float:
    if n <= 0.0:
        return math.inf
    ratio = state[SHARE] / n
    return mean + math.sqrt(float(state[FACTOR]) * math.log(ratio) / n) if ratio > 1.0 else mean


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return _index(a, b, state)


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    index = _index(a, b, state)
    return index, index


@dataclass(frozen=True, kw_only=True)
class Moss(Policy):
    """mean + sqrt(max(0, ln(T / (K n))) / n) of K arms and horizon T; an arm never pulled comes first.

    Without a horizon it is the anytime variant: T becomes the trials so far, and the width grows by (1 + alpha) / 2
    under the root.
    """

    horizon: float | None = parameter(None, "trials of the row in all; null: the anytime variant", low=1.0)
    alpha: float = parameter(1.35, "widening of the anytime variant", low=0.0)

    kind: ClassVar[str] = "moss"
    source: ClassVar[str] = "Audibert & Bubeck 2009 (MOSS); anytime: Degenne & Perchet 2016 (MOSS-anytime)"
    rule: ClassVar[Rule] = Rule(summarise=summarise_mean, prepare=_prepare, score=_score, support=_support)
    state_size: ClassVar[int] = 2
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The horizon (0: none) and the widening."""
        return _Params(float(self.horizon or 0.0), float(self.alpha))
