"""Softmax of the sample means."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter
from policies.maths.draws import gumbel


def _derive(n: float, s: float, w: float, truth: float, params: Any) -> tuple[float, float]:
    return (s / n / params[0] if n > 0.0 else math.inf), 0.0


def _score(x: float, y: float, state: Any, params: Any, key: Any) -> float:
    return x + gumbel(key)


def _support(x: float, y: float, state: Any, params: Any) -> tuple[float, float]:
    return (x, x) if x == math.inf else (-math.inf, math.inf)


def _propensity(arm: int, x: Any, y: Any, state: Any, params: Any) -> float:
    largest = -math.inf
    for value in x:
        largest = max(largest, value)
    total = 0.0
    for value in x:
        total += _share(value, largest)
    return _share(x[arm], largest) / total


def _share(x: float, largest: float) -> float:
    """Proportional to the probability; arms never pulled, infinite, share it evenly."""
    return 1.0 if x == largest else math.exp(x - largest)


@dataclass(frozen=True, kw_only=True)
class Boltzmann(Policy):
    """An arm with probability proportional to exp(mean / temperature); an arm never pulled comes first."""

    temperature: float = parameter(0.1, "spread of the choice, in units of the mean", low=1e-6)

    kind: ClassVar[str] = "boltzmann"
    source: ClassVar[str] = "Luce 1959; Sutton & Barto 1998, section 2.3; drawn as an argmax by Gumbel 1954"
    rule: ClassVar[Rule] = Rule(derive=_derive, score=_score, support=_support, propensity=_propensity)

    def parameters(self) -> tuple[float, ...]:
        """(temperature,)."""
        return (float(self.temperature),)
