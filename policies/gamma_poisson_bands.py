"""Bayesian purchases per view from sums by price band: the view `gamma_poisson` of sql/views.

Only +, −, ×, ÷, square roots and whole numbers, so that SQL computes the same bits in whatever order it adds.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.gamma_poisson import summarise_labels
from policies.maths.sum_normal import sum_normal

BANDS = 6  # of prices, in dollars: below 5, 9, 14, 17, 20, and from there on
# Places in `state`, of each band: expected purchases in NANOS, actual ones, and the fitted ratio of the two (0: none).
EXPECTED, ACTUAL, RATIO = 0, BANDS, 2 * BANDS
NANOS = 1e9  # of a purchase: whole numbers, so that sums are exact
_LEAST = 0.01  # root of a gamma draw


class Params(NamedTuple):
    """Prior rates in NANOS, weights of the three levels of the prior, and what to rank by."""

    rate_6: float
    rate_9: float
    rate_15: float
    rate_22: float
    page_weight: float
    band_weight: float
    shape: float
    message_spread: float
    by_revenue: float
    sampled: float
    fatigue: float
    rest_half: float


def band_of(price: float) -> int:
    """The price band, from 0."""
    return (price >= 5.0) + (price >= 9.0) + (price >= 14.0) + (price >= 17.0) + (price >= 20.0)


def usual_nanos(price: float, params: Params) -> float:
    """Prior purchases per view in NANOS, a whole number: linear between $6, $9.50, $15 and $22, flat outside."""
    rate = params.rate_22
    if price < 6.0:
        rate = params.rate_6
    elif price < 9.5:
        rate = params.rate_6 + (price - 6.0) * ((params.rate_9 - params.rate_6) / 3.5)
    elif price < 15.0:
        rate = params.rate_9 + (price - 9.5) * ((params.rate_15 - params.rate_9) / 5.5)
    elif price < 22.0:
        rate = params.rate_15 + (price - 15.0) * ((params.rate_22 - params.rate_15) / 7.0)
    return float(math.floor(rate + 0.5))


def observe_sales(views: float, purchases: float, messages: float, price: float, state: Vector, params: Params) -> None:
    """Add a caption to the sums of its band."""
    if price > 0.0:
        band = band_of(price)
        state[EXPECTED + band] += views * usual_nanos(price, params)
        state[ACTUAL + band] += purchases


def fit_bands(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    """Ratio of actual to expected purchases: of the page towards 1, of each band towards the page; then new sums."""
    expected = actual = 0.0
    for band in range(BANDS):
        expected += state[EXPECTED + band]
        actual += state[ACTUAL + band]
    page = (actual + params.page_weight) / (expected / NANOS + params.page_weight)
    for band in range(BANDS):
        known = state[EXPECTED + band] / NANOS * page
        state[RATIO + band] = page * ((state[ACTUAL + band] + params.band_weight) / (known + params.band_weight))
        state[EXPECTED + band] = state[ACTUAL + band] = 0.0


def usual_rate(price: float, state: Vector, params: Params) -> float:
    """Purchases per view of a caption of which nothing but the price is known."""
    ratio = state[RATIO + band_of(price)]
    return usual_nanos(price, params) / NANOS * (ratio if ratio > 0.0 else 1.0)


def evidence(views: float, purchases: float, messages: float, price: float, state: Vector, params: Params) -> Pair:
    """(expected, actual) purchases, weighted so that the spread of messages leaves as much as of Poisson variables."""
    expected = views * usual_rate(price, state, params)
    weight = 1.0 / (1.0 + params.message_spread * expected / max(messages, 1.0))
    return weight * expected, weight * purchases


def summarise_sales(
    views: float, purchases: float, messages: float, price: float, state: Vector, params: Params
) -> Pair:
    """Shape of the posterior, and its scale in purchases or dollars per view."""
    expected, actual = evidence(views, purchases, messages, price, state, params)
    value = usual_rate(price, state, params) * (price if params.by_revenue > 0.0 else 1.0)
    return params.shape + actual, value / (params.shape + expected)


def recover(a: float, b: float, rest: float, left: float, params: Params) -> Pair:
    """The posterior of the rate that is left `rest` days after the last send."""
    return a, b * (1.0 - params.fatigue * (params.rest_half / (params.rest_half + rest)))


def point(a: float, b: float, normal: float) -> float:
    """About a gamma draw, given the normal number (Wilson and Hilferty 1931); the operation order of the view."""
    root = max(_LEAST, 1.0 - 1.0 / (9.0 * a) + normal / (3.0 * math.sqrt(a)))
    return a * math.pow(root, 3.0) * b


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return point(a, b, sum_normal(key)) if params.sampled > 0.0 else a * b


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    return (0.0, math.inf) if params.sampled > 0.0 else (a * b, a * b)


@dataclass(frozen=True, kw_only=True)
class GammaPoissonBands(Policy):
    """`gamma_poisson` in closed form, as a view over the send log computes it.

    The usual rate at a price is that of `rates`, times the ratio of actual to expected purchases of its price band,
    shrunk towards that of the page (and tier), and this towards 1. Where it draws, the gamma variable is the cube of a
    normal one.
    """

    by: str = parameter("revenue", "what to maximise", choices=("purchases", "revenue"))
    estimate: str = parameter("mean", "posterior mean, or a draw (Thompson sampling)", choices=("mean", "sample"))
    rates: tuple[float, float, float, float] = parameter(
        (0.00109, 0.00046, 0.00021, 0.00015),
        "purchases per view of captions at $6, $9.50, $15 and $22; linear in between",
        low=0.0,
        open_low=True,
    )
    page_weight: float = parameter(0.25, "of the prior rates against the page's sales, in purchases", low=1e-3)
    band_weight: float = parameter(64.0, "of the page against the sales of a price band, in purchases", low=1e-3)
    shape: float = parameter(8.0, "of the gamma prior of a caption: 1 / squared coefficient of variation", low=1e-3)
    message_cv: float = parameter(
        0.5, "spread of messages of one caption: coefficient of variation of their rates", low=0.0
    )
    fatigue: float = parameter(0.6, "share of its rate that a caption loses by a send", low=0.0, high=1.0)
    rest_half: float = parameter(14.0, "days of rest after which half of the loss is left", low=0.01)

    kind: ClassVar[str] = "gamma_poisson_bands"
    source: ClassVar[str] = "Gelman et al. 2013, eq. 2.15; ratios: Bühlmann & Straub 1970; sql/views/gamma_poisson.sql"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_labels,
        prepare=fit_bands,
        score=_score,
        support=_support,
        observe_sales=observe_sales,
        summarise_sales=summarise_sales,
        evidence=evidence,
        recover=recover,
    )
    state_size: ClassVar[int] = 3 * BANDS
    score_ns: ClassVar[float] = 20.0
    reads_sales: ClassVar[bool] = True
    reads_rest: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior in whole numbers and weights, and what to rank by."""
        rates = [math.floor(NANOS * rate + 0.5) for rate in self.rates]
        return Params(
            float(rates[0]),
            float(rates[1]),
            float(rates[2]),
            float(rates[3]),
            float(self.page_weight),
            float(self.band_weight),
            float(self.shape),
            float(self.message_cv) ** 2,
            float(self.by == "revenue"),
            float(self.estimate == "sample"),
            float(self.fatigue),
            float(self.rest_half),
        )
