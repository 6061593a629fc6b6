"""Confidence-bound target: keep an arm while it may be as good as a target, else try a new one."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter

TARGET = 0  # place in `state`: the loss that an arm must promise to be kept


class _Params(NamedTuple):
    horizon: float
    target: float
    width: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    """The lower confidence bound of the loss, +inf for a new arm, and the losses."""
    if n <= 0.0:
        return math.inf, 0.0
    loss = max(n - s, 0.0) / n
    spread = math.sqrt(loss * max(1.0 - loss, 0.0) / n)
    return max(loss / params.width, loss - params.width * spread), max(n - s, 0.0)


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[TARGET] = params.target
    if params.target < 0.0:
        losses = 0.0
        for each in b:
            losses += each
        state[TARGET] = losses / params.horizon


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return 0.0 if a == math.inf else state[TARGET] - a


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    score = 0.0 if a == math.inf else state[TARGET] - a
    return score, score


@dataclass(frozen=True, kw_only=True)
class Cbt(Policy):
    """The tried arm of the least lower confidence bound of the loss 1 − mean, while that is below the target.

    Otherwise a new arm. For many more arms than trials: most are never tried. The bound is the larger one of
    loss / w and loss − w · sd / sqrt(n), w = ln ln T. The optimal target for a uniform prior is sqrt(2 / T). A `target`
    of null is the empirical one: all losses so far, divided by T.
    """

    horizon: float = parameter(10_000.0, "T, trials of the row in all", low=16.0)
    target: float | None = parameter(None, "loss that an arm must promise; null: empirical", low=0.0)

    kind: ClassVar[str] = "cbt"
    source: ClassVar[str] = "Chan & Hu 2018, Infinite arms bandit: optimality via confidence bounds"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=_support)
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prepare_reads_tried: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The horizon, the target (negative: empirical), and the width of the bound."""
        target = -1.0 if self.target is None else float(self.target)
        return _Params(float(self.horizon), target, math.log(math.log(self.horizon)))
