"""How much captions and messages vary beyond chance.

Maximum likelihood: a message's purchases are negative binomial with a CV of the message's own, around the mean of its
caption, whose log-normal quality all messages of the caption share. The integral over the quality is Gauss–Hermite's.
Messages without a caption are captions of their own. Slow changes of a caption's rate are not told apart from its
quality.

The levels of pages, prices, weekdays and hours are estimated from the same messages. Plain maximum likelihood takes
them for known, and spreads come out too small, as a variance does that is divided by n. The likelihood is therefore
adjusted by half the logarithm of the determinant of the information on them (Cox and Reid 1987), as restricted maximum
likelihood does for normal data.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import gammaln, logsumexp

from sim.calibration.figures import Figure, Floats, Z, unknown
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.calibration.purchases import DEFAULT, LIMIT, PurchaseFit
from sim.calibration.regression import sums_by
from sim.calibration.views import derivatives

CAPTION, MESSAGE = "world.purchases.caption_cv", "world.purchases.message_cv"
LINEAR = 0.05  # of the largest rate, up to which rates do not saturate to speak of
LEAST_PAIRS = 200
LEAST_MESSAGES = 200
NODES = 21
SMALLEST, LARGEST = 0.02, 3.0
"""Of the standard deviations considered; below the smallest the data are the same."""
STEP = 0.15  # of a logarithm, between the points of a parabola
FAR = 4.0  # steps that its lowest point may be away
ROOT_STEPS = 12
NEAR = 0.02  # of the root
KNOWN = 1e-9  # information on a direction, of that on the best known one
WIDEST = 1.0  # interval of a CV beyond which the default stands in


def dispersion_figures(sends: Sends, fit: PurchaseFit) -> list[Figure]:
    """Spread of captions and of messages of one caption."""
    rows = fit.rows & (fit.rate < LINEAR * LIMIT) & (fit.mean > 0.0)
    if rows.sum() < LEAST_MESSAGES:
        return [unknown(key, "too few messages that sell far below saturation") for key in (CAPTION, MESSAGE)]
    likelihood = _Likelihood(sends, fit, rows)
    if likelihood.pairs < LEAST_PAIRS:
        return [unknown(CAPTION, f"fewer than {LEAST_PAIRS} pairs of messages share a caption"), _alone(likelihood)]
    profile = _Profile(likelihood.loss, likelihood.best())
    sigma, spread = (profile.limits(place) for place in (0, 1))
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
    """Of the logarithms of the captions' sigma and of the messages' CV, adjusted for all that the means rest on."""

    def __init__(self, sends: Sends, fit: PurchaseFit, rows: Flags) -> None:
        own = int(sends.caption.max()) + 1 + np.arange(sends.rows)
        caption = np.where(sends.caption == NO_CAPTION, own, sends.caption)[rows]
        order = np.argsort(caption, kind="stable")
        self._starts: Integers = np.flatnonzero(np.append(True, np.diff(caption[order]) != 0))
        self._sold = sends.purchased[rows][order].astype(np.float64)
        self._log_mean = np.log(fit.mean[rows][order])
        # A rate near saturation moves less than the quality: by the slope of s(x) = x / (1 + x / LIMIT).
        self._slope = 1.0 - fit.rate[rows][order] / LIMIT
        self._page: Integers = sends.page[rows][order][self._starts]
        self._terms = _terms(fit, rows)[order]
        self._elsewhere = _elsewhere(sends, fit, fit.rows & np.isin(sends.page, fit.pages) & ~rows)
        size = np.diff(np.append(self._starts, len(order)))
        self.pairs = int((size * (size - 1) // 2).sum())

    def loss(self, at: Floats) -> float:
        """Minus the adjusted log-likelihood at (log sigma, log CV)."""
        sigma, shape = math.exp(at[0]) * self._slope, math.exp(-2.0 * at[1])
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        constant = float((gammaln(self._sold + shape) - gammaln(shape)).sum())
        parts = []
        for node, weight in zip(nodes, weights, strict=True):
            log_mean = self._log_mean + sigma * node - 0.5 * sigma**2
            mean = np.exp(log_mean)
            each = self._sold * (log_mean - math.log(shape)) - (self._sold + shape) * np.log1p(mean / shape)
            parts.append(np.add.reduceat(each, self._starts) + math.log(weight / math.sqrt(2.0 * math.pi)))
        return self.adjustment(at) - constant - float(logsumexp(np.array(parts), axis=0).sum())

    def adjustment(self, at: Floats) -> float:
        """Half the logarithm of the determinant of the information on page levels, prices and times of sending.

        At (log sigma, log CV) a message of mean m tells w = m / (1 + m · CV²) of the level of its caption, a caption
        W / (1 + sigma² W) of that of its page, W the sum of its w.
        """
        mean, variance = np.exp(self._log_mean), math.exp(2.0 * at[0])
        weight = mean / (1.0 + mean * math.exp(2.0 * at[1]))
        caption = np.add.reduceat(weight, self._starts)
        lost = 1.0 + variance * caption
        page = np.bincount(self._page, caption / lost)
        known = page > 0.0
        rest = self._information(weight, lost, variance, np.where(known, page, np.inf))
        return 0.5 * (float(np.log(page[known]).sum()) + log_determinant(rest))

    def _information(self, weight: Floats, lost: Floats, variance: float, page: Floats) -> Floats:
        """On prices and times of sending, given the levels of the pages, whose own information `page` is diagonal."""
        weighted = weight[:, None] * self._terms
        sums = np.add.reduceat(weighted, self._starts, axis=0)
        mixed = sums_by(sums / lost[:, None], self._page, len(page))
        within: Floats = weighted.T @ self._terms - sums.T @ (sums * (variance / lost)[:, None])
        return self._elsewhere + within - mixed.T @ (mixed / page[:, None])

    def best(self) -> Floats:
        """Where the loss is least, within the limits."""
        bounds = [(math.log(SMALLEST), math.log(LARGEST))] * 2
        found = minimize(self.loss, np.log([0.3, 0.3]), method="L-BFGS-B", bounds=bounds)
        return np.asarray(found.x, np.float64)


def _terms(fit: PurchaseFit, rows: Flags) -> Floats:
    """The columns of prices and times of sending, (rows, terms)."""
    return np.hstack([fit.terms.price(rows), fit.terms.season(rows)])


def _elsewhere(sends: Sends, fit: PurchaseFit, rows: Flags) -> Floats:
    """What messages without a part in the likelihood tell of prices and times of sending: the regression uses them."""
    page, terms = sends.page[rows], _terms(fit, rows)
    weight = fit.mean[rows] / (1.0 + fit.shared.phi * fit.mean[rows])
    whole = np.bincount(page, weight, len(sends.pages))
    mixed = sums_by(weight[:, None] * terms, page, len(sends.pages))
    found: Floats = terms.T @ (weight[:, None] * terms) - mixed.T @ (
        mixed / np.where(whole > 0.0, whole, np.inf)[:, None]
    )
    return found


def log_determinant(information: Floats) -> float:
    """Of a symmetric matrix, without directions of which nothing is known, such as an hour in which nothing is sent."""
    values = np.linalg.eigvalsh(information)
    return float(np.log(values[values > KNOWN * values.max(initial=0.0)]).sum())


class _Profile:
    """Limits of one parameter by the likelihood that is largest over the other one.

    The end of a 95 % interval is where the signed root of twice the loss of log-likelihood is `Z` (Cox and Hinkley
    1974, section 9.3). Errors of the logarithm would not do: near 0 the likelihood is far from a parabola.
    """

    def __init__(self, loss: Callable[[Floats], float], at: Floats) -> None:
        self._loss, self._at, self._least = loss, at, loss(at)
        covariance = np.linalg.pinv(derivatives(loss, at)[1])
        self._error = np.sqrt(np.clip(np.diag(covariance), 1e-6, 1.0))
        self._slope = np.clip(covariance[0, 1] / np.maximum(np.diag(covariance), 1e-9), -1.0, 1.0)

    def limits(self, place: int) -> list[float]:
        """(value, low, high) of one logarithm; −inf near the smallest, where the data are the same."""
        low, high = (self._end(place, end) for end in (math.log(SMALLEST), math.log(LARGEST)))
        floor, value = math.log(2.0 * SMALLEST), float(self._at[place])
        return [each if each > floor else -math.inf for each in (value, low)] + [high]

    def _end(self, place: int, end: float) -> float:
        """Where the root is `Z` between the best value and `end`; `end` where it is less all the way."""
        inside, outside = (float(self._at[place]), 0.0), (end, self._root(place, end))
        if outside[1] <= Z:
            return end
        tried = inside[0] + math.copysign(Z * float(self._error[place]), end - inside[0])
        for _ in range(ROOT_STEPS):
            if not min(inside[0], outside[0]) < tried < max(inside[0], outside[0]):
                tried = 0.5 * (inside[0] + outside[0])
            root = self._root(place, tried)
            if abs(root - Z) < NEAR:
                break
            inside, outside = ((tried, root), outside) if root < Z else (inside, (tried, root))
            share = (Z - inside[1]) / (outside[1] - inside[1])
            tried = inside[0] + min(max(share, 0.1), 0.9) * (outside[0] - inside[0])
        return tried

    def _root(self, place: int, value: float) -> float:
        """Root of the deviance of `value`; the other parameter is the best of a parabola through three points.

        A parabola that leads far away, as where the other parameter is near 0 and the loss flat, gives way to a search.
        """
        other = float(self._at[1 - place] + self._slope[place] * (value - self._at[place]))
        below, best, above = (self._loss_at(place, value, other + step) for step in (-STEP, 0.0, STEP))
        bend, fall = below + above - 2.0 * best, 0.5 * (below - above)
        if abs(fall) <= FAR * bend:
            least = min(below, best, above, self._loss_at(place, value, other + STEP * fall / bend if bend else other))
        else:
            least = self._searched(place, value)
        return math.sqrt(max(0.0, 2.0 * (least - self._least)))

    def _searched(self, place: int, value: float) -> float:
        """The least loss over all values of the other parameter."""
        ends = math.log(SMALLEST), math.log(LARGEST)
        found = minimize_scalar(
            lambda x: self._loss_at(place, value, x), bounds=ends, method="bounded", options={"xatol": NEAR}
        )
        return float(found.fun)

    def _loss_at(self, place: int, value: float, other: float) -> float:
        inside = min(max(other, math.log(SMALLEST)), math.log(LARGEST))
        return self._loss(np.array([value, inside] if place == 0 else [inside, value]))


def _cv(key: str, values: list[float], note: str) -> Figure:
    value, low, high = values
    if high - low > WIDEST:
        return unknown(key, f"its 95 % interval is {low:.2f} to {high:.2f}: too few purchases", low, high)
    return Figure(key, value, low, high, note=note)
