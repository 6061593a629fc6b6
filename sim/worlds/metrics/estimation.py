"""What the stored table says of captions at the end against the truth: sums over captions, in whole numbers.

Fractions are in units of 2**-32, so that sums are the same bits however replications are split into blocks.
"""

import numpy as np
from numpy.typing import NDArray

from policies.maths.wilson import wilson_bounds
from sim.worlds.base import Counts, Floats
from sim.worlds.metrics.allocation import RANK_BINS, UNIT, Bins

LABEL_BINS: tuple[tuple[int, int | None], ...] = (
    (1, 2),
    (3, 9),
    (10, 29),
    (30, 99),
    (100, 299),
    (300, 999),
    (1000, 9999),
    (10_000, None),
)
"""Least and largest number of labels of each bin."""
SUMS = ("captions", "labels", "covered", "true_rate", "sample_mean", "bias", "stored_rate", "squared_error", "width")
WHOLE = 3  # of them are counts, the others in units of 2**-32
SHAPE = (len(RANK_BINS) + len(LABEL_BINS), len(SUMS))


def nothing() -> Counts:
    """The sums where the truth about labels is not known."""
    return np.zeros(SHAPE, np.int64)


def estimation(labels: Counts, successes: Counts, rates: Floats, bins: Bins) -> Counts:
    """Sums by rank bin, then by label bin, of shape `SHAPE`; arms without a label are left out.

    Args:
        labels: labels that the table holds of each arm, the prior not included; any shape, as the others.
        successes: how many of them are successes.
        rates: the true probability of a success.
        bins: the arm's bin by true rank.
    """
    known = labels > 0
    terms = _terms(labels[known], successes[known], rates[known])
    by_labels = np.searchsorted([low for low, _ in LABEL_BINS], labels[known], side="right") - 1
    sums = nothing()
    np.add.at(sums, bins[known].astype(np.int64), terms)
    np.add.at(sums, len(RANK_BINS) + by_labels, terms)
    return sums


def _terms(labels: Counts, successes: Counts, rates: Floats) -> Counts:
    """One line per caption, (captions, sums)."""
    mean = successes / labels
    lower, upper = wilson_bounds(successes + 1, labels - successes + 1)
    whole = [np.ones_like(labels), labels, (lower <= rates) & (rates <= upper)]
    parts = [rates, mean, mean - rates, (successes + 1) / (labels + 2), (mean - rates) ** 2, upper - lower]
    return np.column_stack([*(np.asarray(count, np.int64) for count in whole), *map(_fixed, parts)])


def _fixed(values: Floats) -> NDArray[np.int64]:
    return np.rint(values * UNIT).astype(np.int64)
