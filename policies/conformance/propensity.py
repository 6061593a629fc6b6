"""What a `propensity` must satisfy; `policies.conformance` asks."""

import math
from collections.abc import Iterator

import numpy as np

from policies.base import Policy
from policies.conformance.statistics import Floats


def propensity_problems(policy: Policy, a: Floats, b: Floats, state: Floats) -> Iterator[str]:
    """What is wrong with the propensities of arms `a` and `b` (arms,), after `prepare` left `state`."""
    params = policy.parameters()
    with np.errstate(all="ignore"):
        chances = np.array([policy.rule.propensity(arm, a, b, state, params) for arm in range(len(a))])
    if np.isnan(chances).any():
        return
    if not ((chances >= 0.0).all() and math.isclose(chances.sum(), 1.0, rel_tol=1e-9)):
        yield "propensities are not probabilities that add up to 1"
    if policy.weighted or policy.deterministic:
        yield "it has a propensity that nobody asks for, being weighted or deterministic"
