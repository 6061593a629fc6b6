"""Softmax of the sample means."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import gumbel


class _Params(NamedTuple):
    temperature: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    return (s / n / params.temperature if n > 0.0 else math.inf), 0.0


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return a + gumbel(key)


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return (a, a) if a == math.inf else (-math.inf, math.inf)


def _propensity(arm: int, a: Vector, b: Vector, state: Vector, params: _Params) -> float:
    largest = -math.inf
    for value in a:
        largest = max(largest, value)
    total = 0.0
    for value in a:
        total += _share(value, largest)
    return _share(a[arm], largest) / total


def _share(a: float, largest: float) -> float:
    """Proportional to the probability; arms never pulled, infinite, share it evenly."""
    return 1.0 if a == largest else math.exp(a - largest)


@dataclass(frozen=True, kw_only=True)
class Boltzmann(Policy):
    """An arm with probability proportional to exp(mean / temperature); an arm never pulled comes first."""

    temperature: float = parameter(0.1, "spread of the choice, in units of the mean", low=1e-6)

    kind: ClassVar[str] = "boltzmann"
    source: ClassVar[str] = "Luce 1959; Sutton & Barto 1998, section 2.3; drawn as an argmax by Gumbel 1954"
    score_ns: ClassVar[float] = 18.0
    rule: ClassVar[Rule] = Rule(summarise=_summarise, score=_score, support=_support, propensity=_propensity)

    def parameters(self) -> _Params:
        """The temperature."""
        return _Params(float(self.temperature))
