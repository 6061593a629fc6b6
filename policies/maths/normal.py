"""The quantile of the normal distribution in plain arithmetic, for rules and kernels."""

import math

from policies.maths.incomplete_beta import normal_upper_quantile

SQRT_HALF, SQRT_TWO_PI = math.sqrt(0.5), math.sqrt(2.0 * math.pi)


def normal_quantile(u: float) -> float:
    """The z with P(Z <= z) = `u`; −inf for `u` <= 0 and +inf for `u` >= 1.

    Halley's method from the approximation of Abramowitz & Stegun, on the smaller tail.
    """
    if u <= 0.0 or u >= 1.0:
        return -math.inf if u <= 0.0 else math.inf
    tail = min(u, 1.0 - u)
    z = normal_upper_quantile(tail)
    for _ in range(3):
        density = math.exp(-0.5 * z * z) / SQRT_TWO_PI
        step = (0.5 * math.erfc(z * SQRT_HALF) - tail) / density
        z += step / (1.0 - 0.5 * z * step)
    return z if u > 0.5 else -z
