"""Who has the largest random score, without drawing them all: for `tail_evaluable` policies, see `policies.base`.

An arm that keeps losing gets a level, somewhat below what wins, and the exact chance that its score passes it. At a
decision one uniform number per arm says whose score does; only those are drawn, and where none of them passes the level
of another arm, that arm, too. All that levels depend on is past, so the choice has the distribution that drawing every
score gives it, though not the same random numbers. Where an evaluation pays is not known in advance: it is made once
as much was spent on draws in wasted_draws (ski rental, Karlin et al. 1988).

Plain functions for `sim.kernels.specialise`, which binds the policy's `score`, `tail`, `update_tail` and `draw_above`.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from policies.base import RARE, UNKNOWN
from policies.maths.draws import arm_key, pull_key, uniform
from sim.kernels import force_inline, unbound
from sim.worlds.base import Floats, Params

draw_above: Callable[..., float] = unbound("draw_above")
score: Callable[..., float] = unbound("score")
tail: Callable[..., tuple[float, float]] = unbound("tail")
update_tail: Callable[..., tuple[float, float, float]] = unbound("update_tail")

MAX_WASTED_DRAWS = 12  # draws in wasted_draws that cost as much as one evaluation of a tail
LANES = 8  # chances that a processor compares at once
NEVER = -1.0  # a chance that every uniform number exceeds
LIKELY = 0.75  # chances above it spare nothing
EXACT, INEXACT = 1e-12, 1e-9  # relative error of a chance that was just evaluated, and the largest that may be used
DEPTH = 2.4  # standard deviations of a level below the mean of what wins
NEAR = 0.5  # standard deviations that a level must move to be worth an evaluation
MEMORY = 1.0 / 16.0  # weight of the latest decision in that mean and deviation

MEAN, VARIANCE, WEIGHT, HIGHEST = 0, 1, 2, 3  # places in `winning`


class TailBounds(NamedTuple):
    """What is known of the arms' tails, (rows, arms) where nothing else is said, or of the arms of one row."""

    level: Any
    """−inf where the chance is unknown."""
    chance: Any
    """P(score > level), UNKNOWN where every decision draws the arm; as long as whole LANES, filled up with NEVER."""
    slope: Any
    error: Any
    """Relative error of `chance`, at most."""
    wasted_draws: Any
    """Draws that did not win since the level was last reviewed."""
    passed: Any
    """Work space, as long as `chance`: whether the score passes the level."""
    drawn: Any
    """Work space: the arms that are drawn."""
    winning: Floats
    """(rows, 4): mean and variance of the scores that won lately, weight of the next one; a bound of all levels."""


