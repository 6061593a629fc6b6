"""Posterior predictive checks: the log's messages drawn anew from the calibrated model, and compared with the log.

Pages, times, prices and captions stay as they are; views and purchases are drawn again, with parameters drawn from
their estimates' normal law.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.calibration.figures import Floats
from sim.calibration.log import NO_CAPTION, Sends
from sim.calibration.purchases import DEFAULT, PurchaseFit
from sim.calibration.views import ViewLaw
from sim.calibration.volumes import audiences
from sim.rng import generator

DRAWS = 200
FAR = 5.0  # standard deviations from the mean of the draws beyond which a quantity is a misfit
LEAST = 100  # messages of a group
GROUPS = 3  # of pages by audience


@dataclass(frozen=True)
class Prediction:
    """One quantity of the log against its distribution under the calibrated model."""

    name: str
    observed: float
    median: float
    low: float
    high: float
    """95 % of the draws lie between `low` and `high`."""
    distance: float
    """Of the observed value from the mean of the draws, in their standard deviations."""

    @property
    def failed(self) -> bool:
        """Whether the model does not produce such a value."""
        return abs(self.distance) > FAR


def predict(
    sends: Sends,
    laws: dict[str, ViewLaw],
    fitted: PurchaseFit | None,
    spreads: tuple[float | None, float | None],
    seed: int,
) -> list[Prediction]:
    """Quantities of views by kind of message, and of purchases by size of page.

    `spreads` are the CVs of captions and of messages; None stands for the default.
    """
    found = []
    for kind, law in laws.items():
        rows = np.flatnonzero(sends.priced if kind == "priced" else ~sends.priced)
        found += _views(sends, rows, kind, law, seed)
    if fitted is not None:
        usual = (DEFAULT.purchases.caption_cv, DEFAULT.purchases.message_cv)
        cvs = tuple(usual[i] if spread is None else spread for i, spread in enumerate(spreads))
        found += _purchases(sends, fitted, (cvs[0], cvs[1]), seed)
    return found


def _views(sends: Sends, rows: np.ndarray, kind: str, law: ViewLaw, seed: int) -> list[Prediction]:
    rng = generator(seed, f"calibration:views:{kind}", 0)
    sent, draws = sends.sent[rows], []
    quantities = {f"view rate of {kind} messages, {100 * q:g} % quantile": q for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
    root = np.linalg.cholesky(law.covariance)
    for _ in range(DRAWS):
        log_mean, log_sigma = np.array([math.log(law.mean), math.log(law.sigma)]) + root @ rng.standard_normal(2)
        sigma = math.exp(log_sigma)
        rate = np.exp(log_mean - 0.5 * sigma**2 + sigma * rng.standard_normal(len(rows)))
        draws.append(np.quantile(rng.binomial(sent, np.minimum(rate, 1.0)) / sent, list(quantities.values())))
    observed = np.quantile(sends.viewed[rows] / sent, list(quantities.values()))
    return compared(list(quantities), observed, np.array(draws))


QUANTITIES: dict[str, Callable[[Floats], float]] = {
    "mean": lambda sold: float(sold.mean()),
    "variance": lambda sold: float(sold.var()),
    "share that sells nothing": lambda sold: float((sold == 0).mean()),
    "90 % quantile": lambda sold: float(np.quantile(sold, 0.9)),
    "99 % quantile": lambda sold: float(np.quantile(sold, 0.99)),
    "maximum": lambda sold: float(sold.max()),
}


def _purchases(sends: Sends, fitted: PurchaseFit, cvs: tuple[float, float], seed: int) -> list[Prediction]:
    rng = generator(seed, "calibration:purchases", 0)
    rows = np.flatnonzero(fitted.rows)
    group = _size_group(sends)[sends.page[rows]]
    places = [np.flatnonzero(group == each) for each in range(GROUPS)]
    labels = ("small", "middle", "large")
    kept = [(label, place) for label, place in zip(labels, places, strict=True) if len(place) >= LEAST]
    names = [f"purchases per priced message of {label} pages: {name}" for label, _ in kept for name in QUANTITIES]

    def measured(sold: Floats) -> list[float]:
        return [quantity(sold[place]) for _, place in kept for quantity in QUANTITIES.values()]

    draws = np.array([measured(_drawn(sends, fitted, rows, cvs, rng)) for _ in range(DRAWS)])
    return compared(names, np.array(measured(sends.purchased[rows].astype(np.float64))), draws)


def _size_group(sends: Sends) -> np.ndarray:
    """0, 1, 2 for the smallest, middle and largest third of the pages."""
    order = np.argsort(np.argsort(audiences(sends), kind="stable"), kind="stable")
    thirds: np.ndarray = order * GROUPS // len(order)
    return thirds


def _drawn(
    sends: Sends, fitted: PurchaseFit, rows: np.ndarray, cvs: tuple[float, float], rng: np.random.Generator
) -> Floats:
    """Purchases of each message drawn from the model."""
    caption_cv, message_cv = cvs
    mean, views = fitted.mean[rows], sends.viewed[rows]
    jitter = np.sqrt(fitted.page_variance) * rng.standard_normal(len(sends.pages))
    p = mean / views * np.exp(jitter - 0.5 * fitted.page_variance)[sends.page[rows]]
    if caption_cv > 0.0:
        caption = sends.caption[rows]
        own = np.where(caption == NO_CAPTION, int(sends.caption.max()) + 1 + np.arange(len(rows)), caption)
        sigma = math.sqrt(math.log1p(caption_cv**2))
        quality = np.exp(sigma * rng.standard_normal(int(own.max()) + 1) - 0.5 * sigma**2)
        p = p * quality[own]
    if message_cv > 0.0:
        p = p * rng.gamma(1.0 / message_cv**2, message_cv**2, len(rows))
    sold: Floats = rng.binomial(views, np.minimum(p, 1.0)).astype(np.float64)
    return sold


def compared(names: list[str], observed: Floats, draws: Floats) -> list[Prediction]:
    """Each observed quantity (quantities,) against its draws (draws, quantities)."""
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975], axis=0)
    spread = np.maximum(draws.std(axis=0), 1e-3 * np.maximum(np.abs(middle), 1e-12))
    distance = (observed - draws.mean(axis=0)) / spread
    values = zip(names, observed, middle, low, high, distance, strict=True)
    return [Prediction(name, *map(float, rest)) for name, *rest in values]
