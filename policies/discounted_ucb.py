"""Optimism that slowly forgets."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Memory, Policy, Rule, Vector, parameter
from policies.ucb1 import WIDTH, score_mean_and_width, summarise_mean_and_width, support_mean_and_width


class _Params(NamedTuple):
    xi: float


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    total = 0.0
    for count in n:
        total += count
    state[WIDTH] = 2.0 * math.sqrt(params.xi * math.log(max(total, 1.0)))


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

    def parameters(self) -> _Params:
        """The constant of the bound."""
        return _Params(float(self.xi))

    @property
    def memory(self) -> Memory:
        """Every pull multiplies all counts by `discount`."""
        return Memory(discount=self.discount)
