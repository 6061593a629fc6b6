"""What a `propensity` must satisfy; `policies.conformance` asks."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from policies.base import Pair, Policy
from policies.conformance.statistics import Floats


def propensity_problems(policy: Policy, a: Floats, b: Floats, state: Floats) -> Iterator[str]:
    """What is wrong with the propensities of arms `a` and `b` (arms,), after `prepare` left `state`."""
    rule, params = policy.rule, policy.parameters()
    with np.errstate(all="ignore"):
        yield from _distribution_problems(policy, a, b, state)
        if not 0.0 <= rule.exploring(state, params) <= 1.0:
            yield "the probability of exploring is not between 0 and 1"
        if not rule.has_propensity:
            return
        chances = np.array([rule.propensity(arm, a, b, state, params) for arm in range(len(a))])
    if not ((chances >= 0.0).all() and math.isclose(chances.sum(), 1.0, rel_tol=1e-9)):
        yield "propensities are not probabilities that add up to 1"
    if policy.weighted or policy.deterministic:
        yield "it has a propensity that nobody asks for, being weighted or deterministic"


def _distribution_problems(policy: Policy, a: Floats, b: Floats, state: Floats) -> Iterator[str]:
    """Whether a declared law falls from 1 to 0 over the support, and the density is its slope."""
    rule, params = policy.rule, policy.parameters()
    if not rule.has_distribution:
        return
    for one, two in zip(a.tolist(), b.tolist(), strict=True):
        low, high = rule.support(one, two, state, params)
        if not math.isfinite(high - low):
            yield "a law needs a finite support"
        elif low < high:  # where a score is a point, nobody asks
            law = partial(rule.distribution, one, two, state, params)
            yield from _law_problems(law, low, high)
            if rule.has_exponents:
                yield from _exponent_problems(law, rule.exponents(one, two, state, params), low, high)


def _law_problems(law: Callable[[float], Pair], low: float, high: float) -> Iterator[str]:
    if law(low)[0] < 1.0:
        yield "a score may lie below its support"
    if law(high)[0] > 0.0:
        yield "a score may lie above its support"
    middle, step = low + 0.5 * (high - low), 1e-4 * (high - low)
    left, right = law(middle - step)[0], law(middle + step)[0]
    if not math.isclose(left - right, 2.0 * step * law(middle)[1], rel_tol=1e-2, abs_tol=1e-9):
        yield "the density is not the slope of the law"


def _exponent_problems(law: Callable[[float], Pair], exponents: Pair, low: float, high: float) -> Iterator[str]:
    """Whether the density grows between two scores as x^p (1 − x)^q does."""
    if low < 0.0 or high > 1.0:
        yield "a law with exponents needs a support within [0, 1]"
        return
    left, right = low + 0.3 * (high - low), low + 0.35 * (high - low)
    growth = exponents[0] * math.log(right / left) + exponents[1] * math.log((1.0 - right) / (1.0 - left))
    before, after = law(left)[1], law(right)[1]
    if min(before, after) > 1e-300 and abs(math.log(after / before) - growth) > 1e-6 * max(1.0, abs(growth)):
        yield "the density is not that of its exponents"
