"""What a label tells of a caption's rate, in a model of one page: log-normal views, gamma-Poisson purchases.

A priced message of a caption has V views and K purchases,

    V log-normal with mean 1,  K | V ~ Poisson(mean · V · G),  G gamma with mean 1,

and succeeds where a value of its own exceeds the page's median m: K² / V (EMV), or K / V (purchases or dollars per
view). All captions of the page have one price and, as far as the median goes, one rate. The Fisher information of the
label on the logarithm of the rate is (dP / d log rate)² / (P (1 − P)) with P = P(success); that of the count of
purchases, views known, is E[mean V / (1 + mean V c²)], where c is the coefficient of variation of G (the negative
binomial distribution; Lawless 1987, section 2).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammainc, ndtri

from reports.estimators.intervals import Floats
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import Label

NODES = 64  # of the views
HALVINGS = 50  # of the search for a median
GRID = 48  # means of pages at which a function of them is computed
STEP = 1e-3  # of the logarithm of the rate, in a derivative
PER_VIEW = ("purchases_per_view", "dollars_per_view")


@dataclass(frozen=True)
class PageModel:
    """How messages of a page vary, and which share of them has no price."""

    views_cv: float
    message_cv: float
    unpriced_share: float

    @classmethod
    def of(cls, world: TrafficSection) -> "PageModel":
        """The model of a traffic world."""
        return cls(world.views.priced.cv, world.purchases.message_cv, world.sends.unpriced_share)

    def views(self) -> Floats:
        """Views of equally likely messages, (NODES,), as multiples of their mean."""
        sigma = np.sqrt(np.log1p(self.views_cv**2))
        views: Floats = np.exp(sigma * ndtri((np.arange(NODES) + 0.5) / NODES))
        scaled: Floats = views / views.mean()
        return scaled

    def exceeds(self, most: Floats, mean: Floats) -> Floats:
        """P(K > `most`) of purchases with these means; shapes broadcast."""
        if self.message_cv == 0.0:
            found: Floats = gammainc(most + 1.0, mean)
            return found
        square = self.message_cv**2
        return np.asarray(betainc(most + 1.0, 1.0 / square, mean * square / (1.0 + mean * square)))


def success(label: Label, median: Floats, mean: Floats, page: PageModel) -> Floats:
    """P(success) of a priced message, (pages,), by the page's median and the caption's mean purchases, (pages,)."""
    views = page.views()
    scale = median[:, None] * views
    most = np.floor((scale if label in PER_VIEW else np.sqrt(scale)) + 1e-9)
    chance: Floats = page.exceeds(most, mean[:, None] * views).mean(axis=1)
    return chance


def median_value(label: Label, mean: Floats, page: PageModel) -> Floats:
    """The least value that at most half of the messages of the median exceed, (pages,)."""
    unpriced = page.unpriced_share if label == "emv_above_median" else 0.0
    if label == "sold" or unpriced >= 0.5:
        return np.zeros(len(mean))
    share = 0.5 / (1.0 - unpriced)
    low, high = np.zeros(len(mean)), np.square(20.0 * mean + 20.0) / page.views().min()
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = success(label, middle, mean, page) > share
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(success(label, np.zeros(len(mean)), mean, page) <= share, 0.0, high)


def information(label: Label, mean: Floats, page: PageModel) -> Floats:
    """Of the label on a caption's rate against that of the count of purchases, (pages,); between 0 and 1."""
    median = median_value(label, mean, page)
    chance = success(label, median, mean, page)
    more, less = (success(label, median, mean * np.exp(step), page) for step in (STEP, -STEP))
    slope, noise = (more - less) / (2.0 * STEP), chance * (1.0 - chance)
    seen = mean[:, None] * page.views()
    counted = (seen / (1.0 + seen * page.message_cv**2)).mean(axis=1)
    told: Floats = np.divide(slope**2, noise * counted, out=np.zeros(len(mean)), where=noise * counted > 1e-18)
    return told


def informations(label: Label, mean: Floats, page: PageModel) -> Floats:
    """The same for many pages, interpolated between pages whose means grow by a factor."""
    return interpolated(lambda grid: information(label, grid, page), mean)


def successes(label: Label, mean: Floats, page: PageModel) -> Floats:
    """P(success) of a priced message of many pages, (pages,), interpolated as well."""
    return interpolated(lambda grid: success(label, median_value(label, grid, page), grid, page), mean)


def interpolated(of_page: Callable[[Floats], Floats], mean: Floats) -> Floats:
    """A function of a page's mean purchases at many pages, (pages,), by its values at GRID means."""
    known = np.clip(mean, 1e-3, 1e4)
    grid = np.geomspace(known.min(), known.max() * (1.0 + 1e-9), GRID)
    found: Floats = np.interp(np.log(known), np.log(grid), of_page(grid))
    return found
