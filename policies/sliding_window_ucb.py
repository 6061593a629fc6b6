"""Optimism on the latest pulls only."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Memory, Policy, Rule, Vector, parameter
from policies.ucb1 import WIDTH, score_mean_and_width, summarise_mean_and_width, support_mean_and_width


class _Params(NamedTuple):
    xi: float
    window: float


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[WIDTH] = math.sqrt(params.xi * math.log(max(min(t, params.window), 1.0)))


@dataclass(frozen=True, kw_only=True)
class SlidingWindowUcb(Policy):
    """mean + sqrt(xi · ln min(t, window) / n) over the last `window` pulls; an arm not pulled in them comes first."""

    window: int = parameter(1000, "pulls of the row that are remembered", low=1)
    xi: float = parameter(0.6, "width of the confidence bound; above 1/2 in the proofs", low=0.0)

    kind: ClassVar[str] = "sliding_window_ucb"
    source: ClassVar[str] = "Garivier & Moulines 2008, section 2 (SW-UCB), rewards in [0, 1]"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_mean_and_width, prepare=_prepare, score=score_mean_and_width, support=support_mean_and_width
    )
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The constant of the bound and the window."""
        return _Params(float(self.xi), float(self.window))

    @property
    def memory(self) -> Memory:
        """Only the last `window` pulls count."""
        return Memory(window=self.window)
