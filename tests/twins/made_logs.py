"""Logs made by plain NumPy draws, for tests: no simulator is involved."""

import numpy as np

from sim.calibration.log import Sends

START = 1_736_121_600  # 2025-01-06, a Monday
DAY_S = 86_400


def drawn(
    pages: int = 6,
    days: int = 60,
    per_day: int = 20,
    *,
    fans: int = 20_000,
    rate: float = 0.002,
    view_cv: float = 0.5,
    seed: int = 1,
) -> Sends:
    """Half of the messages are priced (5 to 20 dollars, rate falls as 1 / price); captions are of one quality."""
    rng = np.random.default_rng(seed)
    size = pages * days * per_day
    page = np.repeat(np.arange(pages), days * per_day)
    day = np.tile(np.repeat(np.arange(days), per_day), pages)
    time = START + day * DAY_S + np.sort(rng.integers(0, DAY_S, (pages * days, per_day)), axis=1).ravel()
    caption = rng.integers(0, 40, size)
    price = np.where(caption % 2 == 0, 5.0 + caption % 16, 0.0)
    sent = np.full(size, fans)
    sigma = np.sqrt(np.log1p(view_cv**2))
    viewed = rng.binomial(sent, 0.03 * np.exp(sigma * rng.standard_normal(size) - 0.5 * sigma**2))
    level = np.exp(0.3 * rng.standard_normal(pages))[page]
    p = np.where(price > 0, rate * 10.0 / np.maximum(price, 1.0) * level, 0.0)
    return Sends(
        page,
        time,
        price,
        sent,
        viewed,
        rng.binomial(viewed, p),
        page * 40 + caption,
        tuple(f"page_{i:04d}" for i in range(1, pages + 1)),
    )
