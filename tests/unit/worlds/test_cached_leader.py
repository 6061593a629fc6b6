"""A remembered leader is the one that a look at all arms finds, whatever the scores do."""

import numpy as np
import pytest

from policies.maths.draws import pull_key
from sim.worlds.selection.argmax import one_of
from sim.worlds.selection.cached_leader import best_by_leader, leader_of, new_leader, update_runner_up

KEY = np.uint64(0x9E6C63D0876A9A47)


def play(moves, told=update_runner_up):
    """Both answers after each of `moves` (arm, score), of five arms that begin without any feedback."""
    x, leader = np.full(5, np.inf), leader_of(new_leader(1), 0)
    for t, (arm, score) in enumerate(moves):
        with np.errstate(over="ignore"):
            key = pull_key(KEY, t)
        best = np.nanmax(x) if not np.isnan(x).all() else -np.inf
        with np.errstate(over="ignore"):
            yield best_by_leader(x, leader, key), one_of(best, x, key)
        x[arm] = score
        told(arm, score, leader)


def moves(seed, values):
    rng = np.random.default_rng(seed)
    return list(zip(rng.integers(0, 5, 400).tolist(), rng.choice(values, 400).tolist(), strict=True))


@pytest.mark.parametrize(
    "values", [np.linspace(0, 1, 1001), [0.0, 0.5, 1.0], [0.25, np.inf], [np.nan, 0.5, -1.0, np.inf]]
)
def test_a_remembered_leader_leads(values):
    for seed in range(5):
        for remembered, found in play(moves(seed, values)):
            assert remembered == found


def test_a_challenger_that_is_not_announced_would_be_missed():
    answers = play(moves(1, np.linspace(0, 1, 1001)), told=lambda *_: None)
    assert any(remembered != found for remembered, found in answers)


def test_nobody_leads_where_no_score_is_a_number():
    x = np.full(3, np.nan)
    assert best_by_leader(x, leader_of(new_leader(1), 0), KEY) == -1
