"""Fit the defaults of the traffic world to all published figures at once: python scripts/refit_traffic.py [--quick]

The loss is the sum over figures of ((log simulated − log published) / tolerance)²; a tolerance is a relative error that
counts 1. Parameters keep to the ranges of `RANGES`; docs/traffic.md gives the reasons. Fleets are drawn by plain NumPy
from the formulas of docs/traffic.md with the same random numbers for each set of parameters, so that the loss is
smooth; fatigue and holidays enter by their mean. The answer is printed as a table and a scenario; nothing is written.
With `--dear` pages that sell well may have higher prices, too (`bank.price_correlation`, by default 0).
"""

import argparse
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import expit, ndtr, ndtri
from scipy.stats import qmc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.scenario.sections.traffic import TrafficSection

Floats = NDArray[np.float64]
Ranges = Mapping[str, tuple[float, float, float]]
DEFAULT = TrafficSection()
PAGES, MESSAGES = 4_096, 24
PAGE_50K = 50_000
FLAT_PRICES = np.arange(5.0, 11.0)
LEFT = 0.92  # share of purchases that fatigue and holidays leave: measured in half a year of uniform choice
EDGE = 0.02  # of the share of strong pages, in standard deviations: a sharp edge has no derivative


@dataclass(frozen=True)
class Target:
    """A published figure of docs/traffic.md."""

    name: str
    value: float
    tolerance: float


TARGETS = (
    Target("recipients per message", 4_600.0, 0.05),
    Target("purchases per message", 3.82, 0.1),
    Target("dollars per purchase", 16.01, 0.1),
    Target("dollars per recipient", 0.0133, 0.1),
    Target("50,000 recipients: mean purchases", 0.73, 0.05),
    Target("50,000 recipients: variance", 1.88, 0.1),
    Target("50,000 recipients: share of zeros", 0.65, 0.05),
    Target("purchases per view below $7", 0.00109, 0.1),
    Target("purchases per view $7 to $12", 0.00046, 0.1),
    Target("purchases per view $12 to $18", 0.00021, 0.1),
    Target("purchases per view above $18", 0.00015, 0.1),
    Target("revenue per message, $5 to $10: largest over smallest", 1.0, 0.1),
)
# Least, first and largest value of each parameter.
RANGES = {
    "reach": (0.27, 0.3, 1.0),
    "audience_exponent": (0.0, 0.2, 0.3),
    "page_sigma": (0.0, 0.8, 1.0),
    "strong_share": (0.0, 0.3, 0.5),
    "strong_factor": (1.0, 60.0, 150.0),
    "message_cv": (0.1, 0.35, 0.8),
    "rate": (0.0005, 0.0019, 0.006),  # purchases per view at the first of KNOTS
}
DEAR = RANGES | {"strong_factor": (1.0, 60.0, 300.0), "price_correlation": (0.0, 0.3, 0.9)}
"""With dear pages: at equal prices strong pages then differ from usual ones by more than views of all prices do."""
ELASTICITY = (0.0, 1.5, 4.0)  # by which purchases per view fall with the price, between each two of KNOTS
KNOTS = np.array([dollars for dollars, _ in DEFAULT.purchases.per_view])


@dataclass(frozen=True, eq=False)
class Luck:
    """Random numbers of a fleet: pages (PAGES,), messages (PAGES, MESSAGES)."""

    fans: Floats
    level: Floats
    price: Floats  # as a quantile of the page's own prices
    view: Floats
    quality: Floats
    noise: Floats


@dataclass(frozen=True, eq=False)
class Fleet:
    """A point of the search."""

    reach: float
    audience_exponent: float
    page_sigma: float
    strong_share: float
    strong_factor: float
    message_cv: float
    per_view: Floats
    price_correlation: float = DEFAULT.bank.price_correlation

    @property
    def reference(self) -> float:
        """The audience of which a message reaches 50,000."""
        return PAGE_50K / self.reach


def luck() -> Luck:
    """Low-discrepancy numbers for pages, pseudo-random ones for messages."""
    pages = qmc.Sobol(2, seed=1).random(PAGES)
    rng = np.random.default_rng(1)
    probability, fans = np.array(DEFAULT.audience.quantiles).T
    shape = (PAGES, MESSAGES)
    return Luck(
        fans=np.exp(np.interp(pages[:, 0], probability, np.log(fans))),
        level=ndtri(pages[:, 1]),
        price=rng.uniform(size=shape),
        view=rng.standard_normal(shape),
        quality=rng.standard_normal(shape),
        noise=rng.uniform(size=shape),
    )


