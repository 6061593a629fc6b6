"""Replay: rows that the target policy would have produced itself, kept by rejection (Li, Chu, Langford and Wang 2011).

A row is kept with probability w / max(w). What is kept is distributed as if the target had made the log, so that its
plain mean is unbiased, at the price of the rows that are lost.
"""

import numpy as np

from sim.evaluation.estimators import Floats, Sample, Terms

SEED = 20_260_102


def kept(sample: Sample, seed: int = SEED) -> Floats:
    """1 for the rows that are kept, 0 for the others, (rows,)."""
    most = float(sample.weight.max()) if sample.rows else 0.0
    if most <= 0.0:
        return np.zeros(sample.rows)
    drawn = np.random.Generator(np.random.PCG64(seed)).random(sample.rows)
    return (drawn * most < sample.weight).astype(np.float64)


def replay(sample: Sample) -> Terms:
    """The mean reward of the rows that are kept."""
    inside = kept(sample)
    return Terms(np.zeros(sample.rows), inside * sample.reward, inside)
