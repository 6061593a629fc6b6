"""The maths that can silently replace the deployed function under its own name."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import normal
from policies.thompson_beta import support_unit


class _Params(NamedTuple):
    scale: float
    prior_successes: float
    prior_failures: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    a, b = params.prior_successes + s, params.prior_failures + max(n - s, 0.0)
    m = a + b
    return a / m, params.scale * math.sqrt(a / m * (b / m) / (m + 1.0))


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return max(0.0, min(1.0, a + b * normal(key)))


@dataclass(frozen=True, kw_only=True)
class WilsonNormal(Policy):
    """mean + scale · sd · Z clamped to [0, 1], with mean and sd of Beta(prior + counts) and Z a standard normal."""

    scale: float = parameter(0.2, "share of the posterior's standard deviation that is used", low=0.0)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "wilson_normal"
    source: ClassVar[str] = "a second SQL script of the deployment that re-creates wilson_sample with other maths"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, score=_score, support=support_unit)

    def parameters(self) -> _Params:
        """The scale and the prior."""
        return _Params(float(self.scale), float(self.prior[0]), float(self.prior[1]))
