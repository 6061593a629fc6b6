"""The largest sample mean: exploits, never explores on purpose."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Pair, Params, Policy, Rule


def summarise_mean(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    """The sample mean, +inf for an arm never pulled, and the trials."""
    if n <= 0.0:
        return math.inf, 0.0
    return s / n, n


@dataclass(frozen=True, kw_only=True)
class Greedy(Policy):
    """Send the arm of the largest sample mean; an arm never pulled comes first."""

    kind: ClassVar[str] = "greedy"
    bounded_support: ClassVar[bool] = True
    source: ClassVar[str] = "Sutton & Barto 2018, Reinforcement Learning, eq. 2.2"
    rule: ClassVar[Rule] = Rule(summarise=summarise_mean)
    deterministic: ClassVar[bool] = True
    state_independent_score: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