def fleet_at(at: Floats, ranges: Ranges = RANGES) -> Fleet:
    """The parameters of a point: values in the order of `ranges`, then an elasticity between each two of KNOTS."""
    named = dict(zip(ranges, at.tolist(), strict=False))
    fall = np.append(0.0, np.cumsum(at[len(ranges) :] * np.diff(np.log(KNOTS))))
    return Fleet(per_view=named.pop("rate") * np.exp(-fall), **named)


def shipped() -> Fleet:
    """The defaults of the traffic world."""
    law = DEFAULT.purchases
    return Fleet(
        DEFAULT.sends.reach,
        law.audience_exponent,
        law.page_sigma,
        law.strong_pages.share,
        law.strong_pages.factor,
        law.message_cv,
        np.array([rate for _, rate in law.per_view]),
    )


def simulated(fleet: Fleet, numbers: Luck) -> dict[str, float]:
    """Every figure under the parameters."""
    numbers = replace(numbers, price=prices(fleet, numbers))
    recipients = np.maximum(1.0, np.rint(fleet.reach * numbers.fans))
    level = (numbers.fans / fleet.reference) ** -fleet.audience_exponent
    level = level * np.exp(fleet.page_sigma * numbers.level + math.log(fleet.strong_factor) * _strong(fleet, numbers))
    mean = _purchases(fleet, numbers, recipients[:, None], level[:, None])
    per_day = _priced_per_day(numbers.fans)
    messages = np.clip(per_day / (1.0 - DEFAULT.sends.unpriced_share), *DEFAULT.sends.per_day_limits)
    sold, earned = (float((per_day * each.mean(axis=1)).sum()) for each in (mean, mean * numbers.price))
    sent = float((messages * recipients).sum())
    found = {
        "recipients per message": sent / float(messages.sum()),
        "purchases per message": sold / float(messages.sum()),
        "dollars per purchase": earned / sold,
        "dollars per recipient": earned / sent,
    }
    return found | _page_of_50k(fleet, numbers) | _by_price(fleet, numbers)


def _strong(fleet: Fleet, numbers: Luck) -> Floats:
    """Whether each page is strong, from 0 to 1."""
    strong: Floats = expit((numbers.level - ndtri(1.0 - fleet.strong_share)) / EDGE)
    return strong


def prices(fleet: Fleet, numbers: Luck) -> Floats:
    """Whole dollars of each message: those of a page lie higher among all prices, the better the page sells."""
    own = math.sqrt(1.0 - fleet.price_correlation**2)
    among_all = ndtr(fleet.price_correlation * numbers.level[:, None] + own * ndtri(numbers.price))
    probability, dollars = np.array(DEFAULT.bank.prices).T
    return np.rint(np.interp(among_all, probability, dollars))


def _purchases(fleet: Fleet, numbers: Luck, recipients: Floats, level: Floats) -> Floats:
    """Expected purchases of priced messages with their own rates; factors of time average 1."""
    sigma = math.sqrt(math.log1p(DEFAULT.views.priced.cv**2))
    views = recipients * np.minimum(1.0, DEFAULT.views.priced.mean * np.exp(sigma * numbers.view - 0.5 * sigma**2))
    spread = math.sqrt(math.log1p(DEFAULT.purchases.caption_cv**2))
    rate = _per_view(fleet, numbers.price) * level * np.exp(spread * numbers.quality - 0.5 * spread**2)
    return LEFT * views * rate / (1.0 + rate / DEFAULT.purchases.max_per_view)


def _per_view(fleet: Fleet, price: Floats) -> Floats:
    rates: Floats = np.exp(np.interp(np.log(price), np.log(KNOTS), np.log(fleet.per_view)))
    return rates


def _priced_per_day(fans: Floats) -> Floats:
    size = np.searchsorted(DEFAULT.sends.size_limits, fans, side="right")
    middle: Floats = np.array([(low + high) / 2.0 for low, high in DEFAULT.sends.priced_per_day])[size]
    return middle


