"""Greedy on a random pool of the arms: enough where there are many arms and few trials."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.greedy import summarise_mean

FULL = 0  # place in `state`: above 0 once as many arms as the pool holds have been tried


class _Params(NamedTuple):
    pool: float


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    tried = 0
    for trials in b:
        tried += trials > 0.0
    state[FULL] = 1.0 if tried >= params.pool else 0.0


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return -1.0 if a == math.inf and state[FULL] > 0.0 else a


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    score = -1.0 if a == math.inf and state[FULL] > 0.0 else a
    return score, score


@dataclass(frozen=True, kw_only=True)
class SubsampledGreedy(Policy):
    """The largest sample mean among the first `pool` arms that were tried; until then a new arm, drawn uniformly.

    Arms count as tried once their first feedback is known, so late feedback enlarges the pool.
    """

    pool: int = parameter(100, "arms to choose from; about sqrt(T) for a uniform prior and T trials", low=1)

    kind: ClassVar[str] = "subsampled_greedy"
    source: ClassVar[str] = "Bayati, Hamidi, Johari & Khosravi 2020, Unreasonable effectiveness of greedy algorithms"
    rule: ClassVar[Rule] = Rule(summarise=summarise_mean, prepare=_prepare, score=_score, support=_support)
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prepare_reads_tried: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The size of the pool."""
        return _Params(float(self.pool))
