"""Bernoulli relative entropy and its inverse: how far above a sample mean the true mean may lie.

    kl(p, q) = p ln(p/q) + (1 − p) ln((1 − p)/(1 − q))

Everything works in the distance d = q − p, because kl(p, p + d) is quadratic in d near 0, where the two logarithms of q
itself would cancel. Plain arithmetic, for rules and kernels.
"""

import math

_STEPS = 60
_TOLERANCE = 1e-14
_NOTHING = 1e-300  # a mean as good as 0: the quotient d / p stays finite above


def kl(p: float, d: float) -> float:
    """kl(p, p + d) in nats for 0 <= p <= 1 and 0 <= d <= 1 − p; +inf where p < 1 = p + d."""
    if d <= 0.0:
        return 0.0
    room = 1.0 - p
    upper = math.inf if d >= room else -room * math.log1p(-d / room)
    return max(0.0, upper - p * math.log1p(d / p)) if p > _NOTHING else upper


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

    Newton's method on sqrt(kl), which is nearly linear in d, inside a bracket that every step narrows.
    """
    if budget <= 0.0 or p >= 1.0:
        return min(p, 1.0)
    reach = kl_reach(p, budget)
    if p <= _NOTHING:
        return min(-math.expm1(-budget), reach)
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
        # the next step would be of the order of moved² / (q (1 − q))
        if moved * moved <= _TOLERANCE * (p + d) * (p + d) * (1.0 - p - d):
            break
    return min(p + d, reach)


def _step(p: float, d: float, value: float, budget: float) -> float:
    """Newton's step for sqrt(kl) = sqrt(budget), where kl = `value` and its derivative is d / (q (1 − q))."""
    q = p + d
    return 2.0 * (value - math.sqrt(value * budget)) * q * (1.0 - q) / d if q < 1.0 and d > 0.0 else math.inf


def _first_guess(p: float, budget: float) -> float:
    """The solution for kl to the third order in d, at most what is left above p."""
    spread = math.sqrt(2.0 * p * (1.0 - p) * budget)
    guess = spread + 2.0 * budget * (1.0 - 2.0 * p) / 3.0
    return guess if 0.5 * spread < guess < 1.0 - p else min(spread, 0.5 * (1.0 - p))
