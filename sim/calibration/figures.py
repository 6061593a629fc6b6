"""A calibrated figure: the key of the scenario that it is for, its value and its 95 % interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri

Floats = NDArray[np.float64]
Value = float | int | str | Sequence[float] | Sequence[Sequence[float]] | None
Limit = float | Sequence[float] | None

CONFIDENCE = 0.95
Z = float(ndtri(0.5 + CONFIDENCE / 2))


@dataclass(frozen=True)
class Figure:
    """One figure of the scenario.

    `low` and `high` limit the value, or each value of a list (of points, their second numbers); None where there is no
    interval. `identified` is false where the log says too little and the default stands in; an interval that is too
    wide to be of use is kept there.
    """

    key: str
    value: Value
    low: Limit = None
    high: Limit = None
    identified: bool = True
    note: str = ""
    """How it was estimated, or why it could not be."""

    @property
    def numbers(self) -> list[float]:
        """The values that `low` and `high` limit."""
        if isinstance(self.value, (int, float)):
            return [float(self.value)]
        if self.value is None or isinstance(self.value, str):
            return []
        return [float(each[-1]) if isinstance(each, Sequence) else float(each) for each in self.value]

    @property
    def limits(self) -> list[tuple[float, float]]:
        """(low, high) for each of `numbers`; empty without an interval."""
        if self.low is None or self.high is None:
            return []
        if isinstance(self.low, Sequence) and isinstance(self.high, Sequence):
            return [(float(a), float(b)) for a, b in zip(self.low, self.high, strict=True)]
        assert not isinstance(self.low, Sequence)
        assert not isinstance(self.high, Sequence)
        return [(float(self.low), float(self.high))]

    @property
    def comment(self) -> str:
        """What stands beside it in the scenario file."""
        if not self.identified:
            return f"default: {self.note}"
        shown = ", ".join(f"{plain(low)} to {plain(high)}" for low, high in self.limits)
        return "; ".join(part for part in (f"95 %: {shown}" if shown else "", self.note) if part)


def plain(value: float) -> str:
    """Three significant digits; no exponent above 0.0001."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}" if digits < 9 else f"{value:.2e}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def unknown(key: str, why: str, low: Limit = None, high: Limit = None) -> Figure:
    """A figure that the log does not identify; the default stands in."""
    return Figure(key, None, low, high, identified=False, note=why)


def share(key: str, count: int, total: int, note: str = "") -> Figure:
    """A share with Wilson's interval (Wilson 1927)."""
    p, scale = count / total, 1.0 + Z * Z / total
    centre = (p + Z * Z / (2 * total)) / scale
    half = Z * math.sqrt(p * (1 - p) / total + Z * Z / (4 * total * total)) / scale
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Figure(key, p, low if count else 0.0, high if count < total else 1.0, note=note)


def quantile(values: Floats, level: float, effective: float | None = None) -> tuple[float, float, float]:
    """A quantile with the interval of order statistics, interpolated to the level (Hettmansperger & Sheather 1986).

    `effective` is the number of independent values where it is less than all. A limit that the sample is too small for
    is infinite; the ends of the distribution are as observed.
    """
    if level in (0.0, 1.0):
        end = float(values.min() if level == 0.0 else values.max())
        return end, end, end
    ordered = np.sort(values)
    n = len(ordered) if effective is None else max(2, round(effective))
    tail = 0.5 * (1.0 - CONFIDENCE)
    low = _place(n, level, tail)
    high = n + 1 - _place(n, 1.0 - level, tail)
    places = np.array([low, high]) / (n + 1)
    inside = np.clip(places * (len(ordered) + 1) - 1.0, 0.0, len(ordered) - 1.0)
    limits = np.interp(inside, np.arange(len(ordered)), ordered)
    found = float(np.quantile(ordered, level))
    return found, float(limits[0]) if low >= 1.0 else -math.inf, float(limits[1]) if high <= n else math.inf


def _place(n: int, level: float, tail: float) -> float:
    """Place r among n order statistics such that P(X_(r) > quantile) is `tail`, interpolated; below 1: none."""
    chance = bdtr(np.arange(n), n, level)  # P(at most r − 1 values below the quantile) for r = 1, 2, …
    return float(np.interp(tail, np.append(0.0, chance), np.arange(n + 1)))
