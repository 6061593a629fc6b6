"""Tail and quantile of the Beta distribution in plain arithmetic, for rules and kernels (which cannot call SciPy).

The tail is the continued fraction of Didonato & Morris (1992, "Algorithm 708", BFRAC), evaluated by Lentz's (1976)
method, times x^a (1 − x)^b / B(a, b); that factor comes from the relative entropy between the mean and x and from
Stirling remainders, because logarithms of gamma functions would cancel ten digits at counts of a million.
"""

import math

_HALF_LOG_2PI = 0.9189385332046727
_TINY = 1e-300
_SMALLEST = 1e-290  # below it the hazard, a quotient of two tails, has no digits
_FRACTION_STEPS = 20_000
_SOLVER_STEPS = 100
_TOLERANCE = 1e-14
_EPSILON = 2.0**-53


def stirling_remainder(a: float) -> float:
    """ln Γ(a) − ((a − ½) ln a − a + ½ ln 2π) for a > 0: about 1/(12a)."""
    # Shifted up by Γ(a + 1) = a Γ(a) to where the series holds; math.lgamma has other last bits when compiled.
    product, z = 1.0, a
    while z < 10.0:
        product *= z
        z += 1.0
    r = 1.0 / (z * z)
    series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / z
    if z == a:
        return series
    return series + (z - 0.5) * math.log(z) - (a - 0.5) * math.log(a) - (z - a) - math.log(product)


def _log_peak(a: float, b: float) -> float:
    """ln of m^a (1 − m)^b / B(a, b) at the mean m = a / (a + b)."""
    remainder = stirling_remainder(a + b) - stirling_remainder(a) - stirling_remainder(b)
    return 0.5 * math.log(a * (b / (a + b))) - _HALF_LOG_2PI + remainder


def _factor(a: float, b: float, x: float, log_peak: float) -> float:
    """x^a (1 − x)^b / B(a, b) for 0 <= x <= 1."""
    y, gap = 1.0 - x, x * b - (1.0 - x) * a
    if x <= 0.0 or y <= 0.0:  # a quantile near 0 can underflow
        return 0.0
    # a ln(x / mean) + b ln(y / (1 − mean)), where x / mean = 1 + gap / a and y / (1 − mean) = 1 − gap / b
    first = math.log1p(gap / a) if abs(gap) < 0.5 * a else math.log(x * ((a + b) / a))
    second = math.log1p(-gap / b) if abs(gap) < 0.5 * b else math.log(y * ((a + b) / b))
    return math.exp(log_peak + (a * first + b * second))


def _fraction(a: float, b: float, x: float, y: float) -> float:
    """The continued fraction of I_x(a, b) = x^a y^b / B(a, b) · fraction, y = 1 − x; fast for x <= a / (a + b).

    Both x and y are asked for, because a − (a + b) x is taken from the smaller one.
    """
    excess = a - (a + b) * x if x < y else (a + b) * y - b
    # Lentz: the value is 1 / (β₁ + α₂/(β₂ + α₃/(β₃ + …)))
    value = a / (a + 1.0) * (excess + 1.0)
    c, d = value, 0.0
    for m in range(1, _FRACTION_STEPS):
        numerator = (a + m - 1.0) * (a + b + m - 1.0) * m * (b - m) * x * x / ((a + 2.0 * m - 1.0) ** 2)
        partial = (
            m + m * (b - m) * x / (a + 2.0 * m - 1.0) + (a + m) / (a + 2.0 * m + 1.0) * (excess + 1.0 + m * (1.0 + y))
        )
        d = 1.0 / _not_zero(partial + numerator * d)
        c = _not_zero(partial + numerator / c)
        value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return 1.0 / value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _tail(a: float, b: float, x: float, factor: float) -> float:
    if x >= a / (a + b):
        return factor * _fraction(b, a, 1.0 - x, x)
    return 1.0 - factor * _fraction(a, b, x, 1.0 - x)


def beta_tail(a: float, b: float, x: float) -> float:
    """P(X > x) for X ~ Beta(a, b), a, b > 0."""
    if x <= 0.0:
        return 1.0
    return _tail(a, b, x, _factor(a, b, x, _log_peak(a, b))) if x < 1.0 else 0.0


def beta_tail_and_factor(a: float, b: float, x: float) -> tuple[float, float]:
    """(P(X > x), x^a (1 − x)^b / B(a, b)) for X ~ Beta(a, b), a, b > 0, 0 < x < 1."""
    factor = _factor(a, b, x, _log_peak(a, b))
    return _tail(a, b, x, factor), factor


