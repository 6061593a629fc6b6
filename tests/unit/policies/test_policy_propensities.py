"""How often a policy sends each arm, and the weights that follow from it, against the formulas.

Statistical tests here use fixed keys and alpha = 1e-4 each; each is shown to reject a mistaken propensity.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from policies.base import Policy
from policies.conformance import Statistics, decide
from policies.conformance.statistics import Floats
from policies.registry import build
from twins.statistics_rows import random_rows

ALPHA = 1e-4
KEY = np.uint64(0xC0FFEE)


def boltzmann_propensities(seen: Statistics, temperature: float) -> Floats:
    weights = np.exp(seen.s / seen.n / temperature)
    return np.asarray(weights / weights.sum())


def exp3_propensities(seen: Statistics, gamma: float) -> Floats:
    arms = len(seen.n)
    weights = np.exp(gamma / arms * (seen.ipw_successes - seen.ipw_successes.max()))
    return np.asarray((1.0 - gamma) * weights / weights.sum() + gamma / arms)


WEIGHTED = [("boltzmann", "temperature", boltzmann_propensities), ("exp3", "gamma", exp3_propensities)]
ROW = Statistics(
    60.0,
    np.array([10.0, 20.0, 5.0, 25.0]),
    np.array([4.0, 5.0, 2.0, 12.0]),
    np.array([10.0, 12.0, 4.0, 30.0]),
    np.full(4, 0.5),
)


def choices(policy: Policy, seen: Statistics, decisions: int = 3000) -> Any:
    keys = np.random.default_rng(5).integers(0, 2**64, decisions, dtype=np.uint64)
    chosen = [decide(policy, seen, key).out[:, 0].argmax() for key in keys]
    return np.bincount(chosen, minlength=len(seen.n))


@pytest.mark.parametrize(("kind", "name", "propensities"), WEIGHTED)
def test_arms_are_sent_with_their_propensities(kind: str, name: str, propensities: Callable[..., Floats]) -> None:
    counts = choices(build(kind, {name: 0.3}), ROW)
    assert stats.chisquare(counts, counts.sum() * propensities(ROW, 0.3)).pvalue > ALPHA
    assert stats.chisquare(counts, counts.sum() * propensities(ROW, 0.8)).pvalue < ALPHA


def top_two_propensities(seen: Statistics, share: float, floor: float) -> Floats:
    """From the frequency of each arm as the best of a posterior draw."""
    arms = len(seen.n)
    draws = np.random.default_rng(12).beta(1.0 + seen.s, 1.0 + seen.n - seen.s, (400_000, arms))
    best = np.bincount(draws.argmax(axis=1), minlength=arms) / len(draws)
    second = best * ((best / (1.0 - best)).sum() - best / (1.0 - best))
    return np.asarray((1.0 - arms * floor) * (share * best + (1.0 - share) * second) + floor)


def test_top_two_sends_leader_challenger_and_floor_as_often_as_it_says() -> None:
    n, s = np.array([10.0, 20.0, 5.0, 60.0]), np.array([4.0, 5.0, 2.0, 30.0])
    seen = Statistics(95.0, n, s, s, np.full(4, 0.5))
    counts = choices(build("top_two_thompson", {"share": 0.6, "floor": 0.1}), seen)
    assert stats.chisquare(counts, counts.sum() * top_two_propensities(seen, 0.6, 0.1)).pvalue > ALPHA
    for share, floor in ((1.0, 0.1), (0.6, 0.0)):
        assert stats.chisquare(counts, counts.sum() * top_two_propensities(seen, share, floor)).pvalue < ALPHA


def test_exp3_weight_is_one_over_its_propensity() -> None:
    for seen in random_rows(60, seed=9):
        weights = decide(build("exp3", {"gamma": 0.2}), seen, KEY).out[:, 3]
        np.testing.assert_allclose(weights, 1.0 / exp3_propensities(seen, 0.2), rtol=1e-12)
