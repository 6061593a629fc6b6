"""Greedy on the posterior mean, with a prior that is fitted to the caption's results on other pages."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Rule, Vector
from policies.pooled_thompson import Params, PooledThompson, fit, observe_fleet, summarise_alone, summarise_fleet


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return a / (a + b)


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    return a / (a + b), a / (a + b)


@dataclass(frozen=True, kw_only=True)
class PooledPosteriorMean(PooledThompson):
    """The largest mean of the posterior that `pooled_thompson` draws from.

    The mean returns to what sold on any page; the cool-down makes it try other captions.
    """

    kind: ClassVar[str] = "pooled_posterior_mean"
    source: ClassVar[str] = "Efron & Morris 1975; prior of Bühlmann & Straub 1970, fitted by moments"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_alone,
        prepare=fit,
        score=_score,
        support=_support,
        observe_fleet=observe_fleet,
        summarise_fleet=summarise_fleet,
    )
    score_ns: ClassVar[float] = 5.0
    deterministic: ClassVar[bool] = True
