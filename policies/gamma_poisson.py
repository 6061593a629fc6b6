"""Bayesian purchases per view: a gamma prior that depends on the price, fitted to the page and tier."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import CATEGORY, Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.categories import GROUPS, group_of
from policies.maths.draws import gamma

# Places in `state`, behind CATEGORY: by how much the logarithm of purchases per view, and its slope in the logarithm of
# the price, differ from the prior's; the gradient of the likelihood in both; and its information.
LEVEL, SLOPE, LEVEL_GRADIENT, SLOPE_GRADIENT, LEVEL_INFORMATION, CROSS_INFORMATION, SLOPE_INFORMATION = range(1, 8)
VARIANCE = 8  # of the levels of categories; 0: not fitted yet
# The first of GROUPS places each: by how much a category differs from the others, its gradient, its information, and
# that which it shares with the slope.
EFFECT, EFFECT_GRADIENT, EFFECT_INFORMATION, EFFECT_CROSS = range(9, 9 + 4 * GROUPS, GROUPS)
STATE_SIZE = 9 + 4 * GROUPS
_LEAST_VARIANCE, _MOST_VARIANCE = 1e-4, 4.0
_LARGEST_STEP = 2.0  # of one Newton step, in logarithms
_LEAST_PRICE = 1.0  # unpriced captions count as this cheap; they sell nothing
_LOG_PRICES = (math.log(6.0), math.log(9.5), math.log(15.0), math.log(22.0))  # where `rates` hold
_MIDDLE = math.log(14.0)  # where the fitted slope turns: the median price


class Params(NamedTuple):
    """The prior in logarithms and precisions, what to rank by, the effect of a send, and that of other pages."""

    log_rate_6: float
    log_rate_9: float
    log_rate_15: float
    log_rate_22: float
    level_precision: float
    slope_precision: float
    shape: float
    by_revenue: float
    sampled: float
    message_spread: float
    correlation: float
    category_precision: float  # 0: categories are ignored


def _prior_log_rate(log_price: float, params: Params) -> float:
    """Log-log interpolation of the rates, flat outside."""
    log_rates = (params.log_rate_6, params.log_rate_9, params.log_rate_15, params.log_rate_22)
    for i in range(1, 4):
        if log_price < _LOG_PRICES[i]:
            share = max(0.0, (log_price - _LOG_PRICES[i - 1]) / (_LOG_PRICES[i] - _LOG_PRICES[i - 1]))
            return log_rates[i - 1] + share * (log_rates[i] - log_rates[i - 1])
    return log_rates[3]


def usual_rate(price: float, state: Vector, params: Params) -> float:
    """Purchases per view of a caption of which nothing but the price is known."""
    log_price = math.log(max(price, _LEAST_PRICE))
    of_page = state[LEVEL] + state[SLOPE] * (log_price - _MIDDLE)
    return math.exp(_prior_log_rate(log_price, params) + of_page + state[EFFECT + group_of(state[CATEGORY])])


def summarise_labels(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    """The posterior under Gamma(1, 2), in worlds that know labels only."""
    return 1.0 + s, 1.0 / (2.0 + n)


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


def observe_sales(views: float, purchases: float, messages: float, price: float, state: Vector, params: Params) -> None:
    """Add a caption to the gradient and the information of the fit."""
    if price <= 0.0 or views <= 0.0:
        return
    expected, actual = evidence(views, purchases, messages, price, state, params)
    x = math.log(max(price, _LEAST_PRICE)) - _MIDDLE
    share = 1.0 / (1.0 + expected / params.shape)  # captions spread, too
    state[LEVEL_GRADIENT] += (actual - expected) * share
    state[SLOPE_GRADIENT] += (actual - expected) * share * x
    state[LEVEL_INFORMATION] += expected * share
    state[CROSS_INFORMATION] += expected * share * x
    state[SLOPE_INFORMATION] += expected * share * x * x
    if params.category_precision > 0.0:
        _observe_category((actual - expected) * share, expected * share, x, state)


def _observe_category(gradient: float, information: float, x: float, state: Vector) -> None:
    group = group_of(state[CATEGORY])
    state[EFFECT_GRADIENT + group] += gradient
    state[EFFECT_INFORMATION + group] += information
    state[EFFECT_CROSS + group] += information * x


def fit_page(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    """One Newton step of the fit per decision, then a new start of the sums."""
    precision = _category_precision(params, state)
    if precision > 0.0:
        _eliminate_categories(precision, state)
    level, slope = _page_step(params, state)
    state[LEVEL] += level
    state[SLOPE] += slope
    if precision > 0.0:
        _fit_variance(level, slope, params, state)
        _fit_categories(level, slope, precision, state)
    for place in range(LEVEL_GRADIENT, SLOPE_INFORMATION + 1):
        state[place] = 0.0


def _category_precision(params: Params, state: Vector) -> float:
    """1 / variance of the levels of categories: as assumed, or as fitted; 0 where they are ignored."""
    return 1.0 / state[VARIANCE] if state[VARIANCE] > 0.0 else params.category_precision


def _page_step(params: Params, state: Vector) -> Pair:
    """The Newton step of level and slope."""
    level = state[LEVEL_GRADIENT] - params.level_precision * state[LEVEL]
    slope = state[SLOPE_GRADIENT] - params.slope_precision * state[SLOPE]
    first = state[LEVEL_INFORMATION] + params.level_precision
    cross = state[CROSS_INFORMATION]
    second = state[SLOPE_INFORMATION] + params.slope_precision
    determinant = first * second - cross * cross
    return (
        _limited((second * level - cross * slope) / determinant),
        _limited((first * slope - cross * level) / determinant),
    )


def _eliminate_categories(precision: float, state: Vector) -> None:
    """Turn the equations of level and slope into those with every category at its best (Schur complement)."""
    for group in range(GROUPS):
        gradient = state[EFFECT_GRADIENT + group] - precision * state[EFFECT + group]
        information, cross = state[EFFECT_INFORMATION + group], state[EFFECT_CROSS + group]
        total = information + precision
        state[LEVEL_GRADIENT] -= information * gradient / total
        state[SLOPE_GRADIENT] -= cross * gradient / total
        state[LEVEL_INFORMATION] -= information * information / total
        state[CROSS_INFORMATION] -= information * cross / total
        state[SLOPE_INFORMATION] -= cross * cross / total


def _fit_variance(level: float, slope: float, params: Params, state: Vector) -> None:
    """The moment estimate of the variance of the levels (Morris 1983); `category_sd` counts as one level, known."""
    variance, precision = 1.0 / _category_precision(params, state), params.category_precision
    weights, total = precision * precision, precision
    for group in range(GROUPS):
        information = state[EFFECT_INFORMATION + group]
        if information > 0.0:
            gradient = state[EFFECT_GRADIENT + group] - information * level - state[EFFECT_CROSS + group] * slope
            distance, weight = state[EFFECT + group] + gradient / information, 1.0 / (variance + 1.0 / information)
            weights += weight * weight
            total += weight * weight * (distance * distance - 1.0 / information)
    state[VARIANCE] = max(_LEAST_VARIANCE, min(_MOST_VARIANCE, total / weights))


def _fit_categories(level: float, slope: float, precision: float, state: Vector) -> None:
    """The step of each category after those of level and slope; one with few sales stays near 0, the tier's mean."""
    for group in range(GROUPS):
        information = state[EFFECT_INFORMATION + group]
        gradient = state[EFFECT_GRADIENT + group] - information * level - state[EFFECT_CROSS + group] * slope
        gradient -= precision * state[EFFECT + group]
        state[EFFECT + group] += _limited(gradient / (information + precision))
        state[EFFECT_GRADIENT + group] = state[EFFECT_INFORMATION + group] = state[EFFECT_CROSS + group] = 0.0


