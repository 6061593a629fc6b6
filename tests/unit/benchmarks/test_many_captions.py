"""The simulation of many captions in plain NumPy: rates, rules and lifts."""

import numpy as np
import pytest
from scipy import stats

from benchmarks import many_captions
from benchmarks.many_captions import (
    COOL_DOWN,
    RULES,
    SENDS,
    Problem,
    Seen,
    greedy,
    greedy_pool,
    lift,
    own_prior,
    pooled_posterior,
    pooled_thompson,
    pooled_wilson,
    posterior_mean,
    quantile,
    rates_of,
    simulate,
    successes,
    thompson_beta,
    wilson_sample,
    wilson_widening,
)
from policies.maths.wilson import wilson_bounds
from policies.pooled_thompson import PooledThompson
from policies.posterior_mean import PosteriorMean


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def seen(n, s, sent: float = 0.0) -> Seen:
    everything = np.ones(n.shape, bool)
    return Seen(n, s, everything, everything, sent)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_rates_are_beta_and_as_correlated_over_pages_as_asked(correlation: float) -> None:
    """False-alarm rate below 1e-4 with this seed."""
    rates = rates_of(Problem((2.0, 4.0), correlation, 1.0, 3, 4_000), rng())
    assert stats.kstest(rates[0], stats.beta(2.0, 4.0).cdf).pvalue > 1e-4
    assert np.corrcoef(rates)[0, 1] == pytest.approx(correlation, abs=0.08)


def test_the_deployed_rule_draws_from_the_wilson_interval() -> None:
    n, s = np.full((1, 2_000), 8.0), np.full((1, 2_000), 3.0)
    drawn = wilson_sample(seen(n, s), rng())[0]
    lower, upper = wilson_bounds(np.array([4]), np.array([6]))
    assert stats.kstest(drawn, stats.uniform(lower[0], upper[0] - lower[0]).cdf).pvalue > 1e-4


def test_pooling_draws_around_the_posterior_mean_of_its_policy() -> None:
    """Two formulations of one formula: within 5 standard deviations of a mean of draws."""
    n = rng().integers(0, 6, (4, 60)).astype(float)
    s = np.floor(n * rng().random((4, 60)))
    draws = np.mean([pooled_thompson(seen(n, s), np.random.default_rng(i)) for i in range(400)], axis=0)
    policy, state = PooledThompson(), np.zeros(PooledThompson.state_size)
    known = [(n[0, c], s[0, c], n[:, c].sum(), s[:, c].sum(), 0.0) for c in range(60)]
    for one in known:
        policy.rule.observe_fleet(*one, state, policy.parameters())
    policy.rule.prepare(0.0, np.zeros(0), np.zeros(0), np.zeros(0), policy.parameters(), state, np.uint64(1))
    posteriors = np.array([policy.rule.summarise_fleet(*one, state, policy.parameters()) for one in known])
    a, b = posteriors.T
    deviation = np.sqrt(a * b / (a + b) ** 2 / (a + b + 1.0) / 400)
    assert (np.abs(draws[0] - a / (a + b)) < 5.0 * deviation).all()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_day_sends_so_many_different_captions_of_every_page(rule) -> None:
    """With as many captions as a cool-down needs and rates of 1, every message of every day succeeds."""
    rates = np.ones((2, SENDS * (COOL_DOWN + 1)))
    assert successes(rule, rates, 1.0, rng(), days=20) == 2 * SENDS * 20


def test_without_attribution_nothing_is_learned() -> None:
    rates = np.tile(np.array([0.0] * 900 + [1.0] * 900), (2, 1))
    found = {share: successes(thompson_beta, rates, share, rng(), days=120) for share in (0.0, 1.0)}
    assert found[0.0] == pytest.approx(2 * SENDS * 120 / 2, rel=0.2)
    assert found[1.0] > 1.2 * found[0.0]