def beta_density(a: float, b: float, x: float) -> float:
    """The density of Beta(a, b) at 0 < x < 1, a, b > 0."""
    return _factor(a, b, x, _log_peak(a, b)) / (x * (1.0 - x))


def beta_upper_quantile(a: float, b: float, tail: float) -> float:
    """The x with P(X > x) = `tail` for X ~ Beta(a, b), a, b > 0; 0 for `tail` >= 1 and 1 for `tail` <= 0.

    Halley's method on the logarithm of the tail, inside a bracket that every step narrows.
    """
    if tail >= 1.0:
        return 0.0
    if tail <= 0.0:
        return 1.0
    low, high = 0.0, 1.0
    log_peak, target = _log_peak(a, b), math.log(tail)
    x = _first_guess(a, b, tail)
    for _ in range(_SOLVER_STEPS):
        factor = _factor(a, b, x, log_peak)
        value = _tail(a, b, x, factor)
        if value > tail:
            low = x
        else:
            high = x
        following, error = _halley(a, b, x, factor, value, target)
        if not low <= following <= high:
            following, error = 0.5 * (low + high), high - low
        x = following
        if error <= _TOLERANCE * x:
            break
    return x


def beta_quantile(u: float, a: float, b: float) -> float:
    """The x with P(X <= x) = `u` for X ~ Beta(a, b), a, b > 0; 0 for `u` <= 0 and 1 for `u` >= 1.

    Exact to 1e-12 of `u` or of 1 − `u`, whichever is less, or to 2e-14 of x. Closed forms where a or b is 1.
    """
    if u <= 0.0:
        return 0.0
    if u >= 1.0:
        return 1.0
    if b == 1.0:
        return math.pow(u, 1.0 / a)
    if a == 1.0:
        return -math.expm1(math.log1p(-u) / b)
    if u > 0.5:
        return beta_upper_quantile(a, b, 1.0 - u)
    return _polished(u, a, b, 1.0 - beta_upper_quantile(b, a, u))


def _polished(u: float, a: float, b: float, x: float) -> float:
    """A quantile below the mean with the digits that 1 − x lacks: Newton's method on ln P(X <= x), concave in ln x."""
    log_peak, mean = _log_peak(a, b), a / (a + b)
    x = max(x, _EPSILON)
    for _ in range(_SOLVER_STEPS):
        if not 0.0 < x < mean:
            return x
        factor = _factor(a, b, x, log_peak)
        below = factor * _fraction(a, b, x, 1.0 - x)
        if below < _SMALLEST:
            return x
        step = math.log(u / below) * (1.0 - x) * (below / factor)
        x *= math.exp(step)
        if abs(step) <= _TOLERANCE:
            break
    return x


def _halley(a: float, b: float, x: float, factor: float, value: float, target: float) -> tuple[float, float]:
    """(Halley's next x towards ln tail = `target` from the tail `value` at x, the order of the error there)."""
    if value < _SMALLEST or factor < _SMALLEST or not 0.0 < x < 1.0:
        return math.inf, math.inf
    hazard = factor / (x * (1.0 - x) * value)
    excess = math.log(value) - target
    bend = 0.5 * excess * (((a - 1.0) / x - (b - 1.0) / (1.0 - x)) / hazard + 1.0)
    step = excess / hazard / (1.0 + max(-0.5, min(1.0, bend)))
    return x + step, abs(step) * (excess * excess + bend * bend)


def _first_guess(a: float, b: float, tail: float) -> float:
    """Where n · kl(median, x) is half the squared normal quantile, to the third order."""
    z = normal_upper_quantile(tail)
    n = max(a + b - 2.0 / 3.0, 0.5 * (a + b))
    p = max(a - 1.0 / 3.0, 0.5 * a) / n
    p = min(p, 1.0 - 0.5 * b / (a + b))
    spread = z * math.sqrt(p * (1.0 - p) / n)
    guess = p + spread + z * z * (1.0 - 2.0 * p) / (3.0 * n)
    return guess if 0.0 < guess < 1.0 else (0.5 * (1.0 + p) if spread > 0.0 else 0.5 * p)


def normal_upper_quantile(tail: float) -> float:
    """The z with P(Z > z) = `tail`, to 4.5e-4 (Abramowitz & Stegun 1964, eq. 26.2.23): a first guess."""
    t = math.sqrt(-2.0 * math.log(min(tail, 1.0 - tail)))
    z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    return z if tail < 0.5 else -z
