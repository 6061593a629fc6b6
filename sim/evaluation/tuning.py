"""SLOPE: the number of a tuned estimator, chosen from the data (Su, Srinath and Krishnamurthy 2020, algorithm 1)."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy.special import ndtri

from sim.evaluation.estimators import TUNED, Sample, Terms
from sim.evaluation.intervals import CONFIDENCE, Summary, standard_error
from sim.evaluation.totals import summarise

CANDIDATES = 12
Z = float(ndtri(0.5 + CONFIDENCE / 2))


def candidates(sample: Sample) -> list[float]:
    """Numbers to choose from, descending: no limit, then from the largest weight down to the mean weight, 1."""
    most = float(sample.weight.max())
    grid = np.geomspace(1.0, most, CANDIDATES).tolist() if most > 1.0 else []
    return [float("inf"), *reversed(grid)]


def slope(name: str, sample: Sample, numbers: Sequence[float] | None = None) -> tuple[float, Summary]:
    """(number, terms) of the estimator `name`.

    Going from the least biased estimator to the least variable one, the last whose interval, twice as wide, still
    meets those of all before it: its bias cannot be told from noise.
    """
    estimator = TUNED[name]
    low, high = -np.inf, np.inf
    chosen: tuple[float, Summary] | None = None
    for number in candidates(sample) if numbers is None else numbers:
        terms = summarise(partial(_tuned, estimator, number), sample)
        reach = Z * standard_error(terms)
        low, high = max(low, terms.value - 2 * reach), min(high, terms.value + 2 * reach)
        if chosen is not None and low > high:
            break
        chosen = number, terms
    assert chosen is not None
    return chosen


def _tuned(estimator: Callable[[Sample, float], Terms], number: float, sample: Sample) -> Terms:
    return estimator(sample, number)
