"""Upper confidence bounds of a Poisson rate, for rules and kernels."""

import math

MOST_STEPS = 60


def poisson_upper(p: float, budget: float) -> float:
    """The largest q >= p with p ln(p / q) + q − p <= budget, to a relative 1e-12; p, budget >= 0.

    Newton's method on a convex function from the right of its root, where the bound (q − p)² / 2q of the left side
    meets the budget.
    """
    if budget <= 0.0 or p <= 0.0:
        return p + max(budget, 0.0)
    d = budget + math.sqrt(budget * (budget + 2.0 * p))
    for _ in range(MOST_STEPS):
        step = (d - p * math.log1p(d / p) - budget) * (p + d) / d
        d -= step
        if step <= 1e-13 * d:
            break
    return p + d
