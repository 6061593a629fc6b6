"""Purchases per view: price, weekday, hour, pages and their spread.

The mean of a priced message is views · F · E[s(r · Q)]: F the factors of weekday and hour and the freshness of the
caption, r the rate of its page and price, Q the log-normal quality of a caption, s the saturation of docs/traffic.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from scipy.special import gammainc, gammaincc, gammaincinv, stdtrit

from sim.calibration.fatigue import DEFAULT as FATIGUE
from sim.calibration.fatigue import LEAST_NAMED, Uses, fatigue_figures
from sim.calibration.figures import CONFIDENCE, Figure, Floats
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.calibration.regression import Design, Fitted, fit
from sim.scenario.sections.traffic import TrafficSection
from sim.units import DAY_S, HOUR_S

DEFAULT = TrafficSection()
RECIPIENTS = 50_000  # of the page that the published figures per view speak of
LIMIT = DEFAULT.purchases.max_per_view
SHAPE = DEFAULT.purchases.message_cv**-2.0  # of the gamma noise
SATURATED = 0.1  # purchases per view above which a page says little of prices and hours
LEAST_PURCHASES = 100
WORN_OUT = math.log(0.1)  # mean freshness below which fatigue cannot be as large as by default
KNOT_PURCHASES = 8.0  # purchases near a knot below which it is left out
NODES = np.polynomial.hermite_e.hermegauss(7)
WEEKDAYS, HOURS = 7, 24
MONDAY_OFFSET = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, eq=False)
class PurchaseFit:
    """The regression of all priced messages."""

    rows: Flags
    """Messages used: priced and viewed, (messages,)."""
    knots: Floats
    """Dollars, (knots,)."""
    reference: int
    """Index of the knot at which page effects are rates."""
    shared: Fitted
    """Of the pages that are not saturated; inner terms are the other knots, outer ones weekdays 1–6 and hours 1–23."""
    pages: Integers
    """Pages of `shared`."""
    page: Floats
    """Logarithm of the rate at the reference knot, all pages; NaN for a page without priced views, (pages,)."""
    page_variance: Floats
    mean: Floats
    """Expected purchases of each message, (messages,); 0 outside `rows`."""
    rate: Floats
    """Expected purchases per view at neutral factors, (messages,)."""
    uses: Uses
    terms: "_Terms"
    sigma: float
    """Standard deviation of the logarithm of a caption's quality, as assumed in the curve."""
    fatigue: tuple[Figure, ...] = ()
    """Drop and half-life."""

    @property
    def price_terms(self) -> slice:
        """Places of the price among the terms."""
        return slice(0, len(self.knots) - 1)


def hats(price: Floats, knots: Floats) -> Floats:
    """Weights of the knots in the log-log interpolation at each price, (messages, knots)."""
    place = np.interp(np.log(price), np.log(knots), np.arange(len(knots), dtype=np.float64))
    return np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(len(knots))))


def saturated(eta: Floats, sigma: float) -> tuple[Floats, Floats]:
    """(log of the mean rate, its slope) at log rate `eta`, averaged over captions of quality spread `sigma`."""
    total, slope = np.zeros(len(eta)), np.zeros(len(eta))
    for node, weight in zip(*NODES, strict=True):
        rate = np.exp(np.minimum(eta + sigma * node - 0.5 * sigma**2, 30.0))
        total += weight * rate / (1.0 + rate / LIMIT)
        slope += weight * rate / (1.0 + rate / LIMIT) ** 2
    return np.log(total / math.sqrt(2.0 * math.pi)), slope / total


def limited(eta: Floats, log_factor: Floats, sigma: float) -> tuple[Floats, Floats]:
    """As `saturated`, times a factor and the message's gamma noise, but no viewer buys twice: E[min(1, x · Gamma)].

    Pages near saturation need this: at good hours all of their viewers buy.
    """
    total, slope = np.zeros(len(eta)), np.zeros(len(eta))
    for node, weight in zip(*NODES, strict=True):
        rate = np.exp(np.minimum(eta + sigma * node - 0.5 * sigma**2, 30.0))
        x = rate / (1.0 + rate / LIMIT) * np.exp(log_factor)
        bought = x * gammainc(SHAPE + 1.0, SHAPE / x)
        total += weight * (bought + gammaincc(SHAPE, SHAPE / x))
        slope += weight * bought / (1.0 + rate / LIMIT)
    return np.log(total / math.sqrt(2.0 * math.pi)), slope / total


