"""SLOPE: the number of a tuned estimator, chosen from the data (Su, Srinath and Krishnamurthy 2020, algorithm 1)."""

from collections.abc import Sequence

import numpy as np

from sim.evaluation.estimators import TUNED, Sample, Terms
from sim.evaluation.intervals import normal

CANDIDATES = 12
_MOST_QUANTILE = 0.999


def candidates(sample: Sample) -> list[float]:
    """Numbers to choose from, descending: powers of the largest weight, and no limit at all."""
    positive = sample.weight[sample.weight > 0.0]
    if len(positive) == 0:
        return [float("inf")]
    least, most = np.quantile(positive, [0.5, _MOST_QUANTILE])
    grid = np.geomspace(max(float(least), 1e-6), max(float(most), 1e-6), CANDIDATES)
    return [float("inf"), *sorted(set(grid.tolist()), reverse=True)]


def slope(name: str, sample: Sample, numbers: Sequence[float] | None = None) -> tuple[float, Terms]:
    """(number, terms) of the estimator `name`.

    Going from the least biased estimator to the least variable one, the last whose interval, twice as wide, still
    meets those of all before it: its bias cannot be told from noise.
    """
    estimator = TUNED[name]
    low, high = -np.inf, np.inf
    chosen: tuple[float, Terms] | None = None
    for number in candidates(sample) if numbers is None else numbers:
        terms = estimator(sample, number)
        reach = normal(terms).high - terms.value
        low, high = max(low, terms.value - 2 * reach), min(high, terms.value + 2 * reach)
        if chosen is not None and low > high:
            break
        chosen = number, terms
    assert chosen is not None
    return chosen
