"""Policies that learn from other pages, against formulas in NumPy and against the truth they estimate."""

import math
from typing import Any

import numpy as np
import pytest

from policies.base import CATEGORY, Policy
from policies.maths.pooling import ratio_elsewhere, spread_left
from policies.maths.wilson import wilson_bounds
from policies.pooled_gamma_poisson import CORRELATION as FITTED
from policies.pooled_gamma_poisson import PooledGammaPoisson
from policies.pooled_posterior_mean import PooledPosteriorMean
from policies.pooled_thompson import CORRELATION, MEAN, MEAN_ELSEWHERE, SPREAD, PooledThompson
from policies.pooled_wilson import WIDTH, PooledWilson

NOTHING, KEY = np.zeros(0), np.uint64(5)


def labels(correlation: float, captions: int = 4_000, pages: int = 8, seed: int = 3) -> Any:
    """(captions, 4): n, s, n_all, s_all, of captions whose rates have mean 0.3 and coefficient of variation 0.4."""
    rng = np.random.default_rng(seed)
    common, own = rng.normal(size=(captions, 1)), rng.normal(size=(captions, pages))
    rates = 0.3 * (1.0 + 0.4 * (np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own))
    n = rng.integers(0, 9, (captions, pages))
    s = rng.binomial(n, np.clip(rates, 0.0, 1.0))
    return np.column_stack([n[:, 0], s[:, 0], n.sum(axis=1), s.sum(axis=1)]).astype(float)


def fitted(policy: Policy, seen: Any) -> Any:
    state, params = np.zeros(policy.state_size), policy.parameters()
    for n, s, n_all, s_all in seen:
        policy.rule.observe_fleet(n, s, n_all, s_all, 14.0, state, params)
    policy.rule.prepare(0.0, NOTHING, NOTHING, NOTHING, params, state, KEY)
    return state


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_the_fit_finds_mean_spread_and_correlation(correlation: float) -> None:
    """Tolerances are about five standard deviations of 50 fits with seeds 100 to 149."""
    state = fitted(PooledThompson(), labels(correlation))
    assert state[MEAN] == pytest.approx(0.3, abs=0.023)
    assert state[MEAN_ELSEWHERE] == pytest.approx(0.3, abs=0.012)
    assert state[SPREAD] == pytest.approx(0.16, abs=0.1)
    assert state[CORRELATION] == pytest.approx(correlation, abs=0.35)


def test_the_prior_is_the_linear_bayes_estimate() -> None:
    """Of a normal model with the same moments, by matrix algebra: page effect known, two ratios with noise."""
    spread, correlation, expected, noise = 0.09, 0.4, 30.0, 0.7
    covariance = spread * np.array([[1.0, correlation], [correlation, correlation]])
    observed = covariance[1, 1] + noise / expected
    gain = covariance[0, 1] / observed
    assert ratio_elsewhere(expected, 36.0, spread, correlation, noise) == pytest.approx(1.0 + gain * 0.2)
    assert spread_left(expected, spread, correlation, noise) == pytest.approx(spread - gain * covariance[0, 1])
    assert ratio_elsewhere(0.0, 0.0, spread, correlation, noise) == 1.0
    assert spread_left(0.0, spread, correlation, noise) == spread


def test_estimates_with_other_pages_are_nearer_the_truth() -> None:
    """At correlation 1 by more than half of the squared error; at 0 the other pages are left aside."""
    errors = {}
    for correlation in (0.0, 1.0):
        rng = np.random.default_rng(3)
        rates = 0.3 * (1.0 + 0.4 * rng.normal(size=(4_000, 1)))  # the first draws of `labels`
        seen, policy = labels(correlation), PooledThompson()
        state, params = fitted(policy, seen), policy.parameters()
        posterior = np.array([policy.rule.summarise_fleet(*row, 14.0, state, params) for row in seen])
        alone = np.array([policy.rule.summarise_fleet(*row[:2], *row[:2], 14.0, state, params) for row in seen])
        means, single = (both[:, 0] / both.sum(axis=1) for both in (posterior, alone))
        errors[correlation] = np.mean((means - rates[:, 0]) ** 2) / np.mean((single - rates[:, 0]) ** 2)
        if correlation == 0.0:
            assert np.abs(means - single).mean() < 0.02
    assert errors[1.0] < 0.5


def test_pooled_wilson_draws_from_the_interval_of_the_pooled_counts() -> None:
    policy = PooledWilson()
    state, params = fitted(policy, labels(0.5, 300)), policy.parameters()
    a, b = policy.rule.summarise_fleet(4.0, 1.0, 40.0, 15.0, 14.0, state, params)
    assert (a, b) == PooledThompson().rule.summarise_fleet(4.0, 1.0, 40.0, 15.0, 14.0, state, params)
    low, high = wilson_bounds(a, b)
    assert policy.rule.support(a, b, state, params) == pytest.approx((float(low), float(high)))


