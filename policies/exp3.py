"""Exponential weights: no assumption about where rewards come from."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter
from policies.maths.draws import open_uniform

# state: [0] ln Σ exp(eta · w), [1] eta = gamma / K


def _derive(n: float, s: float, w: float, truth: float, params: Any) -> tuple[float, float]:
    return w, 0.0


def _prepare(t: Any, n: Any, x: Any, y: Any, params: Any, state: Any, key: Any) -> None:
    eta = params[0] / len(x)
    largest = 0.0
    for estimate in x:
        largest = max(largest, estimate)
    total = 0.0
    for estimate in x:
        total += math.exp(eta * (estimate - largest))
    state[0] = eta * largest + math.log(total)
    state[1] = eta


def _propensity(x: float, state: Any, gamma: float) -> float:
    return (1.0 - gamma) * math.exp(state[1] * x - state[0]) + float(state[1])


def _score(x: float, y: float, state: Any, params: Any, key: Any) -> float:
    # Exponential clocks of rate p: arm a rings first with probability p_a (the Gumbel trick with one logarithm less).
    return -_propensity(x, state, params[0]) / math.log(open_uniform(key))


def _support(x: float, y: float, state: Any, params: Any) -> tuple[float, float]:
    return 0.0, math.inf


def _weight(x: float, y: float, state: Any, params: Any) -> float:
    return 1.0 / _propensity(x, state, params[0])


@dataclass(frozen=True, kw_only=True)
class Exp3(Policy):
    """An arm with probability (1 − gamma) exp(eta w) / Σ exp(eta w) + gamma / K, eta = gamma / K, of K arms.

    w is the sum of the arm's outcomes, each divided by the probability with which the arm was sent.
    """

    gamma: float = parameter(0.1, "share of uniform exploration", low=0.0, high=1.0, open_low=True)

    kind: ClassVar[str] = "exp3"
    source: ClassVar[str] = "Auer, Cesa-Bianchi, Freund & Schapire 2002, figure 1"
    rule: ClassVar[Rule] = Rule(derive=_derive, prepare=_prepare, score=_score, support=_support, weight=_weight)
    state_size: ClassVar[int] = 2
    weighted: ClassVar[bool] = True

    def parameters(self) -> tuple[float, ...]:
        """(gamma,)."""
        return (float(self.gamma),)
