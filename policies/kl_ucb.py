"""Optimism by relative entropy: asymptotically optimal for Bernoulli arms."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import PROGRESS, Key, Pair, Policy, Rule, Vector, parameter
from policies.greedy import summarise_mean
from policies.maths.divergence import kl_reach, kl_upper, kl_upper_slope


class _Params(NamedTuple):
    c: float


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    log_t = math.log(max(t, 1.0))
    slack = params.c * math.log(log_t) if params.c > 0.0 and log_t > 0.0 else 0.0
    state[PROGRESS] = max(log_t + slack, 0.0)


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return kl_upper(a, state[PROGRESS] / b) if b > 0.0 else math.inf


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return (a, kl_reach(a, state[PROGRESS] / b)) if b > 0.0 else (math.inf, math.inf)


def _slope(a: float, b: float, value: float, state: Vector, params: _Params) -> float:
    return kl_upper_slope(a, value) / b if b > 0.0 else 0.0


@dataclass(frozen=True, kw_only=True)
class KlUcb(Policy):
    """The largest q with n · kl(mean, q) <= ln t + c · ln ln t; an arm never pulled comes first."""

    c: float = parameter(0.0, "weight of ln ln t; 3 in the proofs, 0 recommended", low=0.0)

    kind: ClassVar[str] = "kl_ucb"
    source: ClassVar[str] = "Garivier & Cappé 2011, algorithm 1"
    score_ns: ClassVar[float] = 7.0
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_mean, prepare=_prepare, score=_score, support=_support, max_slope=_slope
    )
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prune_by_upper_bound: ClassVar[bool] = True
    concave_index: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The weight of ln ln t."""
        return _Params(float(self.c))
