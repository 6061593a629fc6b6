"""What the model takes for granted, each tested on the log: a log that the model cannot produce is called a misfit."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, gammaincc, ndtr, stdtr

from sim.calibration.figures import Floats
from sim.calibration.log import Flags, Sends
from sim.calibration.purchases import PurchaseFit, refitted
from sim.calibration.views import ViewLaw

LEVEL = 1e-3
"""Of each test: of eight, one in 125 logs of the model itself fails one."""
BINS = 10
CLEAR_VIEWS = 30.0  # expected views from which the logarithm of the observed rate is nearly normal
LEAST = 200  # messages


@dataclass(frozen=True)
class Misfit:
    """One test of an assumption."""

    assumption: str
    p_value: float
    meaning: str
    """What the log holds where the test fails."""

    @property
    def failed(self) -> bool:
        """Whether the log contradicts the assumption."""
        return self.p_value < LEVEL


def check(sends: Sends, laws: dict[str, ViewLaw], fitted: PurchaseFit | None) -> list[Misfit]:
    """All tests that the log is large enough for."""
    found = [test for kind, law in laws.items() for test in _views(sends, kind, law)]
    if fitted is not None:
        found += _purchases(sends, fitted)
    return found


def halves(sends: Sends) -> Flags:
    """Which messages are of the second half of the log's days."""
    second: Flags = sends.day >= (int(sends.day.min()) + int(sends.day.max()) + 1) / 2
    return second


def _views(sends: Sends, kind: str, law: ViewLaw) -> list[Misfit]:
    rows = (sends.priced if kind == "priced" else ~sends.priced) & (sends.sent * law.mean >= CLEAR_VIEWS)
    rows &= sends.viewed > 0
    if rows.sum() < LEAST:
        return []
    rate = sends.viewed[rows] / sends.sent[rows]
    mu = math.log(law.mean) - 0.5 * law.sigma**2
    z = (np.log(rate) - mu) / np.sqrt(law.sigma**2 + (1.0 - rate) / sends.viewed[rows])
    late, page = halves(sends)[rows], sends.page[rows]
    return [
        Misfit(f"view rates of {kind} messages are log-normal", _uniform(ndtr(z)), "another law, or two kinds of fans"),
        Misfit(
            f"view rates of {kind} messages are the same on all pages", _alike(z, page), "pages whose fans view more"
        ),
        Misfit(f"view rates of {kind} messages stay", _alike(z, late.astype(np.int64)), "they rise or fall"),
    ]


def _uniform(values: Floats) -> float:
    """p of chi-square over equal bins."""
    counts = np.histogram(values, BINS, (0.0, 1.0))[0]
    expected = len(values) / BINS
    return float(gammaincc(0.5 * (BINS - 1), 0.5 * ((counts - expected) ** 2).sum() / expected))


def _alike(values: Floats, group: np.ndarray) -> float:
    """p of the one-way analysis of variance."""
    _, code = np.unique(group, return_inverse=True)
    size = int(code.max()) + 1
    if size < 2:
        return 1.0
    number = np.bincount(code)
    means = np.bincount(code, values) / number
    between = float((number * (means - values.mean()) ** 2).sum()) / (size - 1)
    within = float(((values - means[code]) ** 2).sum()) / max(1, len(values) - size)
    if within == 0.0:  # one value, or one per group
        return 1.0
    return float(fdtrc(size - 1, len(values) - size, between / within))


def _purchases(sends: Sends, fitted: PurchaseFit) -> list[Misfit]:
    late = halves(sends).astype(np.float64)
    price = np.log(np.where(sends.priced, sends.price, 1.0))
    centred = price - price[fitted.rows].mean()
    rate = np.log(np.maximum(sends.viewed, 1) / sends.sent)
    days = len(np.unique(sends.day))
    tests = {
        "purchases per view stay": (late, "they rise or fall"),
        "the price response stays": (late * centred, "buyers react to prices otherwise in the second half"),
        "purchases per view do not depend on the view rate": (
            rate - _page_mean(rate, sends, fitted),
            "two kinds of fans: who views more is not who buys",
        ),
    }
    found = []
    for name, (term, meaning) in tests.items():
        extra = term[:, None] if name != "the price response stays" else np.stack([late, term], axis=1)
        again = refitted(sends, fitted, extra)
        value, error = again.terms[-1], math.sqrt(max(again.covariance[-1, -1], 1e-300))
        p = 2.0 * float(stdtr(max(3, days - 2), -abs(value) / error))
        found.append(Misfit(name, p, f"{meaning} (coefficient {value:.2f})"))
    found.append(Misfit("prices stay", _prices(sends, late), "other prices are asked in the second half"))
    return found


def _page_mean(values: Floats, sends: Sends, fitted: PurchaseFit) -> Floats:
    rows = fitted.rows
    number = np.maximum(1, np.bincount(sends.page[rows], minlength=len(sends.pages)))
    means: Floats = np.bincount(sends.page[rows], values[rows], len(sends.pages)) / number
    return means[sends.page]


def _prices(sends: Sends, late: Floats) -> float:
    """p of a difference of mean log prices between the halves, each day one observation."""
    rows = sends.priced
    day = sends.day[rows] - int(sends.day.min())
    number = np.bincount(day)
    means = np.bincount(day, np.log(sends.price[rows]))[number > 0] / number[number > 0]
    half = np.bincount(day, late[rows])[number > 0] / number[number > 0]
    return _alike(means, (half > 0.5).astype(np.int64)) if len(means) > 4 else 1.0
