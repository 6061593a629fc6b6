"""Thompson sampling with a Beta draw that SQL can make: the candidate `beta_arcsine` of sql/udf/candidates."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Policy, Rule, Vector, parameter
from policies.maths.sum_normal import sum_normal
from policies.thompson_beta import Params, summarise_posterior, support_unit

_RIGHT_ANGLE = 1.5707963267948966


def point(a: float, b: float, normal: float) -> float:
    """The draw, given the normal number; the operation order of the SQL function."""
    n = a + b
    angle = math.asin(math.sqrt(a / n)) + normal / (2.0 * math.sqrt(max(n, 1.0)))
    return math.pow(math.sin(min(_RIGHT_ANGLE, max(0.0, angle))), 2.0)


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return point(a, b, sum_normal(key))


@dataclass(frozen=True, kw_only=True)
class BetaArcsine(Policy):
    """About a draw from Beta(a, b): sin² of a normal number of sd 1 / (2 sqrt(a + b)) around arcsin sqrt(a / (a + b)).

    On this scale the variance is nearly the same for every rate.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "beta_arcsine"
    source: ClassVar[str] = "Anscombe 1948; sql/udf/candidates/beta_arcsine.sql"
    rule: ClassVar[Rule] = Rule(summarise=summarise_posterior, score=_score, support=support_unit)
    score_ns: ClassVar[float] = 20.0

    def parameters(self) -> Params:
        """The prior."""
        return Params(float(self.prior[0]), float(self.prior[1]))
