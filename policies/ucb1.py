"""Optimism by Hoeffding's inequality."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter


def summarise_mean_and_width(
    n: float, s: float, ipw_successes: float, true_mean: float, params: Any
) -> tuple[float, float]:
    """The sample mean and 1/sqrt(n); +inf and 0 for an arm never pulled."""
    if n <= 0.0:
        return math.inf, 0.0
    return s / n, 1.0 / math.sqrt(n)


def score_mean_and_width(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    """The mean plus `state[0]` widths."""
    return a + b * float(state[0])


def support_mean_and_width(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    """The score itself, twice."""
    index = a + b * state[0]
    return index, index


def _prepare(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    state[0] = math.sqrt(params[0] * math.log(max(t, 1.0)))


@dataclass(frozen=True, kw_only=True)
class Ucb1(Policy):
    """mean + sqrt(alpha · ln t / n), t the trials of the row so far; an arm never pulled comes first."""

    alpha: float = parameter(2.0, "width of the confidence bound", low=0.0)

    kind: ClassVar[str] = "ucb1"
    source: ClassVar[str] = "Auer, Cesa-Bianchi & Fischer 2002, figure 1 (alpha = 2)"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_mean_and_width, prepare=_prepare, score=score_mean_and_width, support=support_mean_and_width
    )
    vectorise_from: ClassVar[int] = 32
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> tuple[float, ...]:
        """(alpha,)."""
        return (float(self.alpha),)
