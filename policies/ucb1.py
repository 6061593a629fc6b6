"""Optimism by Hoeffding's inequality."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter

WIDTH = 0  # place in `state` of the factor of 1/sqrt(n)


class _Params(NamedTuple):
    alpha: float


def summarise_mean_and_width(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    """The sample mean and 1/sqrt(n); +inf and 0 for an arm never pulled."""
    if n <= 0.0:
        return math.inf, 0.0
    return s / n, 1.0 / math.sqrt(n)


def score_mean_and_width(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    """The mean plus `state[WIDTH]` widths."""
    return a + b * state[WIDTH]


def support_mean_and_width(a: float, b: float, state: Vector, params: _Params) -> Pair:
    """The score itself, twice."""
    index = a + b * state[WIDTH]
    return index, index


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[WIDTH] = math.sqrt(params.alpha * math.log(max(t, 1.0)))


@dataclass(frozen=True, kw_only=True)
class Ucb1(Policy):
    """mean + sqrt(alpha · ln t / n), t the trials of the row so far; an arm never pulled comes first."""

    alpha: float = parameter(2.0, "width of the confidence bound", low=0.0)

    kind: ClassVar[str] = "ucb1"
    source: ClassVar[str] = "Auer, Cesa-Bianchi & Fischer 2002, figure 1 (alpha = 2)"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_mean_and_width, prepare=_prepare, score=score_mean_and_width, support=support_mean_and_width
    )
    vectorise_from: ClassVar[int] = 32
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The constant of the bound."""
        return _Params(float(self.alpha))
