"""The Beta distribution that the true rates of a file of counts most plausibly came from (empirical Bayes).

Of arms with `n` trials and `s` successes each, whose rates are draws from Beta(a, b), the counts are beta-binomial;
(a, b) maximise their marginal likelihood. The search is Newton's, in (logit of the mean, log of the precision a + b):
two directions that hardly depend on each other.

Source: Griffiths (1973), "Maximum likelihood estimation for the beta-binomial distribution", eq. 3; the test for more
spread than binomial is that of Tarone (1979), "Testing the goodness of fit of the binomial distribution".
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.worlds.base import Counts, Floats

PRECISION_LIMITS = 1e-3, 1e8  # of a + b; at the upper one all arms share one rate for every purpose
_TOLERANCE = 1e-10
_STEPS = 200
_LONGEST_STEP = 2.0


def fit_beta_binomial(trials: Counts, successes: Counts) -> tuple[float, float]:
    """(a, b) of maximum marginal likelihood, both above 0; arguments of shape (arms,), 0 <= successes <= trials.

    Counts no more spread than binomial ones have no finite maximum: the answer then has the pooled rate and the upper
    limit of precision. Where there is not one trial, it is (1, 1). Raises ValueError for counts out of range.
    """
    trials, successes = np.asarray(trials, dtype=np.int64), np.asarray(successes, dtype=np.int64)
    if trials.shape != successes.shape or np.any(successes < 0) or np.any(successes > trials):
        raise ValueError("counts: expected equal shapes and 0 <= successes <= trials")
    s, f = successes[trials > 0].astype(float), (trials - successes)[trials > 0].astype(float)
    if s.size == 0:
        return 1.0, 1.0
    mean = float((s.sum() + 0.5) / ((s + f).sum() + 1.0))
    if excess_spread(s, f) <= 0.0:
        return mean * PRECISION_LIMITS[1], (1.0 - mean) * PRECISION_LIMITS[1]
    return _shapes(_climb(s, f, np.array([math.log(mean / (1.0 - mean)), _first_log_precision(s, f, mean)])))


def log_likelihood(a: float, b: float, successes: Floats, failures: Floats) -> float:
    """Marginal log-likelihood of (a, b), up to the binomial coefficients."""
    from scipy.special import betaln  # noqa: PLC0415  (slow to import)

    return float(np.sum(betaln(successes + a, failures + b) - betaln(a, b)))


def excess_spread(successes: Floats, failures: Floats) -> float:
    """Twice the slope of the likelihood in 1 / (a + b) at 0: positive where counts spread more than binomial ones."""
    s, f = successes, failures
    rate = s.sum() / (s + f).sum()
    if rate in (0.0, 1.0):
        return 0.0
    terms = s * (s - 1.0) / rate + f * (f - 1.0) / (1.0 - rate) - (s + f) * (s + f - 1.0)
    return float(terms.sum())


def _first_log_precision(s: Floats, f: Floats, mean: float) -> float:
    """By moments: the mean squared deviation is 1 + (n − 1) / (a + b + 1) times the binomial one."""
    n = s + f
    chi_square = float(np.sum((s - n * mean) ** 2 / (n * mean * (1.0 - mean))))
    correlation = (chi_square - n.size) / max(float(np.sum(n - 1.0)), 1.0)
    return math.log(1.0 / min(max(correlation, 1e-6), 0.9) - 1.0)


def _shapes(theta: NDArray[Any]) -> tuple[float, float]:
    mean = 1.0 / (1.0 + math.exp(-theta[0]))
    precision = math.exp(theta[1])
    return mean * precision, precision / (1.0 + math.exp(theta[0]))


def _climb(s: Floats, f: Floats, theta: NDArray[Any]) -> NDArray[Any]:
    value = log_likelihood(*_shapes(theta), s, f)
    for _ in range(_STEPS):
        gradient, hessian = _derivatives(theta, s, f)
        step = _ascent(gradient, hessian)
        theta, value, moved = _improve(theta, value, step, s, f)
        if moved < _TOLERANCE:
            break
    return theta


def _ascent(gradient: NDArray[Any], hessian: NDArray[Any]) -> NDArray[Any]:
    """Newton's step, the curvature made negative where it is not, and no longer than the longest allowed."""
    values, vectors = np.linalg.eigh(-hessian)
    step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), 1e-12))
    limited: NDArray[Any] = step * min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
    return limited


def _improve(
    theta: NDArray[Any], value: float, step: NDArray[Any], s: Floats, f: Floats
) -> tuple[NDArray[Any], float, float]:
    """Go along `step`, halved until the likelihood does not fall; the last item is how far that went."""
    low, high = (math.log(limit) for limit in PRECISION_LIMITS)
    while np.abs(step).max() >= _TOLERANCE:
        there = theta + step
        there[1] = min(max(there[1], low), high)
        new = log_likelihood(*_shapes(there), s, f)
        if new >= value:
            return there, new, float(np.abs(there - theta).max())
        step = step / 2.0
    return theta, value, 0.0


def _derivatives(theta: NDArray[Any], s: Floats, f: Floats) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gradient (2,) and Hessian (2, 2) of the likelihood in (logit mean, log precision)."""
    from scipy.special import digamma, polygamma  # noqa: PLC0415  (slow to import)

    a, b = _shapes(theta)
    m, n = a + b, s + f
    common = float(np.sum(digamma(m) - digamma(n + m)))
    ga = float(np.sum(digamma(s + a) - digamma(a))) + common
    gb = float(np.sum(digamma(f + b) - digamma(b))) + common
    hab = float(np.sum(polygamma(1, m) - polygamma(1, n + m)))
    haa = float(np.sum(polygamma(1, s + a) - polygamma(1, a))) + hab
    hbb = float(np.sum(polygamma(1, f + b) - polygamma(1, b))) + hab
    return _in_mean_and_precision(a, b, np.array([ga, gb]), np.array([[haa, hab], [hab, hbb]]))


def _in_mean_and_precision(a: float, b: float, g: NDArray[Any], h: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The chain rule: da = v dη + a dλ and db = −v dη + b dλ, with v = ab / (a + b)."""
    v = a * b / (a + b)
    jacobian = np.array([[v, a], [-v, b]])
    difference = v * (g[0] - g[1])
    bend = np.array([[difference * (b - a) / (a + b), difference], [difference, a * g[0] + b * g[1]]])
    return jacobian.T @ g, jacobian.T @ h @ jacobian + bend
