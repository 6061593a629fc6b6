"""Fit the defaults of the traffic world to all published figures at once: python scripts/refit_traffic.py [--quick]

The loss is the sum over figures of ((log simulated − log published) / tolerance)²; a tolerance is a relative error that
counts 1. Fleets are drawn by plain NumPy from the formulas of docs/traffic.md with the same random numbers for each
set of parameters, so that the loss is smooth; holidays, fatigue and drift are left out, since they change no figure by
more than 2 %. The answer is printed as a table and as a scenario; nothing is written.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri
from scipy.stats import qmc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.scenario.sections.traffic import TrafficSection

Floats = NDArray[np.float64]
DEFAULT = TrafficSection()
PAGES, MESSAGES = 4_096, 24
PAGE_50K = 50_000
FLAT_PRICES = (5.0, 10.0)


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
    Target("revenue per message at $10 over that at $5", 1.0, 0.1),
)
NAMES = ("reach", "audience_exponent", "page_sigma", "caption_cv", "message_cv")
KNOTS = np.array([dollars for dollars, _ in DEFAULT.purchases.per_view])


@dataclass(frozen=True, eq=False)
class Luck:
    """Random numbers of a fleet: pages (PAGES,), messages (PAGES, MESSAGES)."""

    fans: Floats
    level: Floats
    price: Floats
    view: Floats
    quality: Floats
    noise: Floats


def luck() -> Luck:
    """Low-discrepancy numbers for pages, pseudo-random ones for messages."""
    pages = qmc.Sobol(2, seed=1).random(PAGES)
    rng = np.random.default_rng(1)
    probability, fans = np.array(DEFAULT.audience.quantiles).T
    price_probability, dollars = np.array(DEFAULT.bank.prices).T
    shape = (PAGES, MESSAGES)
    return Luck(
        fans=np.exp(np.interp(pages[:, 0], probability, np.log(fans))),
        level=ndtri(pages[:, 1]),
        price=np.rint(np.interp(rng.uniform(size=shape), price_probability, dollars)),
        view=rng.standard_normal(shape),
        quality=rng.standard_normal(shape),
        noise=rng.uniform(size=shape),
    )


def parameters(at: Floats) -> dict[str, float | Floats]:
    """Names and values of a point of the search, all positive; the reach at most 1."""
    values = np.exp(at)
    named: dict[str, float | Floats] = dict(zip(NAMES, values[: len(NAMES)].tolist(), strict=True))
    return named | {"reach": min(1.0, float(values[0])), "per_view": values[len(NAMES) :]}


def start() -> Floats:
    """The defaults."""
    law = DEFAULT.purchases
    named = [DEFAULT.sends.reach, law.audience_exponent, law.page_sigma, law.caption_cv, law.message_cv]
    return np.log([*named, *(rate for _, rate in law.per_view)])


def simulated(at: Floats, numbers: Luck) -> dict[str, float]:
    """Every figure under the parameters."""
    named = parameters(at)
    reach = float(named["reach"])
    fans = np.maximum(1.0, np.rint(reach * numbers.fans))
    level = (numbers.fans / DEFAULT.purchases.reference_audience) ** -float(named["audience_exponent"])
    level = level * np.exp(float(named["page_sigma"]) * numbers.level)
    mean, _ = _purchases(named, numbers, fans[:, None], level[:, None])
    per_day = _priced_per_day(numbers.fans)
    share = DEFAULT.sends.unpriced_share
    messages = np.clip(per_day / (1.0 - share), *DEFAULT.sends.per_day_limits)
    sold, earned = (per_day * each.mean(axis=1) for each in (mean, mean * numbers.price))
    recipients = float((messages * fans).sum())
    found = {
        "recipients per message": recipients / float(messages.sum()),
        "purchases per message": float(sold.sum() / messages.sum()),
        "dollars per purchase": float(earned.sum() / sold.sum()),
        "dollars per recipient": float(earned.sum()) / recipients,
    }
    return found | _page_of_50k(named, numbers, reach) | _by_price(named, numbers, reach)


def _purchases(named: dict[str, float | Floats], numbers: Luck, fans: Floats, level: Floats) -> tuple[Floats, Floats]:
    """(expected purchases, expected views) of priced messages with their own rates; factors of time average 1."""
    sigma = math.sqrt(math.log1p(DEFAULT.views.priced.cv**2))
    views = fans * np.minimum(1.0, DEFAULT.views.priced.mean * np.exp(sigma * numbers.view - 0.5 * sigma**2))
    spread = math.sqrt(math.log1p(float(named["caption_cv"]) ** 2))
    rate = _per_view(named, numbers.price) * level * np.exp(spread * numbers.quality - 0.5 * spread**2)
    return views * rate / (1.0 + rate / DEFAULT.purchases.max_per_view), views


def _per_view(named: dict[str, float | Floats], price: Floats) -> Floats:
    rates: Floats = np.exp(np.interp(np.log(price), np.log(KNOTS), np.log(named["per_view"])))
    return rates


def _priced_per_day(fans: Floats) -> Floats:
    size = np.searchsorted(DEFAULT.sends.size_limits, fans, side="right")
    middle: Floats = np.array([(low + high) / 2.0 for low, high in DEFAULT.sends.priced_per_day])[size]
    return middle


def _page_of_50k(named: dict[str, float | Floats], numbers: Luck, reach: float) -> dict[str, float]:
    """Mean, variance and share of zeros of priced messages of median pages with 50,000 recipients."""
    level = (PAGE_50K / reach / DEFAULT.purchases.reference_audience) ** -float(named["audience_exponent"])
    mean, _ = _purchases(named, numbers, np.array(float(PAGE_50K)), np.array(level))
    weekday, hour = np.array(DEFAULT.factors.weekday), np.array(DEFAULT.factors.hour)
    season = np.outer(weekday, hour).ravel()
    mean = mean * season[(numbers.noise * len(season)).astype(int)]
    square = float(named["message_cv"]) ** 2
    zero = (1.0 + square * mean) ** (-1.0 / square)
    total = float(mean.mean())
    return {
        "50,000 recipients: mean purchases": total,
        "50,000 recipients: variance": total + float(((1.0 + square) * mean**2).mean()) - total**2,
        "50,000 recipients: share of zeros": float(zero.mean()),
    }


def _by_price(named: dict[str, float | Floats], numbers: Luck, reach: float) -> dict[str, float]:
    """Purchases per view of the page of 50,000 recipients in four bands of prices, and the revenue ratio."""
    level = (PAGE_50K / reach / DEFAULT.purchases.reference_audience) ** -float(named["audience_exponent"])
    price, found = numbers.price.ravel(), {}
    bands = {
        "below $7": price < 7,
        "$7 to $12": (price >= 7) & (price < 12),
        "$12 to $18": (price >= 12) & (price < 18),
    }
    for name, band in (bands | {"above $18": price >= 18}).items():
        found[f"purchases per view {name}"] = float(level * _per_view(named, price[band]).mean())
    low, high = (price * float(_per_view(named, np.array([price]))[0]) for price in FLAT_PRICES)
    return found | {"revenue per message at $10 over that at $5": high / low}


def loss(at: Floats, numbers: Luck) -> float:
    """Squared relative errors over their tolerances; parameters far from the defaults cost a little."""
    found = simulated(at, numbers)
    errors = [(math.log(found[each.name]) - math.log(each.value)) / each.tolerance for each in TARGETS]
    return float(np.square(errors).sum()) + 0.1 * float(np.square(at - start()).sum())


def refit(numbers: Luck, iterations: int) -> Floats:
    """The parameters of least loss, from the defaults and a smaller reach on."""
    at = start()
    at[0] = math.log(0.27)
    for _ in range(3):  # Nelder and Mead's simplex collapses early: it starts anew
        found = minimize(loss, at, (numbers,), "Nelder-Mead", options={"maxfev": iterations, "adaptive": True})
        at = np.asarray(found.x)
    return at


def report(at: Floats, numbers: Luck) -> str:
    """A table of figures, and the scenario's keys."""
    before, after, named = simulated(start(), numbers), simulated(at, numbers), parameters(at)
    lines = ["| figure | published | defaults | refitted | off by |", "|---|---|---|---|---|"]
    for each in TARGETS:
        off = 100.0 * (after[each.name] / each.value - 1.0)
        lines.append(
            f"| {each.name} | {each.value:g} | {before[each.name]:.3g} | {after[each.name]:.3g} | {off:+.0f} % |"
        )
    lines += ["", f"loss {loss(start(), numbers):,.0f} -> {loss(at, numbers):,.0f}", "", "world:"]
    points = ", ".join(f"[{k:g}, {r:.3g}]" for k, r in zip(KNOTS, np.atleast_1d(named["per_view"]), strict=True))
    lines += [f"  sends: {{reach: {named['reach']:.3g}}}", "  purchases:", f"    per_view: [{points}]"]
    return "\n".join(lines + [f"    {name}: {named[name]:.3g}" for name in NAMES[1:]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    drawn = luck()
    sys.stdout.write(report(refit(drawn, 150 if parser.parse_args().quick else 1_500), drawn) + "\n")
