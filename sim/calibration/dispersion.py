"""How much captions and messages vary beyond chance.

Two messages of one caption share its quality and nothing else, so the products of their residuals give caption_cv².
The factorial moment of one message gives (1 + caption_cv²)(1 + message_cv²). Messages are weighted by how well their
mean is known; errors are of sums over captions. Slow changes of a caption's rate are allowed for at the default drift.
"""

import math

import numpy as np

from sim.calibration.figures import Figure, Floats, Z, unknown
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.calibration.purchases import DEFAULT, LIMIT, PurchaseFit
from sim.units import WEEK_DAYS

CAPTION, MESSAGE = "world.purchases.caption_cv", "world.purchases.message_cv"
LINEAR = 0.05  # of the largest rate, up to which rates do not saturate to speak of
LEAST_PAIRS = 200
LEAST_MESSAGES = 200
WIDEST = 1.0  # interval of a CV beyond which the default stands in


def dispersion_figures(sends: Sends, fit: PurchaseFit) -> list[Figure]:
    """Spread of captions and of messages of one caption."""
    rows = fit.rows & (fit.rate < LINEAR * LIMIT) & (fit.mean > 0.0)
    if rows.sum() < LEAST_MESSAGES:
        return [unknown(key, "too few messages that sell far below saturation") for key in (CAPTION, MESSAGE)]
    caption = _caption(sends, fit, rows & (sends.caption != NO_CAPTION))
    return [caption, _message(sends, fit, rows, caption)]


def _caption(sends: Sends, fit: PurchaseFit, rows: Flags) -> Figure:
    order = np.flatnonzero(rows)
    order = order[np.lexsort((sends.time[order], sends.caption[order]))]
    group = np.unique(sends.caption[order], return_inverse=True)[1]
    mean = fit.mean[order]
    weight = 1.0 / (1.0 + fit.shared.phi * mean)
    left, size = weight * (sends.purchased[order] - mean), weight * mean
    growth = np.exp(DEFAULT.drift.sigma_per_week**2 * weeks(sends)[order])
    product, expected = left * _later(left, group), size * _later(size, group)
    if int((_later(np.ones(len(group)), group)).sum()) < LEAST_PAIRS:
        return unknown(CAPTION, f"fewer than {LEAST_PAIRS} pairs of messages share a caption")
    total, error = _ratio(_by(group, product + expected), _by(group, growth * expected))
    return _cv(CAPTION, total - 1.0, error, "from pairs of messages of one caption")


def _later(values: Floats, group: Integers) -> Floats:
    """Sum of the values after each one within its group."""
    behind = np.cumsum(values[::-1])[::-1]
    last = np.append(np.flatnonzero(np.diff(group) != 0), len(group) - 1)[group] if len(group) else np.zeros(0, int)
    found: Floats = behind - (behind[last] - values[last]) - values
    return found


def weeks(sends: Sends) -> Floats:
    """Whole weeks since the log began, (messages,)."""
    found: Floats = ((sends.day - sends.day.min()) // WEEK_DAYS).astype(np.float64)
    return found


def _message(sends: Sends, fit: PurchaseFit, rows: Flags, caption: Figure) -> Figure:
    assert caption.value is None or isinstance(caption.value, float)
    cv = DEFAULT.purchases.caption_cv if caption.value is None else caption.value
    mean, views, sold = fit.mean[rows], sends.viewed[rows], sends.purchased[rows].astype(np.float64)
    weight = 1.0 / (1.0 + fit.shared.phi * mean) ** 2
    pairs = sold * (sold - 1.0) * views / np.maximum(views - 1.0, 1.0)
    growth = (1.0 + cv * cv) * np.exp(DEFAULT.drift.sigma_per_week**2 * weeks(sends)[rows])
    code = np.where(sends.caption == NO_CAPTION, sends.caption.max() + 1 + np.arange(sends.rows), sends.caption)[rows]
    group = np.unique(code, return_inverse=True)[1]
    total, error = _ratio(_by(group, weight * pairs), _by(group, weight * growth * mean**2))
    if caption.limits:
        low, high = caption.limits[0]
        error = math.hypot(error, (high * high - low * low) / (2.0 * Z) / (1.0 + cv * cv) * total)
    return _cv(MESSAGE, total - 1.0, error, "from the variance of messages, the spread of captions taken out")


def _by(group: Integers, values: Floats) -> Floats:
    sums: Floats = np.bincount(group, values).astype(np.float64)
    return sums


def _ratio(part: Floats, whole: Floats) -> tuple[float, float]:
    """Ratio of two sums over groups, and its standard error."""
    ratio = float(part.sum() / whole.sum())
    return ratio, float(np.sqrt(((part - ratio * whole) ** 2).sum()) / whole.sum())


def _cv(key: str, square: float, error: float, note: str) -> Figure:
    low, value, high = (math.sqrt(max(0.0, square + sign * Z * error)) for sign in (-1, 0, 1))
    if high - low > WIDEST:
        return unknown(key, f"its 95 % interval is {low:.2f} to {high:.2f}: too few purchases")
    return Figure(key, value, low, high, note=note)
