"""The gamma-Poisson rule against its formulas and against SciPy's optimum of the penalised likelihood."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from policies.base import CATEGORY
from policies.gamma_poisson import EFFECT, GROUPS, LEVEL, SLOPE, VARIANCE, GammaPoisson
from policies.maths.draws import pull_key

NOTHING = np.zeros(0)
KEY = np.uint64(77)


def fitted(policy: GammaPoisson, sales: Any, decisions: int, category: Any = None) -> Any:
    """The state after so many decisions in which the sales (captions, 3) and categories did not change."""
    state, params = np.zeros(policy.state_size), policy.parameters()
    for _ in range(decisions):
        for i, (views, purchases, price) in enumerate(sales):
            state[CATEGORY] = 0.0 if category is None else category[i]
            policy.rule.observe_sales(views, purchases, 1.0, price, state, params)
        policy.rule.prepare(0.0, NOTHING, NOTHING, NOTHING, params, state, KEY)
    return state


def usual(price: Any) -> Any:
    known = np.log([0.00109, 0.00046, 0.00021, 0.00015])
    return np.exp(np.interp(np.log(price), np.log([6.0, 9.5, 15.0, 22.0]), known))


def market(level: float, tilt: float, captions: int = 400) -> Any:
    rng = np.random.default_rng(5)
    prices = rng.integers(4, 30, captions).astype(np.float64)
    rates = usual(prices) * math.exp(level) * (prices / 14.0) ** tilt * rng.gamma(2.0, 0.5, captions)
    views = rng.integers(0, 60_000, captions).astype(np.float64)
    return np.column_stack([views, rng.poisson(views * rates), prices])


def test_the_fit_is_the_optimum_of_the_penalised_likelihood() -> None:
    policy, sales = GammaPoisson(shape=2.0, level_sd=1.5, slope_sd=0.5, message_cv=0.0), market(0.8, -0.6)
    state = fitted(policy, sales, 60)

    def minus_log(point: Any) -> float:
        views, purchases, price = sales[sales[:, 0] > 0].T
        mean = views * usual(price) * np.exp(point[0]) * (price / 14.0) ** point[1]
        penalty = 0.5 * (point[0] / 1.5) ** 2 + 0.5 * (point[1] / 0.5) ** 2
        return float(penalty - stats.nbinom(2.0, 2.0 / (2.0 + mean)).logpmf(purchases).sum())

    best = optimize.minimize(minus_log, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}).x
    assert [state[LEVEL], state[SLOPE]] == pytest.approx(best, abs=1e-5)
    assert abs(state[LEVEL] - 0.8) < 0.3
    assert abs(state[SLOPE] + 0.6) < 0.3


def test_levels_of_categories_are_those_of_the_penalised_likelihood() -> None:
    """The third category has three captions: it is shrunk to the tier."""
    policy = GammaPoisson(shape=2.0, level_sd=1.5, slope_sd=0.5, message_cv=0.0, category_sd=0.4)
    sales, category = market(0.8, -0.6), np.where(np.arange(400) < 3, 3, 1 + np.arange(400) % 2)
    sales[category == 2, 1] *= 2.0
    state = fitted(policy, sales, 30, category)
    spread = math.sqrt(state[VARIANCE])

    def minus_log(point: Any) -> float:
        keep = sales[:, 0] > 0
        views, purchases, price = sales[keep].T
        mean = views * usual(price) * np.exp(point[0] + point[1 + category[keep]]) * (price / 14.0) ** point[1]
        penalty = 0.5 * (point[0] / 1.5) ** 2 + 0.5 * (point[1] / 0.5) ** 2 + 0.5 * ((point[2:] / spread) ** 2).sum()
        return float(penalty - stats.nbinom(2.0, 2.0 / (2.0 + mean)).logpmf(purchases).sum())

    best = optimize.minimize(minus_log, np.zeros(5), method="BFGS").x
    assert [state[LEVEL], state[SLOPE], *state[EFFECT + 1 : EFFECT + 4]] == pytest.approx(best, abs=1e-3)
    assert state[EFFECT + 2] - state[EFFECT + 1] > 0.4
    assert abs(state[EFFECT + 3]) < 0.5 * abs(state[EFFECT + 2])


@pytest.mark.parametrize("true", [0.0, 0.5])
def test_the_spread_of_categories_is_fitted(true: float) -> None:
    """Thirty categories of 40 captions: a variance of 0.25 within 0.1, one of 0 within 0.01."""
    rng, policy = np.random.default_rng(9), GammaPoisson(shape=2.0, message_cv=0.0, category_sd=0.3)
    category = 1 + np.arange(1_200) % 30
    level = true * rng.normal(size=31)
    prices = np.full(1_200, 14.0)
    rates = usual(prices) * np.exp(level[category]) * rng.gamma(2.0, 0.5, 1_200)
    views = rng.integers(20_000, 60_000, 1_200).astype(np.float64)
    state = fitted(policy, np.column_stack([views, rng.poisson(views * rates), prices]), 8, category)
    assert state[VARIANCE] == pytest.approx(level[1:].var(), abs=0.1 if true else 0.01)
    if true:
        assert np.corrcoef(state[EFFECT + 1 : EFFECT + 31], level[1:])[0, 1] > 0.9


def test_categories_of_high_numbers_are_one_group() -> None:
    policy = GammaPoisson(category_sd=0.4)
    state = fitted(policy, [(9e4, 90.0, 14.0), (9e4, 90.0, 14.0)], 9, [GROUPS + 5, GROUPS + 900])
    assert state[EFFECT + GROUPS - 1] > 0.0
    assert policy.reads_category
    assert not GammaPoisson().reads_category


def test_without_sales_the_prior_stands() -> None:
    state = fitted(GammaPoisson(), [(0.0, 0.0, 10.0), (500.0, 0.0, 0.0)], 5)
    assert (state == 0.0).all()


@pytest.mark.parametrize(("by", "value"), [("purchases", 1.0), ("revenue", 10.0)])
def test_a_caption_ranks_by_its_posterior_mean(by: str, value: float) -> None:
    policy = GammaPoisson(by=by, shape=2.0, message_cv=0.0)
    rate = usual(10.0)
    params, state = policy.parameters(), np.zeros(policy.state_size)
    a, b = policy.rule.summarise_sales(3_000.0, 7.0, 4.0, 10.0, state, params)
    assert policy.rule.score(a, b, state, params, KEY) == pytest.approx(value * (2.0 + 7.0) / (2.0 / rate + 3_000.0))
    unseen, cheap = (policy.rule.summarise_sales(0.0, 0.0, 0.0, price, state, params) for price in (10.0, 5.0))
    assert unseen[0] * unseen[1] == pytest.approx(value * rate)
    assert cheap[0] * cheap[1] == pytest.approx(0.00109 * (5.0 if by == "revenue" else 1.0))  # flat below $6


def test_a_sample_follows_the_gamma_posterior() -> None:
    policy = GammaPoisson(shape=1.0, estimate="sample")
    params, state = policy.parameters(), np.zeros(policy.state_size)
    a, b = policy.rule.summarise_sales(20_000.0, 3.0, 1.0, 14.0, state, params)
    with np.errstate(over="ignore"):
        draws = [policy.rule.score(a, b, state, params, pull_key(KEY, i)) for i in range(4000)]
    assert stats.kstest(draws, stats.gamma(a, scale=b).cdf).pvalue > 1e-4
    assert stats.kstest(draws, stats.gamma(a * 1.15, scale=b).cdf).pvalue < 1e-4


def test_worlds_of_labels_use_trials_and_successes() -> None:
    policy = GammaPoisson()
    assert policy.rule.summarise(8.0, 3.0, 0.0, 0.0, policy.parameters()) == (4.0, 0.1)


def test_a_message_teaches_only_so_much_however_large_its_audience() -> None:
    """As the expected purchases grow, the evidence of m messages tends to m / cv² purchases."""
    policy = GammaPoisson(message_cv=0.5)
    params, state = policy.parameters(), np.zeros(policy.state_size)
    rate = usual(14.0)
    for messages in (1.0, 3.0):
        expected, actual = policy.rule.evidence(1e9, 2.0 * 1e9 * rate, messages, 14.0, state, params)
        assert expected == pytest.approx(4.0 * messages, rel=1e-3)
        assert actual == pytest.approx(2.0 * expected)
    assert policy.rule.evidence(100.0, 0.0, 1.0, 14.0, state, params)[0] == pytest.approx(100.0 * rate, rel=0.01)


def test_a_tired_caption_counts_by_what_is_left() -> None:
    policy = GammaPoisson(fatigue=0.2, rest_half_life=10.0)
    assert policy.fatigue_assumed == (0.2, 10.0)
    assert policy.rule.recover(8.0, 0.5, 1.0, 0.75, policy.parameters()) == (8.0, 0.375)
