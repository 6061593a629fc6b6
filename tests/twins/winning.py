"""The probability with which each of several independent draws is the largest, by NumPy and SciPy.

P(i wins) = ∫ f_i(x) · ∏_{j ≠ i} F_j(x) dx, by Gauss–Legendre quadrature over panels that follow the distribution of the
largest draw. Arms with equal parameters are one term with a multiplicity, so that cost grows with distinct counts.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln, xlog1py, xlogy

Floats = NDArray[np.float64]


NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
NEGLIGIBLE = 1e-20  # of the largest draw's distribution: panels below are left out
_DEGREE = 20  # of a product of linear functions per panel, which 32 nodes integrate to rounding errors
_LEVELS = (
    NEGLIGIBLE,
    1e-15,
    1e-11,
    1e-8,
    1e-6,
    1e-4,
    1e-3,
    *np.linspace(0.01, 0.99, 33).tolist(),
    0.999,
    1 - 1e-5,
    1 - 1e-8,
)
_LEVELS_ABOVE = (1 - 1e-11, 1 - 1e-14)

Distribution = Callable[[Floats], Floats]
"""From x (points,) to values (arms, points)."""


def uniform_wins(low: Floats, high: Floats) -> Floats:
    """P(win) of independent uniform draws on [low, high], each of shape (arms,); exact up to rounding.

    Between two neighbouring upper limits the integrand is a polynomial. Arms whose upper limit is not above the
    largest lower limit never win. Raises ValueError where a range is empty or not finite.
    """
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise ValueError("uniform draws need finite limits with low < high")
    pairs, kind, copies = _distinct(low, high)
    lows, highs = pairs.T
    floor = float(lows.max())
    tops = np.unique(highs[highs > floor])
    edges = np.concatenate([[floor], tops])

    def log_share(x: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            shares: Floats = np.log(np.clip((x - lows[:, None]) / (highs - lows)[:, None], 0.0, 1.0))
            return shares

    def density(x: Floats) -> Floats:
        return np.where((x > lows[:, None]) & (x < highs[:, None]), 1.0 / (highs - lows)[:, None], 0.0)

    known = copies @ log_share(edges)
    panels = [
        np.linspace(a, b, 2 + int(copies[highs >= b].sum()) // _DEGREE)
        for a, b, reached in zip(edges[:-1], edges[1:], known[1:], strict=True)
        if reached > np.log(NEGLIGIBLE)
    ]
    wins = np.zeros(len(lows))
    for panel in panels:
        wins += _integral(panel, log_share, density, copies)
    return _normalised(wins, copies)[kind]


def beta_wins(a: Floats, b: Floats) -> Floats:
    """P(win) of independent Beta(a, b) draws, each of shape (arms,), parameters above 0.

    Within 1e-10 where all parameters are at least 1; below 1 a density has a pole, and the error is up to 1e-6.
    """
    if not (np.isfinite(a).all() and np.isfinite(b).all() and (a > 0.0).all() and (b > 0.0).all()):
        raise ValueError("Beta draws need finite parameters above 0")
    pairs, kind, copies = _distinct(a, b)
    one, two = pairs[:, :1], pairs[:, 1:]

    def log_share(x: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.log(betainc(one, two, x))

    def density(x: Floats) -> Floats:
        return np.exp(xlogy(one - 1.0, x) + xlog1py(two - 1.0, -x) - betaln(one, two))

    panel = _quantiles(lambda x: copies @ log_share(x))
    return _normalised(_integral(panel, log_share, density, copies), copies)[kind]


def _distinct(one: Floats, two: Floats) -> tuple[Floats, NDArray[np.intp], Floats]:
    """(distinct pairs (pairs, 2), which of them each arm has, how many arms have it)."""
    pairs, kind, copies = np.unique(np.stack([one, two], axis=1), axis=0, return_inverse=True, return_counts=True)
    return pairs, kind, copies.astype(np.float64)


def _quantiles(log_largest: Distribution) -> Floats:
    """Points at which the distribution of the largest draw on [0, 1] reaches `_LEVELS`, and 1."""
    levels = np.log(np.array([*_LEVELS, *_LEVELS_ABOVE]))
    low, high = np.zeros(len(levels)), np.ones(len(levels))
    for _ in range(60):
        middle = (low + high) / 2.0
        above = log_largest(middle) >= levels
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.unique(np.concatenate([high, [1.0]]))


def _integral(panel: Floats, log_share: Distribution, density: Distribution, copies: Floats) -> Floats:
    """∫ f_i · ∏ F_j / F_i over the panels between neighbouring points, (distinct arms,)."""
    half = np.diff(panel) / 2.0
    x = (((panel[:-1] + panel[1:]) / 2.0)[:, None] + half[:, None] * NODES).ravel()
    weight = (half[:, None] * WEIGHTS).ravel()
    logs = log_share(x)
    rest = copies @ np.maximum(logs, -1e5) - logs
    with np.errstate(over="ignore", invalid="ignore"):
        terms = density(x) * np.exp(rest)
    return np.where(np.isfinite(terms) & np.isfinite(logs), terms, 0.0) @ weight


def _normalised(wins: Floats, copies: Floats) -> Floats:
    """Wins that add up to 1: what quadrature misses is far below the accuracy stated."""
    normalised: Floats = wins / float(copies @ wins)
    return normalised
