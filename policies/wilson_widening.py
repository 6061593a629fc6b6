"""The deployed rule with an interval that widens with the evidence on the page, so that no arm is locked out."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import uniform
from policies.maths.laws import uniform_law
from policies.maths.wilson import Params, Z, wilson_interval

WIDTH = 0  # place in `state`: half width of the interval in standard deviations


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    return params.prior_successes + s, params.prior_failures + max(n - s, 0.0)


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    state[WIDTH] = widened(params.z, t)


def widened(z: float, t: float) -> float:
    """Half width of the interval in standard deviations after t trials of the page."""
    return z * math.sqrt(1.0 + math.log(1.0 + max(t, 0.0)))


def _point(a: float, b: float, share: float, state: Vector) -> float:
    lower, upper = wilson_interval(a, b, state[WIDTH])
    return max(0.0, min(1.0, lower + (upper - lower) * share))


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return _point(a, b, uniform(key), state)


def _quantile(a: float, b: float, state: Vector, params: Params, u: float) -> float:
    return _point(a, b, u, state)


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    return _point(a, b, 0.0, state), _point(a, b, 1.0, state)


def _distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    low, high = _support(a, b, state, params)
    return uniform_law(low, high, x)


@dataclass(frozen=True, kw_only=True)
class WilsonWidening(Policy):
    """A uniform draw from the Wilson interval of width z · sqrt(1 + ln(1 + t)), t the trials of the page so far.

    The interval of an arm that gets no trials widens for ever, as the one of ucb1 does, until it overlaps again.
    """

    z: float = parameter(Z, "half width of the interval at the first trial, in standard deviations", low=0.0)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "wilson_widening"
    source: ClassVar[str] = "interval of Wilson 1927; growth of Auer, Cesa-Bianchi & Fischer 2002, figure 1"
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise,
        prepare=_prepare,
        score=_score,
        support=_support,
        quantile=_quantile,
        distribution=_distribution,
    )
    state_size: ClassVar[int] = 1
    exchangeable_untried: ClassVar[bool] = True
    vectorise_from: ClassVar[int] = 6

    def parameters(self) -> Params:
        """The width and the prior."""
        return Params(float(self.z), float(self.prior[0]), float(self.prior[1]))
