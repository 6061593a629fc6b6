"""Thompson sampling on the latest pulls only."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Memory, Policy, Rule, parameter
from policies.thompson_beta import POSTERIOR_RULE, Params


@dataclass(frozen=True, kw_only=True)
class SlidingWindowThompson(Policy):
    """A draw from Beta(prior successes + s, prior failures + n − s), counting the last `window` pulls of the row."""

    window: int = parameter(1000, "pulls of the row that are remembered", low=1)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback, never forgotten", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "sliding_window_thompson"
    source: ClassVar[str] = "Trovò, Paladino, Restelli & Gatti 2020, algorithm 1 (SW-TS)"
    score_ns: ClassVar[float] = 30.0
    rule: ClassVar[Rule] = POSTERIOR_RULE
    tail_evaluable: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior."""
        return Params(float(self.prior[0]), float(self.prior[1]))

    @property
    def memory(self) -> Memory:
        """Only the last `window` pulls count."""
        return Memory(window=self.window)
