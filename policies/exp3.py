"""Exponential weights: no assumption about where rewards come from."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter
from policies.maths.draws import open_uniform

# state: [0] ln Σ exp(eta · w), [1] eta = gamma / K


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    return ipw_successes, 0.0


def _prepare(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    eta = params[0] / len(a)
    largest = 0.0
    for estimate in a:
        largest = max(largest, estimate)
    total = 0.0
    for estimate in a:
        total += math.exp(eta * (estimate - largest))
    state[0] = eta * largest + math.log(total)
    state[1] = eta


def _propensity(a: float, state: Any, gamma: float) -> float:
    return (1.0 - gamma) * math.exp(state[1] * a - state[0]) + float(state[1])


def _score(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    # Exponential clocks of rate p: arm a rings first with probability p_a (the Gumbel trick with one logarithm less).
    return -_propensity(a, state, params[0]) / math.log(open_uniform(key))


def _support(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    return 0.0, math.inf


def _weight(a: float, b: float, state: Any, params: Any) -> float:
    return 1.0 / _propensity(a, state, params[0])


@dataclass(frozen=True, kw_only=True)
class Exp3(Policy):
    """An arm with probability (1 − gamma) exp(eta w) / Σ exp(eta w) + gamma / K, eta = gamma / K, of K arms.

    w is the sum of the arm's outcomes, each divided by the probability with which the arm was sent.
    """

    gamma: float = parameter(0.1, "share of uniform exploration", low=0.0, high=1.0, open_low=True)

    kind: ClassVar[str] = "exp3"
    source: ClassVar[str] = "Auer, Cesa-Bianchi, Freund & Schapire 2002, figure 1"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=_support, weight=_weight)
    state_size: ClassVar[int] = 2
    weighted: ClassVar[bool] = True

    def parameters(self) -> tuple[float, ...]:
        """(gamma,)."""
        return (float(self.gamma),)