def _page_of_50k(fleet: Fleet, numbers: Luck) -> dict[str, float]:
    """Mean, variance and share of zeros of priced messages of a usual page, not strong, with 50,000 recipients."""
    mean = _purchases(fleet, numbers, np.array(float(PAGE_50K)), np.array(1.0))
    season = np.outer(np.array(DEFAULT.factors.weekday), np.array(DEFAULT.factors.hour)).ravel()
    mean = mean * season[(numbers.noise * len(season)).astype(int)]
    usual = np.broadcast_to(1.0 - _strong(fleet, numbers)[:, None], mean.shape) if fleet.price_correlation else None

    def average(values: Floats) -> float:
        return float(np.average(values, weights=usual))

    square, total = fleet.message_cv**2, average(mean)
    return {
        "50,000 recipients: mean purchases": total,
        "50,000 recipients: variance": total + average((1.0 + square) * mean**2) - total**2,
        "50,000 recipients: share of zeros": average((1.0 + square * mean) ** (-1.0 / square)),
    }


def _by_price(fleet: Fleet, numbers: Luck) -> dict[str, float]:
    """Purchases per view of the page of 50,000 recipients in four bands of prices, and how flat the revenue is."""
    price = numbers.price.ravel()
    bands = {
        "below $7": price < 7,
        "$7 to $12": (price >= 7) & (price < 12),
        "$12 to $18": (price >= 12) & (price < 18),
        "above $18": price >= 18,
    }
    found = {
        f"purchases per view {name}": LEFT * float(_per_view(fleet, price[at]).mean()) for name, at in bands.items()
    }
    revenue = FLAT_PRICES * _per_view(fleet, FLAT_PRICES)
    return found | {TARGETS[-1].name: float(revenue.max() / revenue.min())}


def errors(fleet: Fleet, numbers: Luck) -> Floats:
    """Relative error of each figure, in tolerances."""
    found = simulated(fleet, numbers)
    return np.array([(math.log(found[each.name]) - math.log(each.value)) / each.tolerance for each in TARGETS])


def loss(fleet: Fleet, numbers: Luck) -> float:
    """The sum of squared errors."""
    return float(np.square(errors(fleet, numbers)).sum())


def refit(numbers: Luck, steps: int, ranges: Ranges = RANGES) -> Fleet:
    """The parameters of least loss within their ranges."""
    low, first, high = np.array([*ranges.values(), *[ELASTICITY] * (len(KNOTS) - 1)]).T
    found = least_squares(
        lambda at: errors(fleet_at(at, ranges), numbers),
        first,
        bounds=(low, high),
        x_scale=first,
        diff_step=1e-4,
        max_nfev=steps,
    )
    return fleet_at(np.asarray(found.x), ranges)


def report(fleet: Fleet, numbers: Luck) -> str:
    """A table of figures, and the scenario's keys."""
    before, after = simulated(shipped(), numbers), simulated(fleet, numbers)
    lines = ["| figure | published | shipped | off by | refitted | off by |", "|---|---|---|---|---|---|"]
    for each in TARGETS:
        cells = (f"{found[each.name]:.3g} | {_off(found[each.name], each)}" for found in (before, after))
        lines.append(f"| {each.name} | {each.value:g} | {' | '.join(cells)} |")
    points = ", ".join(f"[{k:g}, {r:.3g}]" for k, r in zip(KNOTS, fleet.per_view, strict=True))
    return "\n".join(
        [
            *lines,
            "",
            f"loss: shipped {loss(shipped(), numbers):.1f}, refitted {loss(fleet, numbers):.1f}",
            "",
            "world:",
            f"  sends: {{reach: {fleet.reach:.3g}}}",
            f"  bank: {{price_correlation: {fleet.price_correlation:.3g}}}",
            "  purchases:",
            f"    per_view: [{points}]",
            f"    message_cv: {fleet.message_cv:.3g}",
            f"    reference_audience: {fleet.reference:,.0f}",
            f"    audience_exponent: {fleet.audience_exponent:.3g}",
            f"    page_sigma: {fleet.page_sigma:.3g}",
            f"    strong_pages: {{share: {fleet.strong_share:.3g}, factor: {fleet.strong_factor:.3g}}}",
        ]
    )


def _off(value: float, target: Target) -> str:
    return f"{100.0 * (value / target.value - 1.0):+.0f} %"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    parser.add_argument("--dear", action="store_true", help="pages that sell well may have higher prices")
    given, drawn = parser.parse_args(), luck()
    found = refit(drawn, 6 if given.quick else 60, DEAR if given.dear else RANGES)
    sys.stdout.write(report(found, drawn) + "\n")
