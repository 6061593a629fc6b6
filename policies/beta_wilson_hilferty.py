"""Thompson sampling with a Beta draw that SQL can make: the candidate `beta_wilson_hilferty` of sql/udf/candidates."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Policy, Rule, Vector, parameter
from policies.maths.draws import pull_key
from policies.maths.sum_normal import sum_normal
from policies.thompson_beta import Params, summarise_posterior, support_unit

_LEAST = 0.5  # of a count


def _gamma(shape: float, normal: float) -> float:
    root = 1.0 - 1.0 / (9.0 * shape) + normal / (3.0 * math.sqrt(shape))
    return shape * math.pow(max(0.01, root), 3.0)


def point(a: float, b: float, first: float, second: float) -> float:
    """The draw, given the normal numbers of the failures and of the successes, in the order of the SQL function."""
    return 1.0 / (1.0 + _gamma(max(b, _LEAST), first) / _gamma(max(a, _LEAST), second))


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return point(a, b, sum_normal(pull_key(key, 0)), sum_normal(pull_key(key, 1)))


@dataclass(frozen=True, kw_only=True)
class BetaWilsonHilferty(Policy):
    """About a draw from Beta(a, b): g / (g + h) of two gamma variables of shapes a and b.

    Each is the cube of a normal number; counts below 1/2 count as 1/2.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "beta_wilson_hilferty"
    source: ClassVar[str] = "Wilson & Hilferty 1931; sql/udf/candidates/beta_wilson_hilferty.sql"
    rule: ClassVar[Rule] = Rule(summarise=summarise_posterior, score=_score, support=support_unit)
    score_ns: ClassVar[float] = 20.0

    def parameters(self) -> Params:
        """The prior."""
        return Params(float(self.prior[0]), float(self.prior[1]))
