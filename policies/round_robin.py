"""Rotation: the arm with the fewest trials first."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Pair, Params, Policy, Rule


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    return -n, 0.0


@dataclass(frozen=True, kw_only=True)
class RoundRobin(Policy):
    """Send the arm with the fewest trials, as the statistics show them; it learns nothing from outcomes.

    The baseline that every policy must beat where captions wear out: rotation alone lets tired captions rest.
    """

    kind: ClassVar[str] = "round_robin"
    source: ClassVar[str] = "no learning; cyclic allocation as in the exploration phase of Robbins 1952"
    rule: ClassVar[Rule] = Rule(summarise=_summarise)
    deterministic: ClassVar[bool] = True
    state_independent_score: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
