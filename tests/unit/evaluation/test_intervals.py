"""Intervals of off-policy estimates: scipy and closed forms, coverage by simulation, and a mistake that is noticed.

Coverage tests are binomial with a false-alarm rate of 1e-4 each; seeds are fixed.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from sim.evaluation import intervals
from sim.evaluation.estimators import Sample, Terms, ips, snips
from sim.evaluation.intervals import (
    Interval,
    anytime,
    bootstrap,
    empirical_bernstein,
    empirical_likelihood,
    exact,
    normal,
)
from sim.evaluation.replay import replay
from sim.evaluation.totals import totals
from sim.evaluation.tuning import candidates, slope

LOGGING = np.array([0.5, 0.3, 0.2])
TARGET = np.array([0.2, 0.3, 0.5])
RATES = np.array([0.1, 0.3, 0.4])
TRUTH = float(TARGET @ RATES)


def log(generator: np.random.Generator, rows: int) -> Sample:
    action = generator.choice(3, rows, p=LOGGING)
    reward = (generator.random(rows) < RATES[action]).astype(float)
    return Sample(reward, (TARGET / LOGGING)[action])


def test_normal_is_scipys() -> None:
    sample = log(np.random.default_rng(1), 400)
    terms = sample.weight * sample.reward
    low, high = stats.norm.interval(0.9, terms.mean(), stats.sem(terms))
    found = normal(ips(sample), 0.9)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_delta_method_is_the_variance_of_a_ratio() -> None:
    sample = log(np.random.default_rng(2), 300)
    w, r = sample.weight, sample.reward
    value = (w * r).sum() / w.sum()
    error = math.sqrt(((w * (r - value)) ** 2).sum()) / w.sum() * math.sqrt(300 / 299)
    found = normal(snips(sample))
    assert found.high - found.low == pytest.approx(2 * stats.norm.ppf(0.975) * error)


def test_one_row_knows_nothing() -> None:
    one = Sample(np.array([1.0]), np.array([1.0]))
    assert normal(ips(one)).low == -math.inf
    assert (empirical_bernstein(one, (0.0, 1.0), 2.0).low, empirical_bernstein(one, (0.0, 1.0), 2.0).high) == (0.0, 1.0)


def kept_rows(hits: int, kept: int, rows: int = 400) -> Terms:
    """Replay that keeps `kept` rows, `hits` of them with reward 1."""
    inside = (np.arange(rows) < kept).astype(float)
    return Terms(np.zeros(rows), (np.arange(rows) < hits).astype(float), inside)


@pytest.mark.parametrize(("hits", "kept"), [(0, 25), (3, 25), (25, 25), (1, 1)])
def test_the_exact_interval_is_scipys(hits: int, kept: int) -> None:
    peer = stats.binomtest(hits, kept).proportion_ci(0.95, method="exact")
    found = exact(kept_rows(hits, kept), (0.0, 1.0))
    assert (found.low, found.high) == pytest.approx((peer.low, peer.high), abs=1e-12)


def test_the_exact_interval_moves_with_the_rewards() -> None:
    terms = kept_rows(3, 25)
    assert terms.part is not None
    assert terms.whole is not None
    moved = exact(Terms(terms.plain, 5.0 * terms.part - 2.0 * terms.whole, terms.whole), (-2.0, 3.0))
    unit = exact(terms, (0.0, 1.0))
    assert (moved.low, moved.high) == pytest.approx((5.0 * unit.low - 2.0, 5.0 * unit.high - 2.0))


def test_replay_without_a_kept_row_says_nothing() -> None:
    assert not exact(kept_rows(0, 0), (0.0, 1.0)).known


@pytest.mark.parametrize("interval", [normal, bootstrap, intervals.asymptotic_sequence])
def test_rows_that_are_all_equal_say_nothing_of_their_spread(interval: Callable[[Terms], Interval]) -> None:
    assert not interval(kept_rows(0, 25)).known  # formerly 0 to 0
    assert not interval(Terms(np.full(50, 0.1))).known  # the mean of 50 times 0.1 differs from 0.1 by rounding
    assert interval(kept_rows(1, 25)).known


def test_long_logs_count_kept_rows_as_short_ones_do() -> None:
    sample = log(np.random.default_rng(5), 3_000)
    assert totals(replay, sample).kept == replay(sample).kept > 0


def test_the_exact_interval_of_replay_covers_at_least_as_it_says() -> None:
    generator, held = np.random.default_rng(6), 0
    for _ in range(300):
        found = exact(replay(log(generator, 60)), (0.0, 1.0))
        held += found.low <= TRUTH <= found.high
    assert stats.binom.cdf(held, 300, 0.95) > 1e-4


def test_the_bootstrap_agrees_with_scipys_and_is_the_same_each_time() -> None:
    terms = ips(log(np.random.default_rng(3), 500))
    found, again = bootstrap(terms), bootstrap(terms)
    assert found == again
    peer = stats.bootstrap(
        (terms.plain,), np.mean, n_resamples=4_000, method="percentile", rng=np.random.default_rng(4)
    ).confidence_interval
    width = peer.high - peer.low
    assert found.low == pytest.approx(peer.low, abs=0.08 * width)
    assert found.high == pytest.approx(peer.high, abs=0.08 * width)


def test_empirical_bernstein_by_hand() -> None:
    sample = Sample(np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 2.0, 1.0, 0.5]))
    terms = np.array([0.0, 2.0, 1.0, 0.0])
    log_term = math.log(4 / 0.05)
    reach = math.sqrt(2 * terms.var(ddof=1) * log_term / 4) + 7 * 2.0 * log_term / (3 * 3)
    found = empirical_bernstein(sample, (-50.0, 50.0), 2.0)
    terms = sample.weight * (sample.reward + 50.0)
    reach = math.sqrt(2 * terms.var(ddof=1) * log_term / 4) + 7 * 2.0 * 100.0 * log_term / (3 * 3)
    assert found.high == min(50.0, -50.0 + terms.mean() + reach)


def test_empirical_likelihood_of_equal_weights_is_owens_interval_of_a_mean() -> None:
    """With weights of 1 the constraint on them is empty: what is left is the one-sample empirical likelihood."""
    rewards = np.array([0.0, 0.1, 0.35, 0.4, 0.8, 0.9, 1.0])
    found = empirical_likelihood(Sample(rewards, np.ones(7)), (0.0, 1.0))

    def ratio(value: float) -> float:
        low, high = (1 - 1 / 7) / (value - rewards.max()), (1 - 1 / 7) / (value - rewards.min())
        solve = lambda m: float(((rewards - value) / (1 + m * (rewards - value))).sum())  # noqa: E731
        from scipy.optimize import brentq

        m = brentq(solve, low + 1e-12, high - 1e-12)
        return float(2 * np.log1p(m * (rewards - value)).sum())

    limit = stats.chi2.ppf(0.95, 1)
    assert ratio(found.low) == pytest.approx(limit, rel=1e-4)
    assert ratio(found.high) == pytest.approx(limit, rel=1e-4)
    assert found.low < rewards.mean() < found.high


def test_empirical_likelihood_stays_within_the_rewards_and_moves_with_them() -> None:
    sample = log(np.random.default_rng(5), 60)
    found = empirical_likelihood(sample, (0.0, 1.0))
    assert 0.0 <= found.low < found.high <= 1.0
    moved = empirical_likelihood(Sample(10.0 * sample.reward - 3.0, sample.weight), (-3.0, 7.0))
    assert (moved.low, moved.high) == pytest.approx((10 * found.low - 3, 10 * found.high - 3), abs=1e-6)


def test_impossible_weights_leave_the_whole_range() -> None:
    """No distribution on weights above 1 has the mean 1."""
    found = empirical_likelihood(Sample(np.array([0.0, 1.0]), np.array([2.0, 3.0])), (0.0, 1.0))
    assert (found.low, found.high) == (0.0, 1.0)


def covered(method: str, rows: int, repetitions: int, seed: int) -> int:
    generator = np.random.default_rng(seed)
    hits = 0
    for _ in range(repetitions):
        sample = log(generator, rows)
        found = {
            "normal": lambda s: normal(ips(s)),
            "bootstrap": lambda s: bootstrap(ips(s)),
            "empirical_bernstein": lambda s: empirical_bernstein(s, (0.0, 1.0), float((TARGET / LOGGING).max())),
            "empirical_likelihood": lambda s: empirical_likelihood(s, (0.0, 1.0)),
            "anytime": lambda s: anytime(s, (0.0, 1.0)),
        }[method](sample)
        hits += found.low <= TRUTH <= found.high
    return hits


@pytest.mark.parametrize("method", ["normal", "bootstrap", "empirical_likelihood"])
@pytest.mark.slow
def test_intervals_for_many_rows_cover_as_they_say(method: str) -> None:
    hits = covered(method, 400, 300, seed=6)
    low, high = stats.binom.ppf([5e-5, 1 - 5e-5], 300, 0.95)
    assert low - 3 <= hits <= high  # three for what 400 rows miss of 95 %


@pytest.mark.parametrize("method", ["empirical_bernstein", "anytime"])
def test_intervals_for_any_number_of_rows_cover_at_least_as_they_say(method: str) -> None:
    assert covered(method, 200, 300, seed=7) >= stats.binom.ppf(1e-4, 300, 0.95)


def test_a_wrong_critical_value_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "ndtri", lambda _: 1.2)
    assert covered("normal", 400, 300, seed=6) < stats.binom.ppf(5e-5, 300, 0.95) - 3


def test_stopping_at_the_worst_moment_breaks_the_normal_interval_and_not_the_anytime_one() -> None:
    """Of 60 logs, each looked at 8 times: the truth is missed at some look far more often than in 5 %."""
    generator = np.random.default_rng(8)
    missed = {"normal": 0, "anytime": 0}
    for _ in range(60):
        sample = log(generator, 1_600)
        looks = [Sample(sample.reward[:n], sample.weight[:n]) for n in range(50, 1_601, 200)]
        for name, found in (
            ("normal", [normal(ips(look)) for look in looks]),
            ("anytime", [anytime(look, (0.0, 1.0)) for look in looks]),
        ):
            missed[name] += any(not each.low <= TRUTH <= each.high for each in found)
    assert missed["normal"] > stats.binom.ppf(0.99, 60, 0.05)
    assert missed["anytime"] <= stats.binom.ppf(1 - 1e-4, 60, 0.05)


def test_rewards_that_drift_leave_no_mean_for_a_sequence() -> None:
    generator = np.random.default_rng(8)
    early, late = (generator.random(10_000) < rate for rate in (0.2, 0.7))
    reward = np.concatenate([early, late]).astype(np.float64)
    assert not anytime(Sample(reward, np.ones(20_000)), (0.0, 1.0)).known
    mixed = anytime(Sample(generator.permutation(reward), np.ones(20_000)), (0.0, 1.0))
    assert mixed.low < reward.mean() < mixed.high


def test_more_rows_narrow_the_anytime_interval() -> None:
    sample = log(np.random.default_rng(9), 20_000)
    widths = []
    for n in (200, 2_000, 20_000):
        found = anytime(Sample(sample.reward[:n], sample.weight[:n]), (0.0, 1.0))
        widths.append(found.high - found.low)
    assert widths[0] > 1.5 * widths[1] > 2.25 * widths[2]


def test_no_row_at_all_leaves_the_whole_range() -> None:
    found = anytime(Sample(np.zeros(0), np.zeros(0)), (0.0, 1.0))
    assert (found.low, found.high) == (0.0, 1.0)


# SLOPE


def test_slope_keeps_the_unbiased_estimator_where_clipping_would_matter() -> None:
    generator = np.random.default_rng(10)
    reward = np.ones(20_000)
    weight = generator.choice([0.5, 5.5], 20_000, p=[0.9, 0.1])
    number, terms = slope("clipped_ips", Sample(reward, weight))
    assert number >= 5.5
    assert terms.value == pytest.approx(1.0, abs=0.05)


def test_slope_clips_where_nothing_but_noise_is_cut() -> None:
    """One row in a thousand has a huge weight and no reward: clipping it costs nothing and is not even seen."""
    generator = np.random.default_rng(11)
    weight = np.where(generator.random(5_000) < 0.001, 200.0, 0.8)
    reward = np.where(weight > 1.0, generator.integers(0, 2, 5_000), 0.3)
    number, terms = slope("clipped_ips", Sample(reward, weight))
    assert number < 200.0
    assert terms.plain.std() < (weight * reward).std()


def test_slope_stops_at_the_first_interval_that_misses_the_others() -> None:
    sample = Sample(np.ones(1_000), np.where(np.arange(1_000) % 2, 1.5, 0.5))
    number, _ = slope("clipped_ips", sample, [math.inf, 1.4, 0.1])
    assert number in (math.inf, 1.4)
    assert candidates(Sample(np.ones(3), np.zeros(3))) == [math.inf]


def test_terms_of_a_ratio_need_weights() -> None:
    terms = Terms(np.zeros(3), np.ones(3), np.zeros(3))
    assert not bootstrap(terms).known
