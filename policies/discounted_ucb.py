"""Optimism that slowly forgets."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Memory, Policy, Rule, parameter
from policies.ucb1 import score_mean_and_width, summarise_mean_and_width, support_mean_and_width


def _prepare(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    total = 0.0
    for count in n:
        total += count
    state[0] = 2.0 * math.sqrt(params[0] * math.log(max(total, 1.0)))


@dataclass(frozen=True, kw_only=True)
class DiscountedUcb(Policy):
    """mean + 2 sqrt(xi · ln N / n), counts faded by `discount` a pull, N their sum; an arm never pulled comes first."""

    discount: float = parameter(0.999, "what a trial is worth one pull later", low=0.0, high=1.0, open_low=True)
    xi: float = parameter(0.6, "width of the confidence bound; above 1/2 in the proofs", low=0.0)

    kind: ClassVar[str] = "discounted_ucb"
    source: ClassVar[str] = "Garivier & Moulines 2008, section 2 (D-UCB), rewards in [0, 1]"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_mean_and_width, prepare=_prepare, score=score_mean_and_width, support=support_mean_and_width
    )
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True

    def parameters(self) -> tuple[float, ...]:
        """(xi,)."""
        return (float(self.xi),)

    @property
    def memory(self) -> Memory:
        """Every pull multiplies all counts by `discount`."""
        return Memory(discount=self.discount)
