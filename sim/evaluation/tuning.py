"""SLOPE: the number of a tuned estimator, chosen from the data (Su, Srinath and Krishnamurthy 2020, algorithm 1)."""

from collections.abc import Sequence

import numpy as np

from sim.evaluation.estimators import TUNED, Sample, Terms
from sim.evaluation.intervals import normal

CANDIDATES = 12
_MOST_QUANTILE = 0.999


def candidates(sample: Sample) -> list[float]:
    """Numbers to choose from, descending: no limit, then from a high quantile of the weights down to their mean, 1."""
    most = float(np.quantile(sample.weight, _MOST_QUANTILE))
    grid = np.geomspace(1.0, most, CANDIDATES).tolist() if most > 1.0 else []
    return [float("inf"), *reversed(grid)]


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
