"""The figures that seeded rows follow: those of the traffic world, in the form that the kernel takes."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_USES = 100_000


@dataclass(frozen=True)
class SeedFigures:
    """What pages, messages and buyers are like; shares in 0..1, prices in dollars.

    Defaults are the aggregates of the production system (production facts, section 5); `page_rows` is its 44,651
    captions over 38 pages.
    """

    used_once: float = 0.84  # share of scored captions used exactly once
    page_rows: float = 1175.0  # mean rows of a page
    page_rows_sd: float = 1.0  # standard deviation of their logarithm
    audience_median: float = 1351.0
    audience_sd: float = 1.744  # of the logarithm: the 90th percentile is 12,633
    audience_most: int = 185_370
    view_mean: float = 0.034
    view_cv: float = 0.53
    unpriced_view_mean: float = 0.008
    unpriced_view_cv: float = 0.71
    priced_share: float = 0.43
    purchase_shape: float = 0.8  # of the negative binomial: smaller is more over-dispersed
    appeal_sd: float = 0.5  # of the logarithm of a caption's own appeal
    price_shares: tuple[float, ...] = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 1.0)
    price_quantiles: tuple[float, ...] = (3.0, 5.0, 9.0, 14.0, 17.0, 20.0, 35.0)
    appetite_from: tuple[float, ...] = (0.0, 7.0, 12.0, 18.0)
    appetite: tuple[float, ...] = (0.00109, 0.00046, 0.00021, 0.00015)  # purchases a view, by price

    @property
    def view_log(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of a priced message's view rate."""
        return _log_normal(self.view_mean, self.view_cv)

    @property
    def unpriced_view_log(self) -> tuple[float, float]:
        """The same of an unpriced message."""
        return _log_normal(self.unpriced_view_mean, self.unpriced_view_cv)


def _log_normal(mean: float, cv: float) -> tuple[float, float]:
    """Mean and deviation of the logarithm of a log-normal variable of this mean and coefficient of variation."""
    variance = math.log1p(cv * cv)
    return math.log(mean) - variance / 2.0, math.sqrt(variance)


@cache
def zipf_law(used_once: float) -> Floats:
    """The distribution function (MOST_USES,) of a Zipf law with P(1) = `used_once`, found by bisection of its exponent.

    Raises ValueError unless 0.2 <= used_once < 1.
    """
    if not 0.2 <= used_once < 1.0:
        raise ValueError(f"used_once: must be at least 0.2 and below 1, got {used_once}")
    log_uses = np.log(np.arange(1, MOST_USES + 1))
    low, high = 0.5, 64.0
    for _ in range(60):
        exponent = (low + high) / 2.0
        low, high = (low, exponent) if 1.0 / np.exp(-exponent * log_uses).sum() > used_once else (exponent, high)
    law: Floats = np.cumsum(np.exp(-high * log_uses))
    law /= law[-1]
    return law
