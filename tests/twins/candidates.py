"""Candidate functions of sql/udf/candidates by their policies, for one normal or one uniform number."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from policies import beta_arcsine, beta_logit_normal, beta_wilson_hilferty, wilson_gaussian
from policies.posterior_mean import PosteriorMean
from policies.thompson_empirical_bayes import FAILURES, SUCCESSES
from policies.wilson_sample import WilsonSample
from policies.wilson_widening import WilsonWidening

Floats = NDArray[np.float64]
PRIOR = (1.7, 12.4)  # of the page, where a candidate takes one
PAGE_TRIALS = 1350
MORE_ARGUMENTS = {
    "wilson_widening": {"page_trials": PAGE_TRIALS},
    "wilson_sample_prior": {"prior_successes": PRIOR[0], "prior_failures": PRIOR[1]},
    "posterior_mean": {"prior_successes": PRIOR[0], "prior_failures": PRIOR[1]},
}
"""Values of the arguments after successes and failures."""
POLICIES = {"wilson_sample_prior": "wilson_sample"}
"""The policy of a candidate, where it has another name."""
WITHOUT_DRAW = {"posterior_mean"}


def _gaussian(successes: float, failures: float, normal: float) -> float:
    return wilson_gaussian.point(*wilson_gaussian.centre_and_sd(successes, failures, 1.96), normal)


BY_NORMAL: dict[str, Callable[[float, float, float], float]] = {
    "beta_arcsine": beta_arcsine.point,
    "beta_logit_normal": beta_logit_normal.point,
    "beta_wilson_hilferty": lambda a, b, normal: beta_wilson_hilferty.point(a, b, normal, normal),
    "wilson_gaussian": _gaussian,
}


def _prior_draw(successes: float, failures: float, u: float) -> float:
    policy = WilsonSample(prior=PRIOR)
    params, s = policy.parameters(), successes - 1.0
    a, b = policy.rule.summarise(s + (failures - 1.0), s, 0.0, 0.0, params)
    return policy.rule.quantile(a, b, np.zeros(1), params, u)


def _widening_draw(successes: float, failures: float, u: float) -> float:
    policy, state = WilsonWidening(), np.zeros(1)
    params, none = policy.parameters(), np.zeros(0)
    policy.rule.prepare(float(PAGE_TRIALS), none, none, none, params, state, np.uint64(0))
    a, b = policy.rule.summarise(successes + failures - 2.0, successes - 1.0, 0.0, 0.0, params)
    return policy.rule.quantile(a, b, state, params, u)


def _prior_mean(successes: float, failures: float, u: float) -> float:
    policy, state, s = PosteriorMean(), np.zeros(2), successes - 1.0
    state[SUCCESSES], state[FAILURES] = PRIOR
    a, b = policy.rule.summarise(s + (failures - 1.0), s, 0.0, 0.0, policy.parameters())
    return policy.rule.score(a, b, state, policy.parameters(), np.uint64(0))


BY_UNIFORM = {
    "posterior_mean": _prior_mean,
    "wilson_sample_prior": _prior_draw,
    "wilson_widening": _widening_draw,
}
"""Those with at most one RAND()."""
CANDIDATES = (*BY_NORMAL, *BY_UNIFORM)


def call(name: str, successes: object, failures: object) -> str:
    """A call of the function in SQL."""
    return f"{name}({', '.join(str(each) for each in (successes, failures, *MORE_ARGUMENTS.get(name, {}).values()))})"


def sums(u: Floats) -> Floats:
    """What twelve equal uniform numbers make of a normal one."""
    total = u
    for _ in range(11):
        total = total + u
    return total - 6.0


def drawn(name: str, successes: Floats, failures: Floats, u: Floats) -> Floats:
    """The draws of a candidate's policy where each RAND() is `u`."""
    point, numbers = (BY_UNIFORM[name], u) if name in BY_UNIFORM else (BY_NORMAL[name], sums(u))
    rows = zip(successes.tolist(), failures.tolist(), numbers.tolist(), strict=True)
    return np.array([point(s, f, number) for s, f, number in rows])
