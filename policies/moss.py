"""Minimax optimal strategy in the stochastic case."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter
from policies.greedy import summarise_mean


def _prepare(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    known = params[0] > 0.0
    state[0] = (params[0] if known else float(t)) / len(n)
    state[1] = 1.0 if known else 0.5 * (1.0 + params[1])


def _index(mean: float, n: float, state: Any) -> float:
    if n <= 0.0:
        return math.inf
    ratio = state[0] / n
    return mean + math.sqrt(float(state[1]) * math.log(ratio) / n) if ratio > 1.0 else mean


def _score(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return _index(a, b, state)


def _support(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    index = _index(a, b, state)
    return index, index


@dataclass(frozen=True, kw_only=True)
class Moss(Policy):
    """mean + sqrt(max(0, ln(T / (K n))) / n) of K arms and horizon T; an arm never pulled comes first.

    Without a horizon it is the anytime variant: T becomes the trials so far, and the width grows by (1 + alpha) / 2
    under the root.
    """

    horizon: float | None = parameter(None, "trials of the row in all; null: the anytime variant", low=1.0)
    alpha: float = parameter(1.35, "widening of the anytime variant", low=0.0)

    kind: ClassVar[str] = "moss"
    source: ClassVar[str] = "Audibert & Bubeck 2009 (MOSS); anytime: Degenne & Perchet 2016 (MOSS-anytime)"
    rule: ClassVar[Rule] = Rule(summarise=summarise_mean, prepare=_prepare, score=_score, support=_support)
    state_size: ClassVar[int] = 2
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> tuple[float, ...]:
        """(horizon, or 0 where there is none; alpha)."""
        return float(self.horizon or 0.0), float(self.alpha)
