"""Count draws for world kernels: one addressed uniform, inverted through the exact distribution function.

Inversion spends exactly one uniform per draw and is monotone: for one key, a larger `p` (or `mean`) never gives a
smaller count, so that two policies, or two scenarios, that differ a little in rates meet the same luck. The
distribution function is right to about 1e-13, whatever the sizes. Small means are searched from zero; large means from
the mode, whose probability is a saddle-point expression free of cancellation.

Source: Devroye (1986), "Non-Uniform Random Variate Generation", III.2 and X.4 (inversion by sequential search);
Loader (2000), "Fast and accurate computation of binomial probabilities", eqs. 2-4.
The functions are plain Python, compiled where a kernel is built (`sim.kernels.specialise`).
"""

import math

import numpy as np

from policies.maths.draws import uniform

SEARCH_FROM_ZERO = 120.0  # mean up to which a search from zero is the faster one
NEGLIGIBLE = 1e-18  # a term below this can no longer move a sum of probabilities
HALF_LOG_TWO_PI = 0.9189385332046727
INFINITE_TRIALS = -1.0


def binomial(key: np.uint64, n: int, p: float) -> int:
    """Successes among `n` trials of probability `p`; `n` from 0 to 1e9, `p` in [0, 1] (beyond it: the nearer end)."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - binomial_quantile(1.0 - uniform(key), n, 1.0 - p)
    return binomial_quantile(uniform(key), n, p)


def binomial_quantile(u: float, n: int, p: float) -> int:
    """The smallest count whose distribution function exceeds `u`; for 0 < p <= 1/2 and n >= 1."""
    if u < 1.0 - n * p:  # never above the probability of none (Bernoulli's inequality), and most purchases are none
        return 0
    if n * p <= SEARCH_FROM_ZERO:
        return search_up(u, 0, math.exp(n * math.log1p(-p)), n, p / (1.0 - p))
    mode = int((n + 1) * p)
    return search_from(u, mode, binomial_probability(mode, n, p), n, p / (1.0 - p))


def poisson(key: np.uint64, mean: float) -> int:
    """A Poisson count; `mean` from 0 (or less: no event) to 1e9."""
    if mean <= 0.0:
        return 0
    if mean <= SEARCH_FROM_ZERO:
        return search_up(uniform(key), 0, math.exp(-mean), INFINITE_TRIALS, mean)
    mode = int(mean)
    return search_from(uniform(key), mode, poisson_probability(mode, mean), INFINITE_TRIALS, mean)


def step_up(count: int, n: float, odds: float) -> float:
    """Probability of `count` + 1 over that of `count`: binomial of `n` trials, or Poisson of mean `odds`."""
    return odds / (count + 1.0) if n < 0.0 else odds * (n - count) / (count + 1.0)


def step_down(count: int, n: float, odds: float) -> float:
    """Probability of `count` − 1 over that of `count` >= 1."""
    return count / odds if n < 0.0 else count / (odds * (n - count + 1.0))


def search_up(u: float, count: int, probability: float, n: float, odds: float) -> int:
    """Add up probabilities from `count` on until they exceed `u`."""
    u -= probability
    while u >= 0.0:
        factor = step_up(count, n, odds)
        probability *= factor
        if factor < 1.0 and probability < NEGLIGIBLE:
            return count
        count += 1
        u -= probability
    return count


def search_down(excess: float, count: int, probability: float, n: float, odds: float) -> int:
    """Take probabilities away from `count` down while the distribution function still exceeds `u` (by `excess`)."""
    excess -= probability
    while excess > 0.0 and count > 0:
        probability *= step_down(count, n, odds)
        count -= 1
        excess -= probability
    return count


def search_from(u: float, mode: int, probability: float, n: float, odds: float) -> int:
    """Invert from the mode, whose probability is given: its distribution function is the sum of the terms below."""
    below = lower_tail(mode, probability, n, odds)
    if u >= below:
        return search_up(u - below + probability, mode, probability, n, odds)
    return search_down(below - u, mode, probability, n, odds)


def lower_tail(mode: int, probability: float, n: float, odds: float) -> float:
    """Probability of `mode` or less."""
    total = probability
    while mode > 0 and probability > NEGLIGIBLE:
        probability *= step_down(mode, n, odds)
        mode -= 1
        total += probability
    return total


def stirling_error(n: float) -> float:
    """ln n! less Stirling's ln(sqrt(2 pi n) (n/e)^n); n >= 1 (Loader 2000, eq. 3)."""
    if n < 16.0:
        return math.lgamma(n + 1.0) - (n + 0.5) * math.log(n) + n - HALF_LOG_TWO_PI
    square = n * n
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / square) / square) / square) / n


def deviance(count: float, mean: float) -> float:
    """count · ln(count / mean) + mean − count, without cancellation near the mean (Loader 2000, eq. 4)."""
    return count * math.log1p((count - mean) / mean) - (count - mean)


def binomial_probability(count: int, n: int, p: float) -> float:
    """Probability of `count` successes; for 0 < count < n and 0 < p < 1 (Loader 2000, eq. 2)."""
    rest = n - count
    exponent = stirling_error(n) - stirling_error(count) - stirling_error(rest)
    exponent -= deviance(count, n * p) + deviance(rest, n * (1.0 - p))
    return math.exp(exponent - HALF_LOG_TWO_PI) * math.sqrt(n / (float(count) * rest))


def poisson_probability(count: int, mean: float) -> float:
    """Probability of `count` events; for count >= 1."""
    return math.exp(-stirling_error(count) - deviance(count, mean) - HALF_LOG_TWO_PI) / math.sqrt(count)
