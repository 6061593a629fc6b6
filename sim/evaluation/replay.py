"""Replay: rows that the target policy would have produced itself, kept by rejection (Li, Chu, Langford and Wang 2011).

A row is kept with probability w / max(w). What is kept is distributed as if the target had made the log, so that its
plain mean is unbiased, at the price of the rows that are lost.
"""

from collections.abc import Callable

import numpy as np

from sim.evaluation.estimators import Sample, Terms

SEED = 20_260_102


def keep(sample: Sample, seed: int = SEED) -> Callable[[Sample], Terms]:
    """The estimator for `sample`: the mean reward of the rows that are kept, given rows in their order."""
    most = float(sample.weight.max()) if sample.rows else 0.0
    generator = np.random.Generator(np.random.PCG64(seed))

    def replay(part: Sample) -> Terms:
        drawn = generator.random(part.rows)
        inside = (drawn * most < part.weight).astype(np.float64)
        return Terms(np.zeros(part.rows), inside * part.reward, inside)

    return replay


def replay(sample: Sample) -> Terms:
    """The mean reward of the rows that are kept."""
    return keep(sample)(sample)
