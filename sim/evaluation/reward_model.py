"""The reward model: the mean reward of each action in each stratum, shrunk towards the action's overall mean.

Fitted by cross-fitting: a row is never judged by a model that has seen it (Chernozhukov et al. 2018), without which
`dm` and `dr` are too sure of themselves.
"""

import numpy as np
from numpy.typing import NDArray

from sim.evaluation.estimators import Floats, Sample
from sim.evaluation.log import Log
from sim.evaluation.target import Target

FOLDS = 3
SHRINK = 10.0
"""Rows of the wider mean that a mean is mixed with."""


def sample_of(log: Log, target: Target, folds: int = FOLDS) -> Sample:
    """The rows as estimators see them; without a reward model where the target's probabilities are not all known."""
    weight = target.of_logged / log.propensity
    if target.chance is None:
        return Sample(log.reward, weight)
    fitted, direct = np.empty(log.rows), np.empty(log.rows)
    fold = np.arange(log.rows) % folds
    for number in range(folds):
        inside = fold == number
        model = fit(log, ~inside if folds > 1 else inside)
        fitted[inside] = model[log.stratum[inside], log.action[inside]]
        direct[inside] = (target.chance * model).sum(axis=1)[log.stratum[inside]]
    return Sample(log.reward, weight, fitted, direct)


def fit(log: Log, rows: NDArray[np.bool_], shrink: float = SHRINK) -> Floats:
    """Expected rewards (strata, actions) from some rows."""
    shape = len(log.strata), len(log.actions)
    place = log.stratum[rows].astype(np.int64) * shape[1] + log.action[rows]
    size = shape[0] * shape[1]
    count = np.bincount(place, minlength=size).reshape(shape).astype(np.float64)
    total = np.bincount(place, log.reward[rows], size).reshape(shape)
    overall = total.sum() / max(count.sum(), 1.0)
    by_action = (total.sum(axis=0) + shrink * overall) / (count.sum(axis=0) + shrink)
    model: Floats = (total + shrink * by_action) / (count + shrink)
    return model
