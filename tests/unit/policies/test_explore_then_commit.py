"""`explore_then_commit` keeps state between decisions, which the tests of one decision do not show."""

import math

import numpy as np

from policies.conformance import Statistics, decide
from policies.registry import build


def _two_arms(n: tuple[float, float], s: tuple[float, float]) -> Statistics:
    return Statistics(sum(n), np.array(n), np.array(s), np.array(s), np.zeros(2))


def test_explore_then_commit_explores_what_lacks_trials() -> None:
    policy = build("explore_then_commit", {"m": 10})
    assert decide(policy, _two_arms((10, 9), (5, 0)), np.uint64(1)).out[:, 0].tolist() == [0.0, 1.0]
    assert decide(policy, _two_arms((3, 9), (3, 0)), np.uint64(1)).out[:, 0].tolist() == [1.0, 1.0]


def test_explore_then_commit_never_changes_its_mind() -> None:
    policy = build("explore_then_commit", {"m": 10})
    committed = decide(policy, _two_arms((10, 10), (4, 6)), np.uint64(1))
    assert committed.out[:, :3].tolist() == [[0, 0, 0], [1, 1, 1]]
    later = decide(policy, _two_arms((10, 900), (4, 6)), np.uint64(2), state=committed.state)
    assert later.out[:, :3].tolist() == [[0, 0, 0], [1, 1, 1]]
    alike = decide(policy, _two_arms((900, 900), (6, 6)), np.uint64(3), state=committed.state)
    assert alike.out[:, :3].tolist() == [[0, 0, 1], [1, 0, 1]]


def test_explore_then_commit_breaks_ties_at_commitment_uniformly() -> None:
    policy = build("explore_then_commit", {"m": 4})
    row = Statistics(16.0, np.full(4, 4.0), np.array([2.0, 3.0, 3.0, 3.0]), np.zeros(4), np.zeros(4))
    keys = np.random.default_rng(6).integers(0, 2**64, 3000, dtype=np.uint64)
    chosen = np.bincount([decide(policy, row, key).out[:, 0].argmax() for key in keys], minlength=4)
    # Three cells of 1000: four standard deviations are 103; false alarm below 1e-4 per cell.
    assert chosen[0] == 0
    assert abs(chosen[1:] - 1000).max() < 104


def test_explore_then_commit_finds_the_better_of_two_as_often_as_the_binomial_says() -> None:
    policy, m, p, runs = build("explore_then_commit", {"m": 12}), 12, (0.6, 0.4), 3000
    mass = [_binomial(m, rate) for rate in p]
    exact = sum(
        a * b * (1.0 if i > j else 0.5 * (i == j)) for i, a in enumerate(mass[0]) for j, b in enumerate(mass[1])
    )
    rng = np.random.default_rng(11)
    wins = 0
    for successes, key in zip(
        rng.binomial(m, p, (runs, 2)), rng.integers(0, 2**64, runs, dtype=np.uint64), strict=True
    ):
        state = decide(policy, _two_arms((m, m), tuple(successes)), key).state
        wins += state[0] == 1.0
    spread = math.sqrt(exact * (1.0 - exact) / runs)
    assert abs(wins / runs - exact) < 4.0 * spread  # false alarm 6e-5
    assert abs(wins / runs - (exact + 0.5 * sum(a * b for a, b in zip(*mass, strict=True)))) > 4.0 * spread


def _binomial(m: int, rate: float) -> list[float]:
    return [math.comb(m, k) * rate**k * (1.0 - rate) ** (m - k) for k in range(m + 1)]
