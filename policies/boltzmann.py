"""Softmax of the sample means."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter
from policies.draws import gumbel


def _derive(n: float, s: float, w: float, truth: float, params: Any) -> tuple[float, float]:
    return (s / n / params[0] if n > 0.0 else math.inf), 0.0


def _score(x: float, y: float, state: Any, params: Any, key: Any) -> float:
    return x + gumbel(key)


def _support(x: float, y: float, state: Any, params: Any) -> tuple[float, float]:
    return (x, x) if x == math.inf else (-math.inf, math.inf)


@dataclass(frozen=True, kw_only=True)
class Boltzmann(Policy):
    """An arm with probability proportional to exp(mean / temperature); an arm never pulled comes first."""

    temperature: float = parameter(0.1, "spread of the choice, in units of the mean", low=1e-6)

    kind: ClassVar[str] = "boltzmann"
    source: ClassVar[str] = "Luce 1959; Sutton & Barto 1998, section 2.3; drawn as an argmax by Gumbel 1954"
    rule: ClassVar[Rule] = Rule(derive=_derive, score=_score, support=_support)

    def parameters(self) -> tuple[float, ...]:
        """(temperature,)."""
        return (float(self.temperature),)
