"""Knows the truth: the policy of regret zero."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Pair, Params, Policy, Rule, parameter


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    return true_mean, 0.0


@dataclass(frozen=True, kw_only=True)
class Oracle(Policy):
    """Send the arm that is truly best; for comparison only."""

    by: str = parameter("reward", "which truth is maximised", choices=("reward", "revenue"))

    kind: ClassVar[str] = "oracle"
    source: ClassVar[str] = "full information: regret is 0 by definition"
    rule: ClassVar[Rule] = Rule(summarise=_summarise)
    deterministic: ClassVar[bool] = True
    state_independent_score: ClassVar[bool] = True

    @property
    def true_mean_of(self) -> str:
        """The truth that `by` names."""
        return self.by
