"""The difference of two means by ordinary least squares, as if the log were not adaptive."""

import numpy as np

from sim.evaluation.adaptive import Difference
from sim.evaluation.estimators import Floats


def plain_difference(count: Floats, mean: Floats, deviation: float | Floats) -> Difference:
    """OLS on all batches together: what a reader of plain means does. It rejects too often on adaptive logs."""
    total = count.sum(axis=-2)
    means = (count * mean).sum(axis=-2) / np.maximum(total, 1)
    gap = means[..., 1] - means[..., 0]
    error = deviation * np.sqrt((1.0 / np.maximum(total, 1)).sum(axis=-1))
    return Difference(gap, np.asarray(error), gap / error)
