"""Bernoulli relative entropy and its inverse: how far above a sample mean the true mean may lie.

    kl(p, q) = p ln(p/q) + (1 − p) ln((1 − p)/(1 − q))

Everything works in the distance d = q − p, because kl(p, p + d) is quadratic in d near 0, where the two logarithms of q
itself would cancel. Plain arithmetic, for rules and kernels.
"""

import math

_STEPS = 60
_TOLERANCE = 1e-14
_CLOSE = 1e-3  # beyond it plain logarithms, twice as fast, cancel no more than three digits
_ERROR = 1e-12  # more than the error of `kl_upper`
_NOTHING = 1e-300  # a mean as good as 0: the quotient d / p stays finite above


def kl(p: float, d: float) -> float:
    """kl(p, p + d) in nats for 0 <= p <= 1 and 0 <= d <= 1 − p; +inf where p < 1 = p + d."""
    if d <= 0.0:
        return 0.0
    room = 1.0 - p
    if d >= room:
        return math.inf
    if p <= _NOTHING:
        return -room * math.log1p(-d / room)
    if d > _CLOSE:
        return room * math.log(room / (room - d)) + p * math.log(p / (p + d))
    return max(0.0, -room * math.log1p(-d / room) - p * math.log1p(d / p))


def kl_reach(p: float, budget: float) -> float:
    """A cheap upper bound of the largest q with kl(p, q) <= budget (square roots, no logarithm).

    kl is the integral of (x − p) / (x(1 − x)) from p to q, and 1/(x(1 − x)) is at least 4, 1/q and 1/(1 − p), so that
    kl >= 2d² (Pinsker), d²/(2q) and d²/(2(1 − p)).
    """
    pinsker = math.sqrt(0.5 * budget)
    near_zero = budget + math.sqrt(budget * (budget + 2.0 * p))
    near_one = math.sqrt(2.0 * budget * max(1.0 - p, 0.0))
    return min(1.0, p + min(pinsker, near_zero, near_one))


def kl_upper(p: float, budget: float) -> float:
    """The largest q in [p, 1] with kl(p, q) <= budget, to a relative 1e-13; never above `kl_reach`.

    Halley's method on sqrt(kl), which is nearly linear in d, inside a bracket that every step narrows.
    """
    if budget <= 0.0 or p >= 1.0:
        return min(p, 1.0)
    reach = kl_reach(p, budget)
    if p <= _NOTHING:
        return max(p, min(-math.expm1(-budget), reach))
    low, high = 0.0, reach - p
    d = min(_first_guess(p, budget), high)
    for _ in range(_STEPS):
        value = kl(p, d)
        if value > budget:
            high = d
        else:
            low = d
        following = d - _step(p, d, value, budget)
        if not low <= following <= high:
            following = 0.5 * (low + high)
        moved, d = abs(following - d), following
        spread = (p + d) * (1.0 - p - d)
        # the next step would be of the order of moved³ / spread²
        if moved * moved * moved <= _TOLERANCE * (p + d) * spread * spread:
            break
    return min(p + d, reach)


def kl_upper_slope(p: float, q: float) -> float:
    """The derivative of q = `kl_upper(p, budget)` in the budget, never too small; the function is concave.

    It is q (1 − q) / (q − p), which falls as q rises. The error of q itself is allowed for.
    """
    if p >= 1.0:
        return 0.0
    d = q - p - _ERROR
    return q * (1.0 - q + _ERROR) / d if d > 0.0 else math.inf


def _step(p: float, d: float, value: float, budget: float) -> float:
    """Halley's step for sqrt(kl) = sqrt(budget), where kl = `value` and its derivative is d / (q (1 − q))."""
    q = p + d
    if q >= 1.0 or d <= 0.0 or value <= 0.0:
        return math.inf
    spread = q * (1.0 - q)
    newton = 2.0 * (value - math.sqrt(value * budget)) * spread / d
    bend = newton * (1.0 / d - (1.0 - 2.0 * q) / spread - 0.5 * d / (spread * value))
    return newton / (1.0 - 0.5 * max(-1.0, min(1.0, bend)))


def _first_guess(p: float, budget: float) -> float:
    """The solution for kl to the fourth order in d, or a point inside the bracket where that order misleads."""
    v, skew = p * (1.0 - p), 1.0 - 2.0 * p
    s = math.sqrt(2.0 * v * budget)
    lean = skew / (3.0 * v)
    guess = s * (1.0 + s * (lean + s * (0.25 * lean * lean - 0.25 / v)))
    return guess if 0.5 * s < guess < 1.0 - p else min(s, 0.5 * (1.0 - p))
