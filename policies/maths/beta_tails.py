"""How likely a draw from a Beta posterior is to pass a level, and draws given that it does: for `tailed` rules.

Sources: one trial more or less, Abramowitz & Stegun 1964, eqs. 26.5.15–16; draws above a level by rejection under the
tangent of the log density, Gilks & Wild 1992 with one point.
"""

import math
from typing import Any

from policies.base import UNKNOWN
from policies.maths.draws import STREAM, open_uniform
from policies.maths.incomplete_beta import beta_tail_and_factor

_FEWEST = 1e-250  # a factor below it has lost its digits
_MOST_STEPS = 32.0  # from there on a new evaluation costs no more
_ROUNDING = 1e-15  # of one step
_STEEP = 3.0  # by how much the tangent must fall towards 1 for draws beyond 1 to be rare


def tail_posterior(x: float, y: float, level: float, params: Any) -> tuple[float, float]:
    """(P(Beta(x, y) > level), level^x (1 − level)^y / B(x, y)); unknown up to the mean and where x < 1 or y < 1."""
    if x < 1.0 or y < 1.0 or level >= 1.0 or level * (x + y) <= x:
        return UNKNOWN, 0.0
    return beta_tail_and_factor(x, y, level)


def follow_posterior(
    x: float, y: float, to_x: float, to_y: float, level: float, chance: float, pace: float, doubt: float, params: Any
) -> tuple[float, float, float]:
    """What `tail_posterior` would say of Beta(to_x, to_y), from its answer for Beta(x, y), by single trials."""
    steps = abs(to_x - x) + abs(to_y - y)
    if not (pace > _FEWEST and steps <= _MOST_STEPS and min(to_x, to_y) >= 1.0):
        return UNKNOWN, 0.0, 0.0
    up = down = 0.0
    while x < to_x:
        up += pace / x
        pace *= level * (x + y) / x
        x += 1.0
    while x > to_x:
        x -= 1.0
        pace *= x / (level * (x + y))
        down += pace / x
    while y < to_y:
        down += pace / y
        pace *= (1.0 - level) * (x + y) / y
        y += 1.0
    while y > to_y:
        y -= 1.0
        pace *= y / ((1.0 - level) * (x + y))
        up += pace / y
    after = chance + up - down
    if x != to_x or y != to_y or after <= 0.0 or level * (x + y) <= x:  # steps not whole, only rounding left, no tail
        return UNKNOWN, 0.0, 0.0
    return after, pace, (doubt + steps * _ROUNDING) * (chance + up + down) / after


def above_posterior(x: float, y: float, level: float, params: Any, key: Any) -> float:
    """A draw from Beta(x, y) given that it exceeds a level well above its median; x, y >= 1."""
    room = 1.0 - level
    fall = (y - 1.0) / room - (x - 1.0) / level  # of the log density, whose tangent at the level bounds it
    steep = fall * room
    while True:
        step = _exponential(key, fall) if steep > _STEEP else _within(key, steep, room)
        u = open_uniform(key + STREAM)
        key = key + STREAM + STREAM
        left, right = step / level, step / room
        if right >= 1.0:
            continue
        # ln(1 + a) >= a − a²/2 and ln(1 − b) >= −b − b²/(2 − 2b) accept most draws without a logarithm
        if u < 1.0 - 0.5 * ((x - 1.0) * left * left + (y - 1.0) * right * right / (1.0 - right)):
            return level + step
        gap = (x - 1.0) * (math.log1p(left) - left) + (y - 1.0) * (math.log1p(-right) + right)
        if math.log(u) < gap:
            return level + step


def _exponential(key: Any, rate: float) -> float:
    return -math.log(open_uniform(key)) / rate


def _within(key: Any, steep: float, room: float) -> float:
    """An exponential number given that it is at most `room`, where it has fallen (or risen) to exp(−steep)."""
    u = open_uniform(key)
    return room * (u if steep == 0.0 else -math.log1p(u * math.expm1(-steep)) / steep)