def fit_purchases(sends: Sends, caption_cv: float = DEFAULT.purchases.caption_cv) -> PurchaseFit | None:
    """Fit all priced messages; None where they sold too little."""
    rows = sends.priced & (sends.viewed > 0)
    if sends.purchased[rows].sum() < LEAST_PURCHASES:
        return None
    sigma = math.sqrt(math.log1p(caption_cv**2))
    views, sold = (
        np.bincount(sends.page[rows], each[rows], len(sends.pages)) for each in (sends.viewed, sends.purchased)
    )
    ratio = sold / np.maximum(views, 1.0)
    free = np.flatnonzero((ratio < SATURATED) & (sold > 0))
    if sold[free].sum() < LEAST_PURCHASES:
        free = np.flatnonzero(sold > 0)
    uses = Uses(sends, sends.priced)
    inside = rows & np.isin(sends.page, free)
    knots = _knots(sends.price[inside], sends.purchased[inside].astype(np.float64))
    reference = int(hats(sends.price[inside], knots).T.dot(sends.purchased[inside]).argmax())

    def fitted(drop: float, half_life: float) -> tuple[PurchaseFit, Floats]:
        known = (sends.caption[sends.priced] != NO_CAPTION).mean() >= LEAST_NAMED
        fresh = uses.log_fresh(drop, half_life) if known else np.zeros(sends.rows)
        terms = _Terms(sends, knots, reference, fresh)
        shared = fit(terms.design(inside, free), lambda eta, offset: _curve(eta, offset, sigma))
        return _whole(sends, rows, terms, shared, free=free, sigma=sigma, uses=uses), fresh

    first, fresh = fitted(_first_drop(uses), FATIGUE.half_life_days)
    drop, life = fatigue_figures(sends, uses, first.mean / np.exp(fresh))
    if not drop.identified:
        return replace(first, fatigue=(drop, life))
    days = life.numbers[0] if life.identified else FATIGUE.half_life_days
    return replace(fitted(drop.numbers[0], days)[0], fatigue=(drop, life))


def _first_drop(uses: Uses) -> float:
    """The default; 0 where captions were repeated so often that it would leave them next to nothing.

    Rates of fresh captions would then have to be above the limit of purchases per view.
    """
    fresh = uses.log_fresh(FATIGUE.drop, FATIGUE.half_life_days)[uses.at]
    return FATIGUE.drop if len(fresh) == 0 or fresh.mean() > WORN_OUT else 0.0


def _curve(eta: Floats, offset: Floats, sigma: float) -> tuple[Floats, Floats]:
    log_mean, slope = saturated(eta, sigma)
    return log_mean + offset, slope


def _knots(price: Floats, sold: Floats) -> Floats:
    """The default knots near which something was sold."""
    knots = np.array([dollars for dollars, _ in DEFAULT.purchases.per_view])
    while len(knots) > 1:
        weight = hats(price, knots).T @ sold
        if weight.min() >= KNOT_PURCHASES:
            break
        knots = np.delete(knots, int(weight.argmin()))
    return knots


class _Terms:
    """The columns of the regression for any choice of messages."""

    def __init__(self, sends: Sends, knots: Floats, reference: int, fresh: Floats) -> None:
        self._sends, self.knots, self.reference, self._fresh = sends, knots, reference, fresh

    def offset(self, rows: Flags) -> Floats:
        """Logarithm of views and freshness."""
        return cast(Floats, np.log(self._sends.viewed[rows]) + self._fresh[rows])

    def price(self, rows: Flags) -> Floats:
        """Weights of all knots but the reference."""
        return np.delete(hats(self._sends.price[rows], self.knots), self.reference, axis=1)

    def season(self, rows: Flags) -> Floats:
        """Weekdays 1 to 6 and hours 1 to 23."""
        weekday, hour = weekday_hour(self._sends.time[rows])
        return np.hstack([np.eye(WEEKDAYS)[weekday][:, 1:], np.eye(HOURS)[hour][:, 1:]])

    def design(self, rows: Flags, pages: Integers, extra: Floats | None = None) -> Design:
        """The design of messages of `pages`; `extra` are further outer terms."""
        sends = self._sends
        caption = np.where(
            sends.caption == NO_CAPTION, sends.caption.max() + 1 + np.rint(sends.price * 100.0), sends.caption
        )
        cell = np.unique(np.stack([sends.page[rows], caption[rows].astype(np.int64)]), axis=1, return_inverse=True)[1]
        outer = self.season(rows) if extra is None else np.hstack([self.season(rows), extra])
        return Design(
            sends.purchased[rows].astype(np.float64),
            self.offset(rows),
            np.searchsorted(pages, sends.page[rows]),
            len(pages),
            self.price(rows),
            outer,
            (np.ravel(cell), sends.day[rows] - int(sends.day.min())),
        )


