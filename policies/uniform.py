"""Every arm with the same probability: the baseline that every policy must beat."""

from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule
from policies.maths.draws import uniform


def _derive(n: float, s: float, w: float, truth: float, params: Any) -> tuple[float, float]:
    return 0.0, 0.0


def _score(x: float, y: float, state: Any, params: Any, key: Any) -> float:
    return uniform(key)


def _quantile(x: float, y: float, state: Any, params: Any, u: float) -> float:
    return u


def _support(x: float, y: float, state: Any, params: Any) -> tuple[float, float]:
    return 0.0, 1.0


def _propensity(arm: int, x: Any, y: Any, state: Any, params: Any) -> float:
    return 1.0 / len(x)


@dataclass(frozen=True, kw_only=True)
class Uniform(Policy):
    """Send an arm drawn uniformly, whatever its statistics."""

    kind: ClassVar[str] = "uniform"
    source: ClassVar[str] = "no learning: regret after T pulls is T · (best mean − mean of the means)"
    rule: ClassVar[Rule] = Rule(
        derive=_derive, score=_score, support=_support, quantile=_quantile, propensity=_propensity
    )
    pools_cold: ClassVar[bool] = True
