"""Exponential weights: no assumption about where rewards come from."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import open_uniform

LOG_SUM, ETA = 0, 1  # places in `state`: ln Σ exp(eta · w), and eta = gamma / K


class _Params(NamedTuple):
    gamma: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    return ipw_successes, 0.0


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    eta = params.gamma / len(a)
    largest = 0.0
    for estimate in a:
        largest = max(largest, estimate)
    total = 0.0
    for estimate in a:
        total += math.exp(eta * (estimate - largest))
    state[LOG_SUM] = eta * largest + math.log(total)
    state[ETA] = eta


def _propensity(a: float, state: Vector, gamma: float) -> float:
    return (1.0 - gamma) * math.exp(state[ETA] * a - state[LOG_SUM]) + state[ETA]


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    # Exponential clocks of rate p: arm a rings first with probability p_a (the Gumbel trick with one logarithm less).
    return -_propensity(a, state, params.gamma) / math.log(open_uniform(key))


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return 0.0, math.inf


def _weight(a: float, b: float, state: Vector, params: _Params) -> float:
    return 1.0 / _propensity(a, state, params.gamma)


@dataclass(frozen=True, kw_only=True)
class Exp3(Policy):
    """An arm with probability (1 − gamma) exp(eta w) / Σ exp(eta w) + gamma / K, eta = gamma / K, of K arms.

    w is the sum of the arm's outcomes, each divided by the probability with which the arm was sent.
    """

    gamma: float = parameter(0.1, "share of uniform exploration", low=0.0, high=1.0, open_low=True)

    kind: ClassVar[str] = "exp3"
    source: ClassVar[str] = "Auer, Cesa-Bianchi, Freund & Schapire 2002, figure 1"
    score_ns: ClassVar[float] = 18.0
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=_support, weight=_weight)
    state_size: ClassVar[int] = 2
    weighted: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The share of uniform exploration."""
        return _Params(float(self.gamma))
