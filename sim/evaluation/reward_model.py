"""The reward model: the mean reward of each action in each stratum, shrunk towards the action's overall mean.

Fitted by cross-fitting: a row is never judged by a model that has seen it (Chernozhukov et al. 2018), without which
`dm` and `dr` are too sure of themselves.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.evaluation.adaptive import stable_weights
from sim.evaluation.estimators import Floats, Sample
from sim.evaluation.log import Codes, Log
from sim.evaluation.target import Target

FOLDS = 3
SHRINK = 10.0
"""Rows of the wider mean that a mean is mixed with."""


def sample_of(log: Log, target: Target, batch: Codes | None = None) -> Sample:
    """The rows as estimators without a reward model see them.

    `batch` (rows,) of a log that was collected adaptively does not fall from row to row; the sample then has the
    weights of `aw_aipw`.
    """
    weight = target.weights(log)
    return Sample(log.reward, weight, stable=None if batch is None else stable_weights(weight, batch))


def modelled(sample: Sample, log: Log, target: Target, batch: Codes | None = None, folds: int = FOLDS) -> Sample:
    """`sample` with a reward model; as it is where the target's probabilities are not all known.

    Row i is in fold i mod `folds`. With `batch` the model of a batch knows earlier batches only.
    """
    if target.chance is None:
        return sample
    if batch is None:
        parts = [slice(number, None, folds) for number in range(folds)]
        fitted, direct = _expected(log, target.chance, parts, _others)
    else:
        edges = [0, *(np.flatnonzero(np.diff(batch)) + 1).tolist(), log.rows]
        parts = [slice(start, stop) for start, stop in itertools.pairwise(edges)]
        fitted, direct = _expected(log, target.chance, parts, _earlier)
    return replace(sample, fitted=fitted, direct=direct)


@dataclass(frozen=True, eq=False)
class Sums:
    """Rows and rewards by stratum and action, (strata, actions)."""

    count: Floats
    total: Floats

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.count + other.count, self.total + other.total)

    def model(self, shrink: float = SHRINK) -> Floats:
        """Expected rewards, (strata, actions)."""
        count, total = self.count, self.total
        overall = total.sum() / max(count.sum(), 1.0)
        by_action = (total.sum(axis=0) + shrink * overall) / (count.sum(axis=0) + shrink)
        model: Floats = (total + shrink * by_action) / (count + shrink)
        return model


def sums_of(log: Log) -> Sums:
    """Sums over all rows of a log."""
    shape = len(log.strata), len(log.actions)
    place, size = log.cells, shape[0] * shape[1]
    count, total = np.bincount(place, minlength=size), np.bincount(place, log.reward, size)
    rewards: Floats = total.astype(np.float64)
    return Sums(count.reshape(shape).astype(np.float64), rewards.reshape(shape))


def _expected(
    log: Log, chance: Floats, parts: Sequence[slice], known: Callable[[Iterator[Sums]], Iterator[Sums]]
) -> tuple[Floats, Floats]:
    """(expected reward of the action of each row, and of the target policy), each part by what it may know."""
    fitted, direct = np.empty(log.rows), np.empty(log.rows)
    logs = [log.part(rows) for rows in parts]
    for rows, part, sums in zip(parts, logs, known(sums_of(part) for part in logs), strict=True):
        model = sums.model()
        fitted[rows] = model[part.stratum, part.action]
        direct[rows] = (chance * model).sum(axis=1)[part.stratum]
    return fitted, direct


def _others(folds: Iterator[Sums]) -> Iterator[Sums]:
    """For each fold the sums of the others; of itself where it is alone."""
    parts = list(folds)
    whole = sum(parts[1:], parts[0])
    for part in parts:
        rest = Sums(whole.count - part.count, whole.total - part.total)
        yield rest if len(parts) > 1 else whole


def _earlier(batches: Iterator[Sums]) -> Iterator[Sums]:
    """For each batch the sums of those before it; for the first one zeros."""
    known: Sums | None = None
    for batch in batches:
        yield known or Sums(np.zeros_like(batch.count), np.zeros_like(batch.total))
        known = known + batch if known else batch
