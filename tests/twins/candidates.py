"""Candidate functions of sql/udf/candidates by their policies, for one normal number."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from policies import beta_arcsine, beta_logit_normal, beta_wilson_hilferty, wilson_gaussian

Floats = NDArray[np.float64]


def _gaussian(successes: float, failures: float, normal: float) -> float:
    return wilson_gaussian.point(*wilson_gaussian.centre_and_sd(successes, failures, 1.96), normal)


CANDIDATES: dict[str, Callable[[float, float, float], float]] = {
    "beta_arcsine": beta_arcsine.point,
    "beta_logit_normal": beta_logit_normal.point,
    "beta_wilson_hilferty": lambda a, b, normal: beta_wilson_hilferty.point(a, b, normal, normal),
    "wilson_gaussian": _gaussian,
}


def sums(u: Floats) -> Floats:
    """What twelve equal uniform numbers make of a normal one."""
    total = u
    for _ in range(11):
        total = total + u
    return total - 6.0


def drawn(name: str, successes: Floats, failures: Floats, u: Floats) -> Floats:
    """The draws of a candidate's policy where each RAND() is `u`."""
    point = CANDIDATES[name]
    rows = zip(successes.tolist(), failures.tolist(), sums(u).tolist(), strict=True)
    return np.array([point(s, f, normal) for s, f, normal in rows])