def new_tails(rows: int, arms: int) -> TailBounds:
    """Nothing known yet."""
    shape = (rows, arms)
    chance = np.full((rows, -(-arms // LANES) * LANES), NEVER)
    chance[:, :arms] = UNKNOWN
    return TailBounds(
        level=np.full(shape, -math.inf),
        chance=chance,
        slope=np.zeros(shape),
        error=np.zeros(shape),
        wasted_draws=np.zeros(shape, np.int64),
        passed=np.zeros_like(chance, np.bool_),
        drawn=np.zeros(shape, np.int64),
        winning=np.tile([0.0, 0.0, 1.0, -math.inf], (rows, 1)),
    )


def tails_of(tails: TailBounds, r: int) -> TailBounds:
    """Row `r` alone."""
    return TailBounds(
        tails.level[r],
        tails.chance[r],
        tails.slope[r],
        tails.error[r],
        tails.wasted_draws[r],
        tails.passed[r],
        tails.drawn[r],
        tails.winning[r],
    )


@force_inline
def best_by_tails(a: Floats, b: Floats, tails: TailBounds, params: Params, state: Floats, key: np.uint64) -> int:
    """The position of the largest score among arms of shape (arms,), ties broken uniformly; −1 if all drawn are NaN."""
    count = passing(tails, key)
    best, chosen, ties = -math.inf, -1, 0
    for i in range(count):
        arm = tails.drawn[i]
        value = draw(arm, True, a, b, tails, params, state, arm_key(key, arm))
        if value > best:
            best, chosen, ties = value, arm, 1
        elif value == best:
            ties, chosen = tie(ties, arm, chosen, a.shape[0], key)
    if best <= tails.winning[HIGHEST]:
        best, chosen, count = best_of_others(best, chosen, ties, count, a, b, tails, params, state, key)
    remember_winner(best, tails.winning)
    for i in range(count):
        if tails.drawn[i] != chosen:
            record_loss(tails.drawn[i], a, b, tails, params)
    return chosen


@force_inline
def passing(tails: TailBounds, key: np.uint64) -> int:
    """How many arms are to be drawn at once: those whose scores pass, or have no level; they come first in `drawn`."""
    for arm in range(tails.chance.shape[0]):
        tails.passed[arm] = uniform(arm_key(key, arm)) < tails.chance[arm]
    count = 0
    for arm in range(tails.level.shape[0]):
        tails.drawn[count] = arm
        count += tails.passed[arm]
    return count


def draw(
    arm: int, passes: bool, a: Floats, b: Floats, tails: TailBounds, params: Params, state: Floats, key: np.uint64
) -> float:
    """The score of an arm that passed its level, or did not, by keys independent of the number that decided it."""
    level = tails.level[arm]
    if passes and tails.chance[arm] <= RARE:
        return draw_above(a[arm], b[arm], level, params, pull_key(key, 0))
    attempt = 0
    while True:
        value = score(a[arm], b[arm], state, params, pull_key(key, attempt))
        wrong = value <= level if passes else value > level  # NaN is neither
        if not wrong:
            return value
        attempt += 1


def tie(ties: int, arm: int, chosen: int, arms: int, key: np.uint64) -> tuple[int, int]:
    """(ties, chosen) with one more of the best score: the i-th of the tied replaces the choice with probability 1/i."""
    ties += 1
    return ties, arm if uniform(arm_key(key, arms + ties)) * ties < 1.0 else chosen


def best_of_others(
    best: float,
    chosen: int,
    ties: int,
    count: int,
    a: Any,
    b: Any,
    tails: TailBounds,
    params: Params,
    state: Floats,
    key: np.uint64,
) -> tuple[float, int, int]:
    """(best, chosen, count) after the arms that did not pass, but whose level the best does not exceed, either."""
    highest = -math.inf
    for arm in range(a.shape[0]):
        level = tails.level[arm]
        highest = max(highest, level)
        if level >= best and not tails.passed[arm]:
            tails.drawn[count] = arm
            count += 1
            value = draw(arm, False, a, b, tails, params, state, arm_key(key, arm))
            if value > best:
                best, chosen, ties = value, arm, 1
            elif value == best:
                ties, chosen = tie(ties, arm, chosen, a.shape[0], key)
    tails.winning[HIGHEST] = highest
    return best, chosen, count


def remember_winner(best: float, winning: Floats) -> None:
    """Bring mean and variance of what wins up to date, each decision weighing less than the next (West 1979)."""
    weight = winning[WEIGHT]
    gap = best - winning[MEAN]
    winning[MEAN] += weight * gap
    winning[VARIANCE] = (1.0 - weight) * (winning[VARIANCE] + weight * gap * gap)
    winning[WEIGHT] = max(MEMORY, weight / (1.0 + weight))


def record_loss(arm: int, a: Floats, b: Floats, tails: TailBounds, params: Params) -> None:
    """Count a draw in wasted_draws, and after some update_threshold the arm's level."""
    tails.wasted_draws[arm] += 1
    if tails.wasted_draws[arm] >= MAX_WASTED_DRAWS:
        tails.wasted_draws[arm] = 0
        update_threshold(arm, a[arm], b[arm], tails, params)


def update_threshold(arm: int, a: float, b: float, tails: TailBounds, params: Params) -> None:
    """Put the arm's level where it belongs now, unless it is about there."""
    spread = math.sqrt(tails.winning[VARIANCE])
    level = tails.winning[MEAN] - DEPTH * spread
    if abs(level - tails.level[arm]) > NEAR * spread:
        tails.level[arm] = level
        evaluate(arm, a, b, tails, params)


def evaluate(arm: int, a: float, b: float, tails: TailBounds, params: Params) -> None:
    """The chance of passing the arm's level, from a and b alone."""
    chance, slope = tail(a, b, tails.level[arm], params)
    keep(arm, chance, slope, EXACT, tails)


def keep(arm: int, chance: float, slope: float, error: float, tails: TailBounds) -> None:
    """Use a chance, if it spares anything."""
    if chance <= LIKELY:
        tails.chance[arm], tails.slope[arm], tails.error[arm] = chance, slope, error
        tails.winning[HIGHEST] = max(tails.winning[HIGHEST], tails.level[arm])
    else:
        tails.chance[arm], tails.level[arm] = UNKNOWN, -math.inf


def update(arm: int, a: float, b: float, to_a: float, to_b: float, tails: TailBounds, params: Params) -> None:
    """The statistics of an arm have changed, and with them perhaps a and b."""
    if tails.chance[arm] == UNKNOWN or (a == to_a and b == to_b):
        return
    level, chance, slope, error = tails.level[arm], tails.chance[arm], tails.slope[arm], tails.error[arm]
    chance, slope, error = update_tail(a, b, to_a, to_b, level, chance, slope, error, params)
    if chance <= 1.0 and error <= INEXACT:
        keep(arm, chance, slope, error, tails)
    else:
        evaluate(arm, to_a, to_b, tails, params)
