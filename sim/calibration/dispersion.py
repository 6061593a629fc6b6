"""How much captions and messages vary beyond chance.

Maximum likelihood: a message's purchases are negative binomial with a CV of the message's own, around the mean of its
caption, whose log-normal quality all messages of the caption share. The integral over the quality is Gauss–Hermite's.
Messages without a caption are captions of their own. Slow changes of a caption's rate are not told apart from its
quality.
"""

import math

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp

from sim.calibration.figures import Figure, Floats, Z, unknown
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.calibration.purchases import DEFAULT, LIMIT, PurchaseFit
from sim.calibration.views import derivatives

CAPTION, MESSAGE = "world.purchases.caption_cv", "world.purchases.message_cv"
LINEAR = 0.05  # of the largest rate, up to which rates do not saturate to speak of
LEAST_PAIRS = 200
LEAST_MESSAGES = 200
NODES = 21
SMALLEST, LARGEST = 0.02, 3.0
"""Of the standard deviations considered; below the smallest the data are the same."""
STEP = 0.05  # of a logarithm, in the search for a limit
WIDEST = 1.0  # interval of a CV beyond which the default stands in


def dispersion_figures(sends: Sends, fit: PurchaseFit) -> list[Figure]:
    """Spread of captions and of messages of one caption."""
    rows = fit.rows & (fit.rate < LINEAR * LIMIT) & (fit.mean > 0.0)
    if rows.sum() < LEAST_MESSAGES:
        return [unknown(key, "too few messages that sell far below saturation") for key in (CAPTION, MESSAGE)]
    likelihood = _Likelihood(sends, fit, rows)
    if likelihood.pairs < LEAST_PAIRS:
        why = f"fewer than {LEAST_PAIRS} pairs of messages share a caption"
        return [unknown(CAPTION, why), _alone(likelihood)]
    at = likelihood.best()
    curvature = derivatives(likelihood.loss, at)[1]
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(curvature)), 0.0))
    sigma, spread = (likelihood.limits(at, place, float(errors[place])) for place in (0, 1))
    return [
        _cv(CAPTION, [math.sqrt(math.expm1(math.exp(2.0 * each))) for each in sigma], "from messages of one caption"),
        _cv(MESSAGE, [math.exp(each) for each in spread], "the spread of captions taken out"),
    ]


def _alone(likelihood: "_Likelihood") -> Figure:
    """The spread of messages, given the default spread of captions."""
    sigma = 0.5 * math.log(math.log1p(DEFAULT.purchases.caption_cv**2))
    grid = np.linspace(math.log(SMALLEST), math.log(LARGEST), 60)
    losses = np.array([likelihood.loss(np.array([sigma, each])) for each in grid])
    inside = grid[losses <= losses.min() + 0.5 * Z * Z]
    values = [float(np.exp(each)) for each in (grid[int(losses.argmin())], inside[0], inside[-1])]
    return _cv(MESSAGE, values, "given the default caption_cv")


class _Likelihood:
    """Of the logarithms of the captions' sigma and of the messages' CV."""

    def __init__(self, sends: Sends, fit: PurchaseFit, rows: Flags) -> None:
        own = int(sends.caption.max()) + 1 + np.arange(sends.rows)
        caption = np.where(sends.caption == NO_CAPTION, own, sends.caption)[rows]
        order = np.argsort(caption, kind="stable")
        self._starts: Integers = np.flatnonzero(np.append(True, np.diff(caption[order]) != 0))
        self._sold = sends.purchased[rows][order].astype(np.float64)
        self._log_mean = np.log(fit.mean[rows][order])
        size = np.diff(np.append(self._starts, len(order)))
        self.pairs = int((size * (size - 1) // 2).sum())

    def loss(self, at: Floats) -> float:
        """Minus the log-likelihood at (log sigma, log CV)."""
        sigma, shape = math.exp(at[0]), math.exp(-2.0 * at[1])
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        constant = float((gammaln(self._sold + shape) - gammaln(shape)).sum())
        parts = []
        for node, weight in zip(nodes, weights, strict=True):
            log_mean = self._log_mean + sigma * node - 0.5 * sigma**2
            mean = np.exp(log_mean)
            each = self._sold * (log_mean - math.log(shape)) - (self._sold + shape) * np.log1p(mean / shape)
            parts.append(np.add.reduceat(each, self._starts) + math.log(weight / math.sqrt(2.0 * math.pi)))
        return -constant - float(logsumexp(np.array(parts), axis=0).sum())

    def limits(self, at: Floats, place: int, error: float) -> tuple[float, float, float]:
        """(value, low, high) of one logarithm; −inf near the smallest, where the likelihood is flat.

        There the upper limit is where the likelihood has fallen as far as the end of a 95 % interval.
        """
        floor, value = math.log(2.0 * SMALLEST), float(at[place])
        if value > floor and error > 0.0:
            low = value - Z * error
            return value, low if low > floor else -math.inf, min(value + Z * error, math.log(LARGEST))
        high, least = at.copy(), self.loss(at)
        while high[place] < math.log(LARGEST) and self.loss(high) < least + 0.5 * Z * Z:
            high[place] += STEP
        return (value if value > floor else -math.inf), -math.inf, float(high[place])

    def best(self) -> Floats:
        """Where the loss is least, within the limits."""
        bounds = [(math.log(SMALLEST), math.log(LARGEST))] * 2
        found = minimize(self.loss, np.log([0.3, 0.3]), method="L-BFGS-B", bounds=bounds)
        return np.asarray(found.x, np.float64)


def _cv(key: str, values: list[float], note: str) -> Figure:
    value, low, high = values
    if high - low > WIDEST:
        return unknown(key, f"its 95 % interval is {low:.2f} to {high:.2f}: too few purchases")
    return Figure(key, value, low, high, note=note)
