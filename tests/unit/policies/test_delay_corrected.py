"""The bound behind `delay_corrected`, from exact probabilities; Vernade, Cappé and Perchet 2017, lemma 7."""

import math

import numpy as np
import pytest

from policies.delay_corrected import DelayCorrected


def chances_of_known(rate: float, known: np.ndarray) -> np.ndarray:
    """P(s conversions are known), s = 0, 1, …, where trial i converts at `rate` and shows it with chance known[i]."""
    law = np.ones(1)
    for each in known:
        law = np.convolve(law, [1.0 - rate * each, rate * each])
    return law


def divergence(p: float, q: float) -> float:
    return (p * math.log(p / q) if p > 0.0 else 0.0) + q - p


def index(expected: float, known: float, trials: float, slack: float = 0.0) -> float:
    policy = DelayCorrected(slack=slack)
    params, state = policy.parameters(), np.zeros(1)
    policy.rule.prepare(trials, np.zeros(0), np.zeros(0), np.zeros(0), params, state, np.uint64(0))
    return policy.rule.score(*policy.rule.summarise(expected, known, 0.0, 0.0, params), state, params, np.uint64(0))


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_known_conversions_keep_the_bound_whatever_the_ages(rate: float) -> None:
    """P(s / N <= x) <= exp(−N d(x, rate)); the estimate is unbiased, which s / n is not."""
    known = 1.0 - 0.8 ** np.arange(1, 61)[np.random.default_rng(2).integers(0, 60, 60)]
    law, expected = chances_of_known(rate, known), known.sum()
    assert law @ np.arange(61) / expected == pytest.approx(rate)
    for s in range(int(rate * expected)):
        assert law[: s + 1].sum() <= math.exp(-expected * divergence(s / expected, rate))


def test_the_index_is_below_the_rate_as_seldom_as_its_level_says() -> None:
    """With a budget of ln t, at most 1 / t of the time: exact."""
    rate, trials, known = 0.2, 50.0, np.linspace(0.1, 1.0, 50)
    law = chances_of_known(rate, known)
    below = sum(law[s] for s in range(51) if index(known.sum(), float(s), trials) < rate)
    assert 0.0 < below <= 1.0 / trials
    naive = sum(law[s] for s in range(51) if index(50.0, float(s), trials) < rate)
    assert naive > 3.0 / trials  # who takes late conversions for failures


def test_the_index_is_at_most_one_and_solves_its_equation() -> None:
    assert index(2.0, 2.0, 100.0) == 1.0
    for slack in (0.0, 0.5):
        found = index(40.0, 6.0, 200.0, slack)
        assert 40.0 * divergence(0.15, found) == pytest.approx((1.0 + slack) * math.log(200.0))
    assert index(0.0, 0.0, 9.0) == math.inf