def test_a_widening_interval_grows_with_the_messages_of_the_page() -> None:
    plain, widening = PooledWilson(), PooledWilson(widening="messages")
    widths = []
    for policy, t in ((plain, 0.0), (plain, 900.0), (widening, 0.0), (widening, 900.0)):
        state = np.zeros(policy.state_size)
        policy.rule.prepare(t, *[np.zeros(0)] * 3, policy.parameters(), state, np.uint64(1))
        widths.append(state[WIDTH])
    assert widths == pytest.approx([1.96, 1.96, 1.96, 1.96 * math.sqrt(1.0 + math.log(901.0))])


def by_category(weight: float) -> Any:
    """The posterior means of untried captions of three categories: half as good, twice as good, hardly tried."""
    policy = PooledThompson(category_weight=weight)
    state, params = np.zeros(policy.state_size), policy.parameters()
    for _ in range(2):
        for category, n, s in ((1, 400.0, 40.0), (2, 400.0, 160.0), (3, 2.0, 2.0)):
            state[CATEGORY] = category
            policy.rule.observe_fleet(n / 4.0, s / 4.0, n, s, 14.0, state, params)
        policy.rule.prepare(0.0, *[np.zeros(0)] * 3, params, state, np.uint64(1))
    found = []
    for category in (1, 2, 3):
        state[CATEGORY] = category
        a, b = policy.rule.summarise_fleet(0.0, 0.0, 0.0, 0.0, 14.0, state, params)
        found.append(a / (a + b))
    return found


def test_the_prior_of_a_caption_is_that_of_its_category_and_shrunk_to_the_tier() -> None:
    mean = 202.0 / 802.0
    assert by_category(0.0) == pytest.approx([mean] * 3, rel=0.01)
    half, twice, few = by_category(5.0)
    assert half == pytest.approx(mean * 45.0 / (400.0 * mean + 5.0), rel=0.02)
    assert twice == pytest.approx(mean * 165.0 / (400.0 * mean + 5.0), rel=0.02)
    assert mean < few < 1.4 * mean


@pytest.mark.parametrize("correlation", [0.0, 1.0])
def test_gamma_poisson_finds_how_alike_pages_are(correlation: float) -> None:
    rng = np.random.default_rng(8)
    policy, captions = PooledGammaPoisson(shape=4.0), 3_000
    common, own = rng.gamma(4.0, 0.25, captions), rng.gamma(4.0, 0.25, captions)
    here = common if correlation == 1.0 else own
    n, other = rng.uniform(0.0, 6.0, captions), rng.uniform(0.0, 40.0, captions)
    s, other_s = rng.poisson(n * here), rng.poisson(other * common)
    state = fitted(policy, np.column_stack([n, s, n + other, s + other_s]))
    assert policy.correlation + state[FITTED] == pytest.approx(correlation, abs=0.15)


def test_a_caption_that_sells_elsewhere_ranks_higher() -> None:
    policy = PooledGammaPoisson()
    params, state = policy.parameters(), np.zeros(policy.state_size)
    means = []
    for sold in (0.0, 20.0, 60.0):
        a, b = policy.rule.summarise_fleet(0.0, 0.0, 20.0, sold, 14.0, state, params)
        means.append(a * b)
    assert means[1] == pytest.approx(14.0 * 0.00024, rel=0.1)
    assert means == sorted(means)


def test_the_posterior_mean_is_that_of_the_draws_of_pooled_thompson() -> None:
    policy, thompson = PooledPosteriorMean(), PooledThompson()
    state, params = fitted(policy, labels(0.5, 300)), policy.parameters()
    a, b = policy.rule.summarise_fleet(4.0, 1.0, 40.0, 15.0, 14.0, state, params)
    assert (a, b) == thompson.rule.summarise_fleet(4.0, 1.0, 40.0, 15.0, 14.0, state, params)
    with np.errstate(over="ignore"):
        draws = [thompson.rule.score(a, b, state, params, KEY + np.uint64(i * 7919)) for i in range(4_000)]
    mean = policy.rule.score(a, b, state, params, KEY)
    assert np.mean(draws) == pytest.approx(mean, abs=5.0 * np.std(draws) / math.sqrt(4_000))
    assert policy.rule.support(a, b, state, params) == (mean, mean)


def test_what_sold_elsewhere_ranks_above_what_did_not() -> None:
    policy = PooledPosteriorMean()
    state, params = fitted(policy, labels(1.0)), policy.parameters()
    good, unknown, bad = (
        policy.rule.summarise_fleet(0.0, 0.0, n, s, 14.0, state, params)
        for n, s in ((9.0, 8.0), (0.0, 0.0), (9.0, 0.0))
    )
    assert good[0] / sum(good) > unknown[0] / sum(unknown) > bad[0] / sum(bad)
