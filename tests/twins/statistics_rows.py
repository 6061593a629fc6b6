"""Random statistics of arms, as a policy sees them."""

import numpy as np

from policies.conformance import Statistics


def random_rows(rows: int, seed: int, highest: float = 6.0) -> list[Statistics]:
    """Rows of 1–8 arms, some never pulled, up to 10**highest trials each, t at least their sum."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        arms = int(rng.integers(1, 9))
        n = np.floor(10.0 ** rng.uniform(0.0, highest, arms)) * (rng.random(arms) < 0.9)
        s = np.floor(n * rng.random(arms) ** 2)
        t = float(n.sum() + rng.integers(0, 50))
        made.append(Statistics(t, n, s, s * rng.uniform(1.0, 3.0, arms), rng.random(arms)))
    return made
