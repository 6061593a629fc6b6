"""A normal draw where the deployed rule draws uniformly: the candidate `wilson_gaussian` of sql/udf/candidates."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.sum_normal import LARGEST, sum_normal
from policies.maths.wilson import Params, Z


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    return centre_and_sd(params.prior_successes + s, params.prior_failures + max(n - s, 0.0), params.z)


def centre_and_sd(successes: float, failures: float, z: float) -> Pair:
    """Centre of the Wilson interval, and its half width divided by z; the operation order of the SQL function."""
    n = successes + failures
    p = successes / n
    d = 1.0 + z * z / n
    centre = (p + z * z / (2.0 * n)) / d
    return centre, math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / d


def point(a: float, b: float, normal: float) -> float:
    """The draw, given the normal number."""
    return max(0.0, min(1.0, a + b * normal))


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return point(a, b, sum_normal(key))


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    return point(a, b, -LARGEST), point(a, b, LARGEST)


@dataclass(frozen=True, kw_only=True)
class WilsonGaussian(Policy):
    """centre + sd · N, clamped to [0, 1], of the Wilson interval: sd is its half width divided by z.

    N is `policies.maths.sum_normal`. Within two standard deviations it resembles `wilson_sample`, but an arm that looks
    bad keeps a small chance.
    """

    z: float = parameter(Z, "half width of the interval in standard deviations", low=0.0)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "wilson_gaussian"
    source: ClassVar[str] = "interval of Wilson 1927; sql/udf/candidates/wilson_gaussian.sql"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, score=_score, support=_support)
    score_ns: ClassVar[float] = 10.0

    def parameters(self) -> Params:
        """The width and the prior."""
        return Params(float(self.z), float(self.prior[0]), float(self.prior[1]))
