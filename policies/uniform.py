"""Every arm with the same probability: the baseline that every policy must beat."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Params, Policy, Rule, Vector
from policies.maths.draws import uniform
from policies.maths.laws import uniform_law


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    return 0.0, 0.0


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return uniform(key)


def _quantile(a: float, b: float, state: Vector, params: Params, u: float) -> float:
    return u


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    return 0.0, 1.0


def _distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    return uniform_law(0.0, 1.0, x)


@dataclass(frozen=True, kw_only=True)
class Uniform(Policy):
    """Send an arm drawn uniformly, whatever its statistics."""

    kind: ClassVar[str] = "uniform"
    source: ClassVar[str] = "no learning: regret after T pulls is T · (best mean − mean of the means)"
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, score=_score, support=_support, quantile=_quantile, distribution=_distribution
    )
    exchangeable_untried: ClassVar[bool] = True
