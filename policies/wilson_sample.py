"""The deployed rule: a uniform draw from the Wilson interval."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import uniform
from policies.maths.laws import uniform_law
from policies.maths.wilson import Params, Z, wilson_interval


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    lower, upper = wilson_interval(params.prior_successes + s, params.prior_failures + max(n - s, 0.0), params.z)
    return lower, upper - lower


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return max(0.0, min(1.0, a + b * uniform(key)))


def _quantile(a: float, b: float, state: Vector, params: Params, u: float) -> float:
    return max(0.0, min(1.0, a + b * u))


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    return max(0.0, min(1.0, a)), max(0.0, min(1.0, a + b))


def _distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    low, high = _support(a, b, state, params)
    return uniform_law(low, high, x)


@dataclass(frozen=True, kw_only=True)
class WilsonSample(Policy):
    """lower + (upper − lower) · U, clamped to [0, 1], over the Wilson interval of the counts plus the prior.

    The support is bounded: an arm whose upper bound falls below another's lower bound is never sent again.
    """

    z: float = parameter(Z, "half width of the interval in standard deviations", low=0.0)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "wilson_sample"
    bounded_support: ClassVar[bool] = True
    source: ClassVar[str] = "the deployed SQL function wilson_sample; interval of Wilson 1927"
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, score=_score, support=_support, quantile=_quantile, distribution=_distribution
    )
    exchangeable_untried: ClassVar[bool] = True
    vectorise_from: ClassVar[int] = 6

    def parameters(self) -> Params:
        """The width and the prior."""
        return Params(float(self.z), float(self.prior[0]), float(self.prior[1]))
