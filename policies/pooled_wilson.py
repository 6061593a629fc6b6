"""The deployed rule on counts to which the caption's results on other pages are added."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Rule, Vector, parameter
from policies.maths.draws import uniform
from policies.maths.wilson import Z, wilson_interval
from policies.pooled_thompson import (
    STATE_SIZE,
    Params,
    PooledThompson,
    fit,
    observe_fleet,
    summarise_alone,
    summarise_fleet,
)
from policies.wilson_widening import widened

WIDTH = STATE_SIZE  # place in `state`: half width of the interval in standard deviations


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    fit(t, n, a, b, params, state, key)
    state[WIDTH] = widened(params.z, t) if params.widening > 0.0 else params.z


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    lower, upper = wilson_interval(a, b, state[WIDTH])
    return max(0.0, min(1.0, lower + (upper - lower) * uniform(key)))


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    lower, upper = wilson_interval(a, b, state[WIDTH])
    return max(0.0, min(1.0, lower)), max(0.0, min(1.0, upper))


@dataclass(frozen=True, kw_only=True)
class PooledWilson(PooledThompson):
    """A uniform draw from the Wilson interval of the page's counts plus a prior fitted to the other pages.

    The prior counts are those of `pooled_thompson`. The support is bounded, as that of `wilson_sample` is. With
    `widening: messages` the interval grows with the messages of the page, as that of `wilson_widening` does.
    """

    z: float = parameter(Z, "half width of the interval in standard deviations", low=0.0)
    widening: str = parameter(
        "none", "whether the interval grows with the messages of the page", choices=("none", "messages")
    )

    kind: ClassVar[str] = "pooled_wilson"
    source: ClassVar[str] = "interval of Wilson 1927; prior of Bühlmann & Straub 1970, fitted by moments"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_alone,
        prepare=_prepare,
        score=_score,
        support=_support,
        observe_fleet=observe_fleet,
        summarise_fleet=summarise_fleet,
    )
    state_size: ClassVar[int] = STATE_SIZE + 1
    score_ns: ClassVar[float] = 1.0
    bounded_support: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior, the width of the interval, and whether it grows."""
        return super().parameters()._replace(z=float(self.z), widening=float(self.widening != "none"))
