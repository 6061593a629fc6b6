"""Thompson sampling with a Beta draw that SQL can make: the candidate `beta_logit_normal` of sql/udf/candidates."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Policy, Rule, Vector, parameter
from policies.maths.sum_normal import sum_normal
from policies.thompson_beta import Params, summarise_posterior, support_unit

_LEAST = 0.5  # of a count


def point(a: float, b: float, normal: float) -> float:
    """The draw, given the normal number; the operation order of the SQL function."""
    a, b = max(a, _LEAST), max(b, _LEAST)
    return 1.0 / (1.0 + b / a * math.exp(-math.sqrt(1.0 / a + 1.0 / b) * normal))


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return point(a, b, sum_normal(key))


@dataclass(frozen=True, kw_only=True)
class BetaLogitNormal(Policy):
    """About a draw from Beta(a, b): 1 / (1 + b/a · exp(−sd · N)) with sd² = 1/a + 1/b.

    Normal on the log-odds scale by the delta method; counts below 1/2 count as 1/2.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures that a new table row starts with", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "beta_logit_normal"
    source: ClassVar[str] = "delta method: Gart & Zweifel 1967; sql/udf/candidates/beta_logit_normal.sql"
    rule: ClassVar[Rule] = Rule(summarise=summarise_posterior, score=_score, support=support_unit)
    score_ns: ClassVar[float] = 20.0

    def parameters(self) -> Params:
        """The prior."""
        return Params(float(self.prior[0]), float(self.prior[1]))