def test_an_interval_of_few_replications_is_wide() -> None:
    assert quantile(3) == pytest.approx(stats.t(2).ppf(0.975))
    assert np.isnan(quantile(1))


def test_only_the_rules_asked_for_are_simulated_on_the_same_numbers(monkeypatch) -> None:
    """A rule alone meets what it meets among others."""
    monkeypatch.setattr(many_captions, "rates_of", lambda problem, rng: rng.random((2, 400)))
    problem = Problem((2.0, 4.0), 0.5, 1.0)
    alone, both = (simulate(problem, 2, 1, rules) for rules in (["greedy"], ["greedy", "wilson_sample"]))
    assert alone.keys() == {"uniform", "greedy"}
    assert both.keys() == {"uniform", "greedy", "wilson_sample"}
    for rule, totals in alone.items():
        np.testing.assert_array_equal(totals, both[rule])


def test_greedy_tries_every_caption_once_before_it_returns_to_the_best() -> None:
    n, s = np.array([[4.0, 0.0, 2.0, 0.0]]), np.array([[1.0, 0.0, 2.0, 0.0]])
    assert set(np.argsort(-greedy(seen(n, s), rng())[0])[:2]) == {1, 3}
    assert np.argsort(-greedy(seen(np.maximum(n, 1.0), s), rng())[0])[0] == 2


def test_pooled_wilson_draws_from_the_interval_of_the_pooled_posterior() -> None:
    n = rng().integers(0, 5, (3, 40)).astype(float)
    s = np.floor(n * rng().random((3, 40)))
    a, b = pooled_posterior(n, s)
    draws = np.array([pooled_wilson(seen(n, s), np.random.default_rng(i)) for i in range(50)])
    lower, upper = wilson_bounds(a, b)
    assert (draws >= lower - 1e-12).all()
    assert (draws <= upper + 1e-12).all()


def test_the_prior_of_a_page_is_that_of_the_policy() -> None:
    """Of rested captions only, and the uniform prior where all trials fail."""
    n = rng().integers(0, 6, (3, 80)).astype(float)
    s = np.floor(n * rng().random((3, 80)))
    s[2] = 0.0
    rested = rng().random((3, 80)) < 0.7
    a, b = own_prior(Seen(n, s, rested, rested, 0.0))
    policy = PosteriorMean()
    for page in range(3):
        state, known = np.zeros(2), (n[page][rested[page]], s[page][rested[page]])
        policy.rule.prepare(0.0, known[0], known[1], known[0] - known[1], policy.parameters(), state, np.uint64(1))
        assert (a[page, 0], b[page, 0]) == pytest.approx(tuple(state))
    scores = posterior_mean(seen(n, s), rng())
    assert scores[2].max() < 1.0
    assert (a[2, 0], b[2, 0]) == (1.0, 1.0)


def test_a_pool_leaves_out_all_others_and_a_widening_interval_is_wider() -> None:
    n, s = np.full((1, 2_000), 8.0), np.full((1, 2_000), 3.0)
    pool = np.arange(2_000)[None, :] < 150
    chosen = greedy_pool(Seen(n, s, pool | True, pool, 0.0), rng())[0].argsort()[-15:]
    assert (chosen < 150).all()
    widths = [np.ptp(wilson_widening(seen(n, s, sent), rng())) for sent in (0.0, 1_350.0)]
    assert widths[0] == pytest.approx(np.ptp(wilson_sample(seen(n, s), rng())))
    assert widths[1] > 1.3 * widths[0]


def test_a_lift_is_a_ratio_of_means_with_its_error() -> None:
    totals = {"uniform": np.array([10.0, 12.0, 14.0]), "rule": np.array([15.0, 18.0, 21.0])}
    assert lift(totals, "rule") == pytest.approx((0.5, 0.0))
    totals["rule"] = np.array([15.0, 18.0, 24.0])
    ratio, error = lift(totals, "rule")
    assert ratio == pytest.approx(57.0 / 36.0 - 1.0)
    assert error > 0.0