def _limited(step: float) -> float:
    return max(-_LARGEST_STEP, min(_LARGEST_STEP, step))


def recover(a: float, b: float, rest: float, left: float, params: Params) -> Pair:
    """The posterior of the rate that is left."""
    return a, b * left


def score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    """The posterior mean, or a draw."""
    return (gamma(key, a) if params.sampled > 0.0 else a) * b


def support(a: float, b: float, state: Vector, params: Params) -> Pair:
    """Bounds of the score."""
    return (0.0, math.inf) if params.sampled > 0.0 else (a * b, a * b)


@dataclass(frozen=True, kw_only=True)
class GammaPoisson(Policy):
    """Purchases of a caption are Poisson with mean views · q; q is gamma around a rate that falls with the price.

    A priori the usual rate at a price is that of `rates`. Its level and its slope in the logarithm of the price are
    fitted to the sales of the page and tier, by one Newton step per decision (penalised negative binomial likelihood).
    With `category_sd` above 0, so are a level of each category, around 0, and the spread of these levels: one with few
    sales is shrunk to its tier, and all are where categories sell alike. Captions rank by dollars or purchases per
    view, by their posterior mean or by a draw. In worlds that know labels only, successes and trials take the place of
    purchases and views, under the prior Gamma(1, 2).
    """

    by: str = parameter("revenue", "what to maximise", choices=("purchases", "revenue"))
    estimate: str = parameter("mean", "posterior mean, or a draw (Thompson sampling)", choices=("mean", "sample"))
    rates: tuple[float, float, float, float] = parameter(
        (0.00109, 0.00046, 0.00021, 0.00015),
        "purchases per view of captions at $6, $9.50, $15 and $22; log-log in between",
        low=0.0,
        open_low=True,
    )
    level_sd: float = parameter(4.0, "spread of pages: standard deviation of the rate's logarithm", low=1e-3)
    slope_sd: float = parameter(0.25, "uncertainty of the fall with the price: standard deviation", low=1e-3)
    category_sd: float = parameter(
        0.0, "spread of categories before the fit: standard deviation of the rate's logarithm; 0: ignored", low=0.0
    )
    shape: float = parameter(8.0, "of the gamma prior of a caption: 1 / squared coefficient of variation", low=1e-3)

    message_cv: float = parameter(
        0.5, "spread of messages of one caption: coefficient of variation of their rates", low=0.0
    )
    fatigue: float = parameter(0.5, "share of its rate that a caption loses by a send", low=0.0, high=1.0)
    rest_half_life: float = parameter(14.0, "days of rest that halve the loss", low=0.01)

    seasons: str = parameter(
        "known",
        "whether views count by the factors of weekday, holiday and hour, as if these were known",
        choices=("known", "ignored"),
    )

    kind: ClassVar[str] = "gamma_poisson"
    source: ClassVar[str] = "Gelman et al. 2013, Bayesian Data Analysis, eq. 2.15; fit: Lawless 1987, eq. 2.3"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_labels,
        prepare=fit_page,
        score=score,
        support=support,
        observe_sales=observe_sales,
        summarise_sales=summarise_sales,
        evidence=evidence,
        recover=recover,
    )
    state_size: ClassVar[int] = STATE_SIZE
    score_ns: ClassVar[float] = 20.0
    reads_sales: ClassVar[bool] = True
    reads_rest: ClassVar[bool] = True

    @property
    def fatigue_assumed(self) -> Pair:
        """The loss by a send, and how fast it is regained."""
        return float(self.fatigue), float(self.rest_half_life)

    @property
    def reads_category(self) -> bool:
        """Whether the prior depends on the category."""
        return self.category_sd > 0.0

    @property
    def seasons_known(self) -> bool:
        """Whether views count by the factors of weekday, holiday and hour."""
        return self.seasons == "known"

    def parameters(self) -> Params:
        """The prior in logarithms and precisions, and what to rank by."""
        return Params(
            math.log(self.rates[0]),
            math.log(self.rates[1]),
            math.log(self.rates[2]),
            math.log(self.rates[3]),
            self.level_sd**-2.0,
            self.slope_sd**-2.0,
            float(self.shape),
            float(self.by == "revenue"),
            float(self.estimate == "sample"),
            float(self.message_cv) ** 2,
            0.0,
            self.category_sd**-2.0 if self.category_sd > 0.0 else 0.0,
        )
