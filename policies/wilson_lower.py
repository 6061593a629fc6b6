"""The lower Wilson bound as an index: pessimism: the ranking of pages that show ratings."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Pair, Policy, Rule, parameter
from policies.maths.wilson import Params, Z, wilson_interval


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    return wilson_interval(params.prior_successes + s, params.prior_failures + max(n - s, 0.0), params.z)[0], 0.0


@dataclass(frozen=True, kw_only=True)
class WilsonLower(Policy):
    """The lower bound of the Wilson interval of the counts plus the prior, not clamped."""

    z: float = parameter(Z, "half width of the interval in standard deviations", low=0.0)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "wilson_lower"
    bounded_support: ClassVar[bool] = True
    source: ClassVar[str] = "Wilson 1927; Miller 2009, How not to sort by average rating"
    rule: ClassVar[Rule] = Rule(summarise=_summarise)
    deterministic: ClassVar[bool] = True
    state_independent_score: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The width and the prior."""
        return Params(float(self.z), float(self.prior[0]), float(self.prior[1]))
