"""Upper tails of a Beta posterior, and draws above a threshold: for rules that are `tail_evaluable`.

Sources: one trial more or less, Abramowitz & Stegun 1964, eqs. 26.5.15–16; draws above a threshold by rejection under
the tangent of the log density, Gilks & Wild 1992 with one point.
"""

import math

from policies.base import UNKNOWN, Key, Pair, Params, Tail
from policies.maths.draws import STREAM, open_uniform
from policies.maths.incomplete_beta import beta_tail_and_factor

_FEWEST = 1e-250  # a factor below it has lost its digits
_MOST_STEPS = 32.0  # from there on a new evaluation costs no more
_ROUNDING = 1e-15  # of one step
_STEEP = 3.0  # by how much the tangent must fall towards 1 for draws beyond 1 to be rare


def tail_posterior(a: float, b: float, threshold: float, params: Params) -> Pair:
    """(P(Beta(a, b) > h), h^a (1 − h)^b / B(a, b)) at threshold h; unknown up to the mean and where a < 1 or b < 1."""
    if a < 1.0 or b < 1.0 or threshold >= 1.0 or threshold * (a + b) <= a:
        return UNKNOWN, 0.0
    return beta_tail_and_factor(a, b, threshold)


def update_tail_posterior(
    a: float,
    b: float,
    to_a: float,
    to_b: float,
    threshold: float,
    chance: float,
    slope: float,
    error: float,
    params: Params,
) -> Tail:
    """What `tail_posterior` returns for Beta(to_a, to_b), from its answer for Beta(a, b), trial by trial."""
    steps = abs(to_a - a) + abs(to_b - b)
    if not (slope > _FEWEST and steps <= _MOST_STEPS and min(to_a, to_b) >= 1.0):
        return UNKNOWN, 0.0, 0.0
    up = down = 0.0
    while a < to_a:
        up += slope / a
        slope *= threshold * (a + b) / a
        a += 1.0
    while a > to_a:
        a -= 1.0
        slope *= a / (threshold * (a + b))
        down += slope / a
    while b < to_b:
        down += slope / b
        slope *= (1.0 - threshold) * (a + b) / b
        b += 1.0
    while b > to_b:
        b -= 1.0
        slope *= b / ((1.0 - threshold) * (a + b))
        up += slope / b
    after = chance + up - down
    if (
        a != to_a or b != to_b or after <= 0.0 or threshold * (a + b) <= a
    ):  # steps not whole, only rounding left, no tail
        return UNKNOWN, 0.0, 0.0
    return after, slope, (error + steps * _ROUNDING) * (chance + up + down) / after


def draw_above_posterior(a: float, b: float, threshold: float, params: Params, key: Key) -> float:
    """A draw from Beta(a, b) given that it exceeds a threshold well above its median; a, b >= 1."""
    room = 1.0 - threshold
    fall = (b - 1.0) / room - (a - 1.0) / threshold  # of the log density, whose tangent at the threshold bounds it
    steep = fall * room
    while True:
        step = _exponential(key, fall) if steep > _STEEP else _within(key, steep, room)
        u = open_uniform(key + STREAM)
        key = key + STREAM + STREAM
        left, right = step / threshold, step / room
        if right >= 1.0:
            continue
        # ln(1 + a) >= a − a²/2 and ln(1 − b) >= −b − b²/(2 − 2b) accept most draws without a logarithm
        if u < 1.0 - 0.5 * ((a - 1.0) * left * left + (b - 1.0) * right * right / (1.0 - right)):
            return threshold + step
        gap = (a - 1.0) * (math.log1p(left) - left) + (b - 1.0) * (math.log1p(-right) + right)
        if math.log(u) < gap:
            return threshold + step


def _exponential(key: Key, rate: float) -> float:
    return -math.log(open_uniform(key)) / rate


def _within(key: Key, steep: float, room: float) -> float:
    """An exponential number given that it is at most `room`, where it has fallen (or risen) to exp(−steep)."""
    u = open_uniform(key)
    return room * (u if steep == 0.0 else -math.log1p(u * math.expm1(-steep)) / steep)
