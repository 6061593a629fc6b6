"""The recovering softmax against its probabilities, with and without rests."""

import math

import numpy as np
import pytest
from scipy import stats

from policies.maths.draws import arm_key, pull_key
from policies.recovering_softmax import RecoveringSoftmax

DECISIONS, KEY = 4_000, np.uint64(9)


def counts(policy: RecoveringSoftmax, arms: list[tuple[float, float, float]]) -> np.ndarray:
    """How often each of (n, s, left) is chosen."""
    params, state = policy.parameters(), np.zeros(0)
    shown = [
        policy.rule.recover(*policy.rule.summarise(n, s, s, 0.0, params), 1.0, left, params) for n, s, left in arms
    ]
    chosen = np.zeros(len(arms))
    with np.errstate(over="ignore"):
        for decision in range(DECISIONS):
            key = pull_key(KEY, decision)
            scores = [policy.rule.score(a, b, state, params, arm_key(key, i)) for i, (a, b) in enumerate(shown)]
            chosen[int(np.argmax(scores))] += 1
    return chosen


def test_choices_follow_the_softmax_of_what_is_left() -> None:
    """Chi-square, false alarm 1e-4; the probabilities without rests are rejected."""
    policy = RecoveringSoftmax(temperature=0.2)
    arms = [(8.0, 6.0, 0.4), (8.0, 4.0, 1.0), (0.0, 0.0, 1.0)]
    means = np.array([0.7, 0.5, 0.5])
    found = counts(policy, arms)
    for left, holds in (([0.4, 1.0, 1.0], True), ([1.0, 1.0, 1.0], False)):
        weight = np.exp(means * left / 0.2)
        pvalue = stats.chisquare(found, DECISIONS * weight / weight.sum()).pvalue
        assert (pvalue > 1e-4) == holds


def test_the_quantile_is_that_of_the_score() -> None:
    policy = RecoveringSoftmax()
    a, b = policy.rule.summarise(0.0, 0.0, 0.0, 0.0, policy.parameters())
    for u in (0.01, 0.5, 0.999):
        value = policy.rule.quantile(a, b, np.zeros(0), policy.parameters(), u)
        assert math.exp(-math.exp(-(value - a))) == pytest.approx(u)
    assert policy.rule.quantile(a, b, np.zeros(0), policy.parameters(), 1.0) == math.inf
