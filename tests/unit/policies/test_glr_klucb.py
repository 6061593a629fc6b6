"""The change-point test and the index of glr_klucb against plain NumPy over the whole history of an arm."""

from typing import Any

import numpy as np
import pytest
from scipy import special

from policies.conformance.batches import taught
from policies.glr_klucb import CHANCE, EXPLORING, GRID, MOST_POINTS, POINTS, RESTARTS, SINCE, GlrKlucb
from policies.maths.divergence import kl_upper
from policies.maths.draws import pull_key

KEY = np.uint64(5)


def entropy(p: Any, q: float) -> Any:
    return special.rel_entr(p, q) + special.rel_entr(1.0 - p, 1.0 - q)


def changed(outcomes: Any, delta: float, every: int) -> bool:
    """The test of the source, at split points that are multiples of `every`."""
    n = len(outcomes)
    if n < 2 * every:
        return False
    first = np.arange(every, n - n % every + (n % every > 0), every)
    first = first[first < n]
    won, total = np.cumsum(outcomes)[first - 1], outcomes.sum()
    gains = first * entropy(won / first, total / n) + (n - first) * entropy((total - won) / (n - first), total / n)
    return bool(gains.max() > np.log(3.0 * n**1.5 / delta))


def restarts(outcomes: Any, delta: float = 0.01, every: int = 10) -> list[int]:
    """The outcomes after which an arm that is pulled all the time restarts."""
    found, start = [], 0
    for t in range(1, len(outcomes) + 1):
        if (t - start) % every == 0 and changed(outcomes[start:t], delta, every):
            found.append(t)
            start = t
    return found


def of_the_rule(outcomes: Any, delta: float = 0.01) -> tuple[list[int], Any, Any]:
    policy = GlrKlucb(delta=delta)
    found: list[int] = []
    a, b, notes, state = np.full(1, np.inf), np.zeros(1), np.zeros((1, policy.note_size)), np.zeros(4)
    for t, outcome in enumerate(outcomes, 1):
        before = state[RESTARTS]
        policy.rule.learn_batch(float(t), np.ones(1), np.full(1, outcome), notes, a, b, policy.parameters(), state)
        if state[RESTARTS] > before:
            found.append(t)
    return found, notes[0], (a[0], b[0])


@pytest.mark.parametrize("seed", range(6))
def test_an_arm_restarts_when_the_plain_test_says_so(seed: int) -> None:
    """As long as the grid holds every split point."""
    rng = np.random.default_rng(seed)
    outcomes = (rng.random(600) < np.repeat([0.2, 0.8, 0.5], 200)).astype(float)
    expected = restarts(outcomes)
    assert of_the_rule(outcomes)[0] == expected
    assert len(expected) >= 1
    assert restarts(outcomes, delta=1e-30) != expected


def test_an_arm_that_does_not_change_seldom_restarts() -> None:
    rng = np.random.default_rng(1)
    found = [len(of_the_rule((rng.random(400) < 0.4).astype(float))[0]) for _ in range(40)]
    assert sum(found) <= 3  # 0.4 expected at most


def test_the_grid_stays_small_and_covers_the_whole_history() -> None:
    outcomes = np.tile([1.0, 0.0], 6_000)
    found, note, _ = of_the_rule(outcomes)
    assert not found
    points = int(note[POINTS])
    grid = note[GRID : GRID + 2 * points : 2]
    assert MOST_POINTS // 2 <= points <= MOST_POINTS
    assert (np.diff(grid) > 0).all()
    assert grid[0] <= 400
    assert grid[-1] >= 11_000
    np.testing.assert_array_equal(note[GRID + 1 : GRID + 2 * points : 2], grid / 2.0)


@pytest.mark.filterwarnings("ignore:overflow")
def test_the_index_looks_at_the_outcomes_since_the_restart() -> None:
    outcomes = np.repeat([0.0, 1.0], [300, 100])
    found, note, (a, b) = of_the_rule(outcomes)
    since = found[-1]
    assert (note[SINCE], b) == (since, 400 - since)
    policy = GlrKlucb(exploration=0.0)
    state = np.zeros(4)
    nothing = np.zeros(3)
    policy.rule.prepare(1_000.0, nothing, nothing, nothing, policy.parameters(), state, KEY)
    expected = kl_upper(1.0, np.log(1_000.0 - since) / b)
    assert policy.rule.score(a, b, state, policy.parameters(), KEY) == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("ignore:overflow")
def test_it_explores_more_after_restarts() -> None:
    policy, nothing = GlrKlucb(horizon=5_000.0), np.zeros(3)
    state = np.zeros(4)
    explored = []
    for count in (0.0, 8.0):
        state[RESTARTS] = count
        coins = 0.0
        for pull in range(2_000):
            key = pull_key(KEY, pull)
            policy.rule.prepare(9.0, nothing, nothing, nothing, policy.parameters(), state, key)
            coins += state[EXPLORING]
        assert state[CHANCE] == pytest.approx(0.1 * np.sqrt((1.0 + count) * 3 * np.log(5_000.0) / 5_000.0))
        explored.append(coins / 2_000)
        assert abs(explored[-1] - state[CHANCE]) < 4.0 * np.sqrt(state[CHANCE] / 2_000)
    assert explored[1] > explored[0]


@pytest.mark.filterwarnings("ignore:overflow")
def test_propensities_are_those_of_its_choices() -> None:
    policy = GlrKlucb(exploration=2.0, horizon=200.0)
    n, s = np.array([[30.0, 30.0, 30.0, 0.0]]), np.array([[9.0, 21.0, 21.0, 0.0]])
    a, b, _, state = taught(policy, n[:, :3], s[:, :3])
    params = policy.parameters()
    policy.rule.prepare(90.0, n[0, :3], a, b, params, state, KEY)
    shares = [policy.rule.propensity(arm, a, b, state, params) for arm in range(3)]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] == pytest.approx(state[CHANCE] / 3)
    assert shares[1] == shares[2] > shares[0]
