"""Thompson sampling that slowly forgets."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Memory, Policy, Rule, parameter
from policies.thompson_beta import POSTERIOR_RULE, Params


@dataclass(frozen=True, kw_only=True)
class DiscountedThompson(Policy):
    """A draw from Beta(prior successes + s, prior failures + n − s), all counts faded by `discount` a pull."""

    discount: float = parameter(0.999, "what a trial is worth one pull later", low=0.0, high=1.0, open_low=True)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback, never forgotten", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "discounted_thompson"
    source: ClassVar[str] = "Raj & Kalyani 2017, algorithm 1 (dTS)"
    score_ns: ClassVar[float] = 30.0
    rule: ClassVar[Rule] = POSTERIOR_RULE
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior."""
        return Params(float(self.prior[0]), float(self.prior[1]))

    @property
    def memory(self) -> Memory:
        """Every pull multiplies all counts by `discount`."""
        return Memory(discount=self.discount)