def weekday_hour(time: Integers) -> tuple[Integers, Integers]:
    """Weekday (Monday is 0) and hour of the day, UTC."""
    return (time // DAY_S + MONDAY_OFFSET) % WEEKDAYS, time % DAY_S // HOUR_S


def _whole(
    sends: Sends, rows: Flags, terms: "_Terms", shared: Fitted, *, free: Integers, sigma: float, uses: Uses
) -> PurchaseFit:
    """Add the pages that `shared` leaves out: their level, given all that is shared."""
    count = len(terms.knots) - 1
    inner, outer = terms.price(rows) @ shared.terms[:count], terms.season(rows) @ shared.terms[count:]
    # Levels are at the mean factor, not on Mondays at midnight.
    for part in (shared.terms[count : count + WEEKDAYS - 1], shared.terms[count + WEEKDAYS - 1 :]):
        outer = outer - math.log(np.exp(np.append(0.0, part)).mean())
    every = np.arange(len(sends.pages))
    design = replace(
        terms.design(rows, every),
        offset=np.log(sends.viewed[rows]),
        inner=np.zeros((int(rows.sum()), 0)),
        outer=np.zeros((int(rows.sum()), 0)),
    )
    factor = terms.offset(rows) + outer - design.offset

    def mean_of(eta: Floats, offset: Floats) -> tuple[Floats, Floats]:
        log_mean, slope = limited(eta + inner, factor, sigma)
        return log_mean + offset, slope

    alone = fit(design, mean_of, shared.phi)
    page, variance = alone.page, alone.page_variance
    sold = np.bincount(design.page, design.count, design.pages)
    page = np.where(sold > 0, page, np.nan)
    mean, rate = np.zeros(sends.rows), np.zeros(sends.rows)
    mean[rows] = alone.mean
    rate[rows] = np.exp(saturated(alone.page[design.page] + inner, sigma)[0])
    return PurchaseFit(rows, terms.knots, terms.reference, shared, free, page, variance, mean, rate, uses, terms, sigma)


def refitted(sends: Sends, fitted: PurchaseFit, extra: Floats) -> Fitted:
    """The regression with further outer terms, (messages, terms), which come last."""
    inside = fitted.rows & np.isin(sends.page, fitted.pages)
    design = fitted.terms.design(inside, fitted.pages, extra[inside])
    return fit(design, lambda eta, offset: _curve(eta, offset, fitted.sigma), fitted.shared.phi)


@dataclass(frozen=True)
class PageLaw:
    """Level of pages against their audience: log level = intercept − exponent · log(fans / reference) + sigma · Z."""

    intercept: float
    intercept_reach: float
    """Half the width of its 95 % interval."""
    exponent: float | None
    exponent_reach: float
    sigma: float
    sigma_low: float
    sigma_high: float
    reference: int


def page_law(level: Floats, variance: Floats, fans: Floats) -> PageLaw | None:
    """Regress the levels of pages on their audience, with a spread of pages beyond the errors.

    The spread is Paule & Mandel's (1982), its interval by the Q profile (Viechtbauer 2007); errors of the coefficients
    as of Knapp & Hartung (2003). None with fewer than three pages.
    """
    known = np.isfinite(level)
    y, v, size = level[known], variance[known], fans[known]
    if len(y) < 3:
        return None
    slope = len(y) >= 8 and np.ptp(np.log(size)) > 1.0
    reference = RECIPIENTS if slope else round(float(np.exp(np.log(size).mean())))
    columns = [np.ones(len(y)), -np.log(size / reference)]
    design = np.stack(columns if slope else columns[:1], axis=1)
    freedom = len(y) - design.shape[1]
    tail = 0.5 * (1.0 - CONFIDENCE)
    middle, low, high = (
        _root(lambda t, goal=goal: _weighted(design, y, v + t)[2] - goal)  # type: ignore[misc]
        for goal in (float(freedom), _chi_square(1.0 - tail, freedom), _chi_square(tail, freedom))
    )
    at, covariance, q = _weighted(design, y, v + middle)
    reach = float(stdtrit(freedom, 1.0 - tail)) * np.sqrt(np.diag(covariance) * max(q / freedom, 1e-300))
    return PageLaw(
        intercept=float(at[0]),
        intercept_reach=float(reach[0]),
        exponent=float(at[1]) if slope else None,
        exponent_reach=float(reach[1]) if slope else 0.0,
        sigma=math.sqrt(middle),
        sigma_low=math.sqrt(low),
        sigma_high=math.sqrt(high),
        reference=reference,
    )


def _weighted(design: Floats, y: Floats, variance: Floats) -> tuple[Floats, Floats, float]:
    covariance: Floats = np.asarray(np.linalg.inv(design.T @ (design / variance[:, None])), np.float64)
    at = covariance @ (design.T @ (y / variance))
    return at, covariance, float((((y - design @ at) ** 2) / variance).sum())


def _root(difference: Callable[[float], float]) -> float:
    """Where a falling function of a variance crosses 0; 0 where it is below from the start."""
    low, high = 0.0, 1.0
    if difference(low) <= 0.0:
        return 0.0
    while difference(high) > 0.0 and high < 1e6:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if difference(middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def _chi_square(level: float, freedom: int) -> float:
    return float(2.0 * gammaincinv(0.5 * freedom, level))
