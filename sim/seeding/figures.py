"""The figures that seeded rows follow: those of the traffic world, in the form that plan and kernel take."""

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sim.scenario.sections.traffic import TrafficSection

Floats = NDArray[np.float64]
Points = tuple[tuple[float, float], ...]

MOST_USES = 100_000
QUANTILES = 4096  # steps of a tabulated distribution: the mean is right to 0.1 %, the tails end at 3.8 deviations
MOST_PAGE_ROWS = 64  # times the mean


@dataclass(frozen=True)
class SeedFigures:
    """What pages, captions, messages and buyers are like; shares and probabilities in 0..1, prices in dollars.

    `audience` and `prices` are quantile functions as points (probability, value), `per_view` purchases per view as
    points (dollars, rate); the rest is named as in the traffic world, but for `used_once` and `page_rows_sd`.
    """

    page_rows: float  # mean rows of a page
    audience: Points
    prices: Points
    unpriced_share: float  # of captions
    view_law: tuple[float, float]  # mean and coefficient of variation of a priced message
    per_view: Points
    caption_cv: float
    message_cv: float
    reference_audience: float
    audience_exponent: float
    page_sigma: float
    max_per_view: float
    reach: float = 1.0  # share of its fans that a page's message reaches
    strong_share: float = 0.0  # of pages
    strong_factor: float = 1.0  # on the purchases per view of strong pages
    used_once: float = 0.84  # share of scored captions used exactly once (production facts, section 5)
    page_rows_sd: float = 1.0  # standard deviation of the logarithm of a page's rows

    def view_rates(self) -> Floats:
        """Quantiles of the share of fans who view a priced message."""
        return log_normal_quantiles(*self.view_law)

    def appeals(self) -> Floats:
        """Quantiles of the factor, of mean 1, that sets a caption apart from others of its price."""
        return log_normal_quantiles(1.0, self.caption_cv)

    def rates_by_dollar(self) -> Floats:
        """Purchases per view at 0, 1, 2, … dollars, to the highest price: log-log between the points, flat outside."""
        knots = np.log(np.array(self.per_view, dtype=np.float64))
        dollars = np.arange(1, math.ceil(self.prices[-1][1]) + 1)
        rates: Floats = np.exp(np.interp(np.log(dollars), knots[:, 0], knots[:, 1]))
        return np.append(0.0, rates)

    def page_level(self, audience: Floats, normals: Floats) -> Floats:
        """Factor on purchases per view of pages of `audience` fans, of median 1 at the reference audience."""
        level: Floats = (audience / self.reference_audience) ** -self.audience_exponent
        level *= np.exp(self.page_sigma * normals)
        strong_from = NormalDist().inv_cdf(1.0 - self.strong_share) if 1.0 - self.strong_share < 1.0 else math.inf
        return np.where(normals > strong_from, self.strong_factor * level, level)


def traffic_figures(world: "TrafficSection", used_once: float = SeedFigures.used_once) -> SeedFigures:
    """The figures of a traffic world; ValueError where `used_once` is out of range."""
    zipf_law(used_once)
    fixed, tiers, purchases = world.audience.fixed, world.bank.tiers, world.purchases
    return SeedFigures(
        page_rows=world.bank.captions,
        audience=world.audience.quantiles if fixed is None else ((0.0, fixed), (1.0, fixed)),
        prices=world.bank.prices,
        unpriced_share=tiers.bump / (tiers.budget + tiers.mid + tiers.premium + tiers.bump),
        view_law=(world.views.priced.mean, world.views.priced.cv),
        per_view=purchases.per_view,
        caption_cv=purchases.caption_cv,
        message_cv=purchases.message_cv,
        reference_audience=purchases.reference_audience,
        audience_exponent=purchases.audience_exponent,
        page_sigma=purchases.page_sigma,
        max_per_view=purchases.max_per_view,
        reach=world.sends.reach,
        strong_share=purchases.strong_pages.share,
        strong_factor=purchases.strong_pages.factor,
        used_once=used_once,
    )


def default_figures() -> SeedFigures:
    """The figures of the traffic world's defaults, which are the production system's aggregates."""
    from sim.scenario.sections.traffic import TrafficSection  # noqa: PLC0415 - pydantic, not needed by those who bring figures

    return traffic_figures(TrafficSection(kind="traffic"))


def log_normal(mean: float, cv: float) -> tuple[float, float]:
    """Mean and deviation of the logarithm of a log-normal variable of this mean and coefficient of variation."""
    variance = math.log1p(cv * cv)
    return (math.log(mean) if mean > 0.0 else -math.inf) - variance / 2.0, math.sqrt(variance)


@cache
def log_normal_quantiles(mean: float, cv: float) -> Floats:
    """Quantiles (QUANTILES + 1,) at even steps of probability; the ends stand for the middle of the outermost steps."""
    center, spread = log_normal(mean, cv)
    shares = np.clip(np.arange(QUANTILES + 1) / QUANTILES, 0.5 / QUANTILES, 1.0 - 0.5 / QUANTILES)
    normal = np.array([NormalDist().inv_cdf(share) for share in shares])
    quantiles: Floats = np.exp(center + spread * normal)
    return quantiles


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
    law = np.cumsum(np.exp(-high * log_uses))
    return np.asarray(law / law[-1])
