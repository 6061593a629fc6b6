"""View rates: a binomial number of views with a log-normal rate of the message's own.

Maximum likelihood over the mean and the CV. The integral over the rate is done by adaptive Gauss–Hermite quadrature
(Liu & Pierce 1994), whose nodes sit around each message's own mode.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from sim.calibration.figures import Figure, Floats, Z, unknown
from sim.calibration.log import Sends

LEAST = 50  # messages
NODES = 7
LEAST_LOG_SIGMA = math.log(0.01)  # views without a spread of their own have no peak: the likelihood is flat below
MOST_SIGMA = 5.0
STEP = 1e-3  # of the numerical second derivative


@dataclass(frozen=True)
class ViewLaw:
    """The log-normal law of the view rate: `mean` and the standard deviation `sigma` of the logarithm."""

    mean: float
    sigma: float
    covariance: Floats
    """Of (log mean, log sigma), (2, 2)."""

    @property
    def cv(self) -> float:
        """Coefficient of variation."""
        return math.sqrt(math.expm1(self.sigma**2))


def view_law(viewed: Floats, sent: Floats) -> ViewLaw:
    """Fit the law to messages; arrays (messages,)."""
    rate = viewed.sum() / sent.sum()
    start = np.array([math.log(max(rate, 1e-9)), math.log(0.5)])

    def loss(at: Floats, part: slice = slice(None)) -> float:
        return -float(_log_likelihood(at[0], math.exp(at[1]), viewed[part], sent[part]).sum())

    # The coarse search is on a part of the messages, the last steps on all.
    part = slice(None, None, max(1, len(sent) // 2_000))
    found = minimize(lambda x: loss(x, part), start, method="Nelder-Mead", tol=1e-2)  # type: ignore[call-overload]
    at = np.asarray(found.x, np.float64)
    for _ in range(4):
        at[1] = max(at[1], LEAST_LOG_SIGMA)
        gradient, curvature = derivatives(loss, at)
        at = at - np.clip(np.linalg.solve(curvature, gradient), -0.3, 0.3)
    at[1] = max(at[1], LEAST_LOG_SIGMA)
    covariance: Floats = np.asarray(np.linalg.inv(derivatives(loss, at)[1]), np.float64)
    return ViewLaw(math.exp(at[0]), math.exp(at[1]), covariance)


def view_laws(sends: Sends) -> dict[str, ViewLaw]:
    """The laws of priced and of unpriced messages, where there are enough of them and their views vary."""
    kinds = {"priced": sends.priced, "unpriced": ~sends.priced}
    enough = {kind: rows for kind, rows in kinds.items() if rows.sum() >= LEAST and sends.viewed[rows].sum() >= LEAST}
    laws = {
        kind: _law_or_none(sends.viewed[rows].astype(np.float64), sends.sent[rows].astype(np.float64))
        for kind, rows in enough.items()
    }
    return {kind: law for kind, law in laws.items() if law is not None}


def _law_or_none(viewed: Floats, sent: Floats) -> ViewLaw | None:
    """The law; None where the likelihood has no peak, as where everyone views every message."""
    try:
        law = view_law(viewed, sent)
        np.linalg.cholesky(law.covariance)
    except np.linalg.LinAlgError:
        return None
    return law


def view_figures(laws: dict[str, ViewLaw]) -> list[Figure]:
    """Mean and CV of the view rate of priced and of unpriced messages."""
    figures = []
    for kind in ("priced", "unpriced"):
        key = f"world.views.{kind}"
        if kind in laws:
            figures += _figures(key, laws[kind])
        else:
            why = f"too few {kind} messages or views, or views that do not vary"
            figures += [unknown(f"{key}.{part}", why) for part in ("mean", "cv")]
    return figures


def _figures(key: str, law: ViewLaw) -> list[Figure]:
    reach = Z * np.sqrt(np.diag(law.covariance))
    low, high = (math.sqrt(math.expm1(sigma**2)) for sigma in _sigma_interval(law.sigma, float(reach[1])))
    mean, *ends = (min(1.0, law.mean * math.exp(sign * reach[0])) for sign in (0, -1, 1))
    return [
        Figure(f"{key}.mean", mean, ends[0], ends[1], note="views per recipient"),
        Figure(f"{key}.cv", law.cv, low, high, note="over messages"),
    ]


def _sigma_interval(sigma: float, reach: float) -> tuple[float, float]:
    """From a reach on the scale of the logarithm; from the same reach on sigma's own scale where sigma may be 0."""
    if reach < 1.0:
        return sigma * math.exp(-reach), sigma * math.exp(reach)
    return max(0.0, sigma * (1.0 - reach)), min(sigma * (1.0 + reach), MOST_SIGMA)


def _log_likelihood(log_mean: float, sigma: float, viewed: Floats, sent: Floats) -> Floats:
    """Log-likelihood of each message, without the binomial coefficient; rates above 1 count as 1."""
    mu = log_mean - 0.5 * sigma**2
    mode, spread = _modes(mu, sigma, viewed, sent)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    total = np.zeros(len(sent))
    peak = _joint(mode, mu, sigma, viewed, sent)
    for node, weight in zip(nodes, weights, strict=True):
        at = mode + spread * node
        total += weight * np.exp(_joint(at, mu, sigma, viewed, sent) - peak + 0.5 * node**2)
    return peak + np.log(total * spread) - math.log(sigma) - math.log(2.0 * math.pi)


def _joint(log_rate: Floats, mu: float, sigma: float, viewed: Floats, sent: Floats) -> Floats:
    bounded = np.minimum(log_rate, -1e-9)
    left = np.log(-np.expm1(bounded))
    return viewed * bounded + (sent - viewed) * left - 0.5 * ((log_rate - mu) / sigma) ** 2


def _modes(mu: float, sigma: float, viewed: Floats, sent: Floats) -> tuple[Floats, Floats]:
    """Mode of each message's log rate, and the standard deviation of the normal law around it."""
    raw = np.log((viewed + 0.5) / (sent + 1.0))
    weight = (viewed + 0.5) * sigma**2
    at = np.minimum((weight * raw + mu) / (weight + 1.0), -1e-3)
    for _ in range(5):
        odds = np.exp(at) / -np.expm1(at)
        slope = viewed - (sent - viewed) * odds - (at - mu) / sigma**2
        bend = -(sent - viewed) * odds / -np.expm1(at) - 1.0 / sigma**2
        at = np.minimum(at - np.clip(slope / bend, -1.0, 1.0), -1e-3)
    odds = np.exp(at) / -np.expm1(at)
    return at, 1.0 / np.sqrt((sent - viewed) * odds / -np.expm1(at) + 1.0 / sigma**2)


def derivatives(loss: Callable[[Floats], float], at: Floats) -> tuple[Floats, Floats]:
    """Gradient (2,) and second derivatives (2, 2) by central differences."""
    middle, unit = loss(at), STEP * np.eye(2)
    up, down = [loss(at + step) for step in unit], [loss(at - step) for step in unit]
    gradient = np.array([(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)])
    bend = [(a - 2 * middle + b) / STEP**2 for a, b in zip(up, down, strict=True)]
    both = loss(at + unit[0] + unit[1]) - up[0] - up[1] + 2 * middle - down[0] - down[1] + loss(at - unit[0] - unit[1])
    cross = both / (2 * STEP**2)
    return gradient, np.array([[bend[0], cross], [cross, bend[1]]])
