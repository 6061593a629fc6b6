"""Tests that numbers are independent uniform draws; each returns a p-value, or an upper limit of one.

All work on shares u of an interval, of shape (draws,), which a right sampler makes uniform on [0, 1].
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
VARIANCE = 1.0 / 12.0  # of a uniform
SQUARE_VARIANCE = 1.0 / 180.0  # of (u − 1/2)²
COSINE_VARIANCE = 0.5  # of cos(2 π k u), k a whole number


def kolmogorov_smirnov(shares: Numbers) -> float:
    """Upper limit of p, two-sided, that values of a distribution function are uniform.

    Twice the exact one-sided p, x each. What is counted twice, both sides at once, is about 2 x⁴: nothing where p is
    small. scipy.stats has the exact two-sided p, and takes longer to import than the whole test.
    """
    from scipy.special import smirnov  # noqa: PLC0415

    u = np.sort(np.clip(shares, 0.0, 1.0))
    rank = np.arange(u.size)
    distance = max(np.max((rank + 1) / u.size - u), np.max(u - rank / u.size))
    return float(min(1.0, 2.0 * smirnov(u.size, min(1.0, distance))))


def normal_p(z: float) -> float:
    """Two-sided p of a standard normal value."""
    from scipy.special import erfc  # noqa: PLC0415

    return float(erfc(abs(z) / np.sqrt(2.0)))


def mean_p(first_moment: float, draws: int) -> float:
    """p of the sum of u − 1/2: its variance is draws / 12, and 1,000 draws are as good as normal."""
    return normal_p(first_moment / np.sqrt(draws * VARIANCE))


def log_p(log_sum: float, draws: int) -> float:
    """p of the sum of ln u: −ln u is exponential with mean and variance 1. The strongest test against powers of u."""
    return normal_p((-log_sum - draws) / np.sqrt(draws))


def gaps_p(gaps: float, draws: int) -> float:
    """p that the least and the largest draw leave gaps of this sum at the ends of [0, 1].

    Exact: the sum of the two end gaps is Beta(2, draws − 1), whose tail is (1 − x)^(draws − 1) (1 + (draws − 1) x).
    """
    x = min(max(gaps, 0.0), 1.0 - 1e-16)
    return float(np.exp((draws - 1) * np.log1p(-x)) * (1.0 + (draws - 1) * x))


def uniform_sum_p(first_moment: Numbers, draws: Numbers) -> Numbers:
    """Upper limit of p that a sum of u − 1/2 deviates so far: Chernoff's bound with the variance itself.

    A uniform draw is strictly sub-Gaussian (Arbel, Marchal and Nguyen 2020): E exp(t (u − 1/2)) <= exp(t² / 24).
    """
    return np.asarray(np.minimum(1.0, 2.0 * np.exp(-(first_moment**2) / (2.0 * VARIANCE * draws))))


def bernstein_p(deviation: Numbers, draws: Numbers, variance: float, most: float) -> Numbers:
    """Upper limit of p that a sum of `draws` centred terms deviates so far (Boucheron et al. 2013, corollary 2.11).

    `variance` is that of a term, `most` its largest absolute value. Holds for any number of draws.
    """
    exponent = deviation**2 / (2.0 * (draws * variance + most * np.abs(deviation) / 3.0))
    return np.asarray(np.minimum(1.0, 2.0 * np.exp(-exponent)))


def lag_p(shares: Numbers, power: int = 1) -> tuple[float, int]:
    """p that u at some lag up to 9/10 of the draws correlates as much as the most correlated lag; and that lag.

    `power` 2 correlates (u − 1/2)², which finds draws that are folded, not only repeated. All autocorrelations by one
    FFT. Each is a mean of n − lag products of known variance; Bonferroni over the lags.
    """
    u, n = shares - 0.5, shares.size
    centred, variance = (u, VARIANCE) if power == 1 else (u * u - VARIANCE, SQUARE_VARIANCE)
    spectrum = np.fft.rfft(centred, 2 * n)
    lags = np.arange(1, 9 * n // 10 + 1)
    sums = np.fft.irfft(np.abs(spectrum) ** 2, 2 * n)[lags]
    z = sums / (variance * np.sqrt(n - lags))
    worst = int(np.argmax(np.abs(z)))
    return min(1.0, normal_p(float(z[worst])) * lags.size), int(lags[worst])
