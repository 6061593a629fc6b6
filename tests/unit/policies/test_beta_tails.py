"""Tails of Beta posteriors against SciPy, and what follows them trial by trial against a new evaluation.

Each law of draws is tested at alpha = 1e-4 with fixed keys; beside it stands a level for which it fails.
"""

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from policies.base import RARE, UNKNOWN
from policies.maths.beta_tails import draw_above_posterior, tail_posterior, update_tail_posterior

ALPHA = 1e-4


def level_above(a: float, b: float, deviations: float) -> float:
    """So many standard deviations above the mean."""
    return float(stats.beta(a, b).mean() + deviations * stats.beta(a, b).std())


@pytest.mark.parametrize("highest", [1.0, 3.0, 6.0])
def test_a_tail_is_scipys(highest: float) -> None:
    rng = np.random.default_rng(1)
    for a, b in 10.0 ** rng.uniform(0.0, highest, (200, 2)):
        level = level_above(a, b, rng.uniform(0.01, 6.0))
        if level < 1.0:
            assert tail_posterior(a, b, level, ())[0] == pytest.approx(special.betaincc(a, b, level), rel=1e-9)


def test_a_tail_is_unknown_where_nothing_is_spared_or_the_density_is_not_log_concave() -> None:
    for a, b, level in [(3.0, 7.0, 0.3), (3.0, 7.0, 0.1), (0.9, 7.0, 0.8), (3.0, 0.5, 0.95), (1.0, 1.0, 1.0)]:
        assert tail_posterior(a, b, level, ())[0] == UNKNOWN


def walk(a: float, b: float, rng: Any, largest: int) -> tuple[float, float]:
    """Some trials more or less of one kind or of both, at least one."""
    dx, dy = rng.integers(-largest, largest + 1, 2)
    return max(1.0, a + dx), max(1.0, b + dy + (dx == dy == 0))


@pytest.mark.parametrize(("a", "b", "largest"), [(1.0, 1.0, 1), (40.0, 60.0, 1), (40.0, 60.0, 12), (9e5, 1e5, 3)])
def test_a_tail_that_follows_its_trials_is_the_evaluated_one(a: float, b: float, largest: int) -> None:
    rng = np.random.default_rng(2)
    level = level_above(a, b, 1.0)
    (chance, slope), error, followed = tail_posterior(a, b, level, ()), 1e-12, 0
    for _ in range(3000):
        to_a, to_b = walk(a, b, rng, largest)
        chance, slope, error = update_tail_posterior(a, b, to_a, to_b, level, chance, slope, error, ())
        a, b = to_a, to_b
        exact, exact_pace = tail_posterior(a, b, level, ())
        if chance <= 1.0 and error < 1e-9:
            assert chance == pytest.approx(exact, rel=error)
            assert slope == pytest.approx(exact_pace, rel=error)
            followed += 1
        else:
            chance, slope, error = exact, exact_pace, 1e-12
    assert followed > 500


def test_only_whole_steps_within_reach_are_followed() -> None:
    chance, slope = tail_posterior(5.0, 5.0, 0.6, ())
    for to_a, to_b in [(5.5, 5.0), (5.0, 6.25), (50.0, 50.0), (5.0, 0.0), (30.0, 5.0)]:
        assert update_tail_posterior(5.0, 5.0, to_a, to_b, 0.6, chance, slope, 1e-12, ())[0] == UNKNOWN
    assert update_tail_posterior(5.0, 5.0, 5.0, 6.0, 0.6, chance, 0.0, 1e-12, ())[0] == UNKNOWN


SHAPES = [
    (1.0, 1.0),
    (1.0, 30.0),
    (30.0, 1.0),
    (2.0, 1.4),
    (300.0, 1.2),
    (3.0, 2.0),
    (20.0, 80.0),
    (2e4, 3e3),
    (4e6, 6e6),
]


def p_value(a: float, b: float, level: float, believed: float) -> float:
    """Of 4000 draws above `level`, as draws above `believed`."""
    with np.errstate(over="ignore"):
        keys = np.arange(1, 4001, dtype=np.uint64) * np.uint64(0x9FB21C651E98DF25)
        draws = np.array([draw_above_posterior(a, b, level, (), key) for key in keys])
    assert (draws > level).all()
    within = special.betaincc(a, b, draws) / special.betaincc(a, b, believed)
    return float(stats.kstest(within, "uniform").pvalue)


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("chance", [RARE, 0.05, 1e-6])
def test_draws_above_a_level_have_the_beta_distribution_there(a: float, b: float, chance: float) -> None:
    level = float(special.betainccinv(a, b, chance))
    assert p_value(a, b, level, level) > ALPHA
    assert p_value(a, b, level, float(special.betainccinv(a, b, chance * 1.15))) < ALPHA
