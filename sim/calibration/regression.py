"""Regression of counts on their logarithmic mean, with page effects and errors that allow for clusters.

The estimating equations are those of the negative binomial law with variance mean + phi · mean² at a given phi, so that
large counts do not outweigh all others; they hold for any law with the right mean (Gourieroux, Monfort & Trognon 1984).
Covariances are sandwiches with two-way clusters (Cameron, Gelbach & Miller 2011).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.calibration.figures import Floats
from sim.calibration.log import Integers

STEPS = 60
TOLERANCE = 1e-8
LARGEST_STEP = 2.0

Mean = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""(page effect of each row, sum of the other terms that share its curve) → (log mean without factors, its slope)."""


@dataclass(frozen=True, eq=False)
class Design:
    """What counts are regressed on; arrays (rows,) and (rows, terms)."""

    count: Floats
    offset: Floats
    page: Integers
    pages: int
    inner: Floats
    """Terms inside the curve of `Mean`, such as the price."""
    outer: Floats
    """Terms that multiply the mean, such as the weekday."""
    clusters: tuple[Integers, Integers]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Estimates: of each page, and of the inner, then the outer terms; covariances of all of the latter."""

    page: Floats
    terms: Floats
    covariance: Floats
    page_variance: Floats
    """Given the terms, (pages,)."""
    mean: Floats
    phi: float


def fit(design: Design, mean: Mean, phi: float | None = None) -> Fitted:
    """Solve the estimating equations; `phi` is estimated from the residuals where it is not given."""
    spread = 0.3 if phi is None else phi
    total = np.bincount(design.page, design.count, design.pages)
    exposure = np.bincount(design.page, np.exp(design.offset), design.pages)
    page = np.log((total + 0.5) / np.maximum(exposure, 1e-300))
    terms = np.zeros(design.inner.shape[1] + design.outer.shape[1])
    for attempt in range(2 if phi is None else 1):
        page, terms = _solve(design, mean, page, terms, spread)
        if phi is None and attempt == 0:
            spread = _phi(design.count, _means(design, mean, page, terms)[0], spread)
    return _finish(design, mean, page, terms, spread)


def _means(design: Design, mean: Mean, page: Floats, terms: Floats) -> tuple[Floats, Floats]:
    """(means, slopes of their logarithms along the inner sum)."""
    inner = design.inner.shape[1]
    log_mean, slope = mean(page[design.page] + design.inner @ terms[:inner], design.offset)
    return np.exp(np.minimum(log_mean + design.outer @ terms[inner:], 50.0)), slope


def _solve(design: Design, mean: Mean, page: Floats, terms: Floats, phi: float) -> tuple[Floats, Floats]:
    for _ in range(STEPS):
        mu, slope = _means(design, mean, page, terms)
        weight = mu / (1.0 + phi * mu)
        normal = _Normal(design, slope, weight)
        step_page, step = normal.step((design.count - mu) / mu)
        largest = max(np.abs(step_page).max(initial=0.0), np.abs(step).max(initial=0.0))
        shrink = min(1.0, LARGEST_STEP / max(largest, 1e-300))
        page, terms = page + shrink * step_page, terms + shrink * step
        if largest < TOLERANCE:
            break
    return page, terms


class _Normal:
    """The normal equations of one step; page effects are eliminated, since their block is diagonal."""

    def __init__(self, design: Design, slope: Floats, weight: Floats) -> None:
        self._design, self._slope, self._weight = design, slope, weight
        self.columns = np.hstack([design.inner * slope[:, None], design.outer])
        self.diagonal = np.maximum(np.bincount(design.page, weight * slope**2, design.pages), 1e-300)
        weighted = (weight * slope)[:, None] * self.columns
        self.mixed = sums_by(weighted, design.page, design.pages)
        # What is left of each column after its page's mean is taken out.
        self.left = self.columns - slope[:, None] * (self.mixed / self.diagonal[:, None])[design.page]
        self.inverse = np.linalg.pinv(self.left.T @ (weight[:, None] * self.left), hermitian=True)

    def step(self, residual: Floats) -> tuple[Floats, Floats]:
        """(step of the page effects, step of the terms)."""
        weight, slope, design = self._weight, self._slope, self._design
        step: Floats = self.inverse @ (self.left.T @ (weight * residual))
        right = np.bincount(design.page, weight * slope * residual, design.pages)
        return (right - self.mixed @ step) / self.diagonal, step

    def sandwich(self, residual: Floats) -> Floats:
        """Covariance of the terms, clustered both ways; one way where all rows are one cluster, whose sum is 0."""
        score = (self._weight * residual)[:, None] * self.left
        ways = [each for each in self._design.clusters if np.ptp(each) > 0]
        if len(ways) == 2:
            both = ways[0] * (int(ways[1].max()) + 1) + ways[1]
            meat = _clustered(score, ways[0]) + _clustered(score, ways[1]) - _clustered(score, both)
        else:
            meat = _clustered(score, ways[0] if ways else np.arange(len(score)))
        values, vectors = np.linalg.eigh(self.inverse @ meat @ self.inverse)
        clipped: Floats = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return clipped


def sums_by(columns: Floats, code: Integers, size: int) -> Floats:
    """Sums of each column by code, (size, columns)."""
    return np.array([np.bincount(code, each, size) for each in columns.T]).reshape(columns.shape[1], size).T


def _clustered(score: Floats, cluster: Integers) -> Floats:
    _, code = np.unique(cluster, return_inverse=True)
    size = int(code.max()) + 1
    sums = sums_by(score, code, size)
    meat: Floats = size / max(1, size - 1) * (sums.T @ sums)
    return meat


def _finish(design: Design, mean: Mean, page: Floats, terms: Floats, phi: float) -> Fitted:
    mu, slope = _means(design, mean, page, terms)
    weight = mu / (1.0 + phi * mu)
    normal = _Normal(design, slope, weight)
    residual = (design.count - mu) / mu
    score = weight * slope * residual
    # Captions of a page vary together: their messages are one cluster.
    _, first, code = np.unique(design.clusters[0], return_index=True, return_inverse=True)
    meat = np.bincount(design.page[first], np.bincount(code, score) ** 2, design.pages)
    floor = np.bincount(design.page, weight**2 * slope**2 / mu * (1.0 + phi * mu), design.pages)
    variance = np.maximum(meat, floor) / np.maximum(normal.diagonal**2, 1e-300)
    return Fitted(page, terms, normal.sandwich(residual), variance, mu, phi)


def _phi(count: Floats, mu: Floats, phi: float) -> float:
    """Over-dispersion by moments, each message weighted by how well its mean is known."""
    weight = 1.0 / (1.0 + phi * mu) ** 2
    return float(np.clip((weight * ((count - mu) ** 2 - mu)).sum() / (weight * mu**2).sum(), 0.0, 20.0))
