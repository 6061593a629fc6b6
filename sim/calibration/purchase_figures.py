"""Figures of the scenario from the regression of purchases."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from sim.calibration.figures import CONFIDENCE, Figure, Floats, Z, plain, unknown
from sim.calibration.log import Sends
from sim.calibration.purchases import DEFAULT, HOURS, WEEKDAYS, PageLaw, PurchaseFit, page_law
from sim.calibration.volumes import audiences

PER_VIEW, WEEKDAY, HOUR = "world.purchases.per_view", "world.factors.weekday", "world.factors.hour"
PAGE_KEYS = tuple(f"world.purchases.{name}" for name in ("reference_audience", "audience_exponent", "page_sigma"))
YEAR_DAYS = 365
LEAST_OF_A_KIND = 20.0  # purchases of the rarest weekday or hour, on average
LARGEST_REACH = 300.0  # of a logarithm: what is wider is no interval
WIDEST = 4.0  # high over low of a factor beyond which the default stands in


def nothing_sold(why: str) -> list[Figure]:
    """The figures that need purchases, where there are too few."""
    return [unknown(key, why) for key in (PER_VIEW, *PAGE_KEYS, WEEKDAY, HOUR)]


def purchase_figures(sends: Sends, fit: PurchaseFit) -> list[Figure]:
    """Price response, pages, weekday and hour."""
    law = page_law(fit.page, fit.page_variance, audiences(sends))
    knots = fit.price_terms.stop
    sold = float(sends.purchased[fit.rows].sum())
    weight = fit.shared.mean / (1.0 + fit.shared.phi * fit.shared.mean)
    inside = fit.rows & np.isin(sends.page, fit.pages)
    days: Floats = np.bincount(sends.day[inside] - int(sends.day.min()), weight).astype(np.float64)
    return [
        _per_view(fit, law, _freedom(weight, knots + 1)),
        *_pages(law),
        Figure("world.purchases.strong_pages.share", 0.0, note="page_sigma is the spread of all pages of one audience"),
        _factors(WEEKDAY, fit, slice(knots, knots + WEEKDAYS - 1), sold / WEEKDAYS, _freedom(days, WEEKDAYS)),
        _factors(
            HOUR, fit, slice(knots + WEEKDAYS - 1, knots + WEEKDAYS + HOURS - 2), sold / HOURS, _freedom(weight, HOURS)
        ),
    ]


def _freedom(weight: Floats, kinds: int) -> float:
    """Degrees of freedom of each of so many kinds: equal weights that would tell as much, less one; at least 3."""
    return max(3.0, float(weight.sum() ** 2 / np.square(weight).sum()) / kinds - 1.0)


def _per_view(fit: PurchaseFit, law: PageLaw | None, freedom: float) -> Figure:
    """Rates at the knots for a page of the reference audience; on days that are no holidays."""
    terms, variance = fit.shared.terms[fit.price_terms], np.diag(fit.shared.covariance)[fit.price_terms]
    relative, error = np.insert(terms, fit.reference, 0.0), np.sqrt(np.insert(variance, fit.reference, 0.0))
    holidays = DEFAULT.factors.holidays
    usual = 1.0 - holidays.days_per_year / YEAR_DAYS * (1.0 - sum(holidays.factors) / 2.0)
    if law is None:
        known = np.flatnonzero(np.isfinite(fit.page))
        level, reach = float(fit.page[known].mean()), Z * math.sqrt(float(fit.page_variance[known].mean()) / len(known))
    else:
        level, reach = law.intercept, law.intercept_reach
    log_rate, reaches = level + relative - math.log(usual), np.hypot(reach, _reach(freedom) * error)
    logs = (np.clip(log_rate + sign * reaches, math.log(1e-9), 0.0) for sign in (0.0, -1.0, 1.0))
    points, low, high = (np.exp(each) for each in logs)
    slopes = ", ".join(f"{plain(a)}" for a in np.exp(relative - relative[0]))
    return Figure(
        PER_VIEW,
        [[float(knot), float(rate)] for knot, rate in zip(fit.knots, points, strict=True)],
        low.tolist(),
        high.tolist(),
        note=f"purchases per view at the reference audience; against the lowest price: {slopes}",
    )


def _pages(law: PageLaw | None) -> list[Figure]:
    if law is None:
        return [unknown(key, "fewer than three pages sold something") for key in PAGE_KEYS]
    reference = Figure(PAGE_KEYS[0], law.reference, note="at which per_view holds")
    sigma = Figure(PAGE_KEYS[2], law.sigma, law.sigma_low, law.sigma_high, note="spread of pages of one audience")
    if law.exponent is None:
        return [reference, unknown(PAGE_KEYS[1], "too few pages, or pages of one size"), sigma]
    low, high = law.exponent - law.exponent_reach, law.exponent + law.exponent_reach
    note = "large pages sell better per view" if law.exponent < 0.0 else "small pages sell better"
    value, low, high = (max(0.0, each) for each in (law.exponent, low, high))
    return [reference, Figure(PAGE_KEYS[1], value, low, high, note=note), sigma]


def _factors(key: str, fit: PurchaseFit, places: slice, sold: float, freedom: float) -> Figure:
    """Factors of mean 1 and their intervals, by the delta method on the logarithm."""
    if sold < LEAST_OF_A_KIND:
        return unknown(key, "too few purchases for each")
    logs = np.append(0.0, fit.shared.terms[places])
    covariance = np.pad(fit.shared.covariance[places, places], ((1, 0), (1, 0)))
    factor = np.exp(logs - logs.max())
    share = factor / factor.sum()
    jacobian = np.eye(len(logs)) - share  # of log(factor / mean) by log factor
    reach = np.minimum(_reach(freedom) * np.sqrt(np.diag(jacobian @ covariance @ jacobian.T)), LARGEST_REACH)
    value = share * len(logs)
    if float(np.median(np.exp(2.0 * reach))) > WIDEST:
        why = f"95 % intervals reach up to a factor of {plain(float(np.exp(reach.max())))}"
        return unknown(key, why, _scaled(value, -reach), _scaled(value, reach))
    return Figure(key, value.tolist(), _scaled(value, -reach), _scaled(value, reach), note="mean 1")


def _reach(freedom: float) -> float:
    """Half the width of a 95 % interval of Student's law."""
    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))


def _scaled(value: Floats, logs: Floats) -> Sequence[float]:
    found: list[float] = (value * np.exp(logs)).tolist()
    return found
