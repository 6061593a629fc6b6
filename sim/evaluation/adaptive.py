"""Valid inference on a log whose logging policy learned from that log.

A plain mean per arm is biased there: an arm that is unlucky early is chosen less, so its bad luck is not averaged out.
After a half at equal shares and a half with 90 % for the leader, √T · bias is −0.26866 (`two_stage_bias`).

| function | holds | source |
|---|---|---|
| stable_weights, `estimators.aw_aipw` | for many rows, any target policy | Hadad et al. 2021; Zhan et al. 2021 |
| arm_mean | for many rows, one arm whose propensity is known in every row | Hadad et al. 2021 |
| batched_difference | for many batches, two arms | Zhang, Janson and Murphy 2020 |
| `intervals.asymptotic_sequence` | for many rows, at all looks at once | Waudby-Smith et al. 2024 |
| `intervals.anytime` | for any number of rows, at all looks at once | Waudby-Smith et al. 2024 |
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.evaluation.estimators import Floats, Terms
from sim.evaluation.log import Codes, Log

Places = NDArray[np.signedinteger[Any]]
Weighting = Literal["uniform", "stable", "two_point"]
LEAST_ROWS = 50
"""Of a batch that is found from the propensities: fewer do not tell the variance of its weights."""
MOST_BATCHES = 1_000
QUADRATURE = 301  # points
SAME_PROPENSITY = 1e-9  # relative difference
FORGETTING = 0.7
"""The power at which the `two_point` weights expect the propensity of a bad arm to fall (Hadad et al. 2021, 2.3)."""


def batches_of(log: Log) -> Codes:
    """The batch of each row, from 0, (rows,): that of the log, or else the one that its propensities show."""
    return refreshes_of(log) if log.batch is None else log.batch


def refreshes_of(log: Log) -> Codes:
    """Batches in each of which an action of a stratum has one propensity, (rows,).

    A refresh shows at the first row whose propensity differs from the one that its action had since the last refresh,
    so each refreshed table is a logging policy of its own. Batches have at least `LEAST_ROWS` rows, and there are at
    most `MOST_BATCHES`, also where each decision has other probabilities. Which batch a row is in depends on no reward.
    """
    least = max(LEAST_ROWS, -(-log.rows // MOST_BATCHES))
    before = _changes(log)
    batch, start = np.zeros(log.rows, np.int16), 0
    while (end := _next_change(before, start, least)) < log.rows - least:
        batch[end] = 1
        start = end
    return np.cumsum(batch, dtype=np.int16)


def _changes(log: Log) -> Places:
    """Where the action of a row was last chosen in its stratum, if with another propensity; else −1, (rows,)."""
    cell = log.cells.astype(np.min_scalar_type(len(log.strata) * len(log.actions)))  # short numbers sort faster
    order: Places = np.argsort(cell, kind="stable").astype(np.min_scalar_type(-log.rows))
    cell, propensity = cell[order], log.propensity[order]
    step = np.diff(propensity)
    np.abs(step, out=step)
    propensity *= SAME_PROPENSITY
    changed = (cell[1:] == cell[:-1]) & (step > propensity[1:])
    before = np.full(log.rows, -1, order.dtype)
    before[order[1:][changed]] = order[:-1][changed]
    return before


def _next_change(before: Places, start: int, least: int) -> int:
    """The first row from `start` + `least` on that differs from one since `start`; beyond all rows where none does."""
    place, step = start + least, least
    while place < len(before):
        found = np.flatnonzero(before[place : place + step] >= start)
        if len(found):
            return place + int(found[0])
        place, step = place + step, 2 * step
    return len(before)


def stable_weights(weight: Floats, batch: Codes) -> Floats:
    """1/√v for each row, where v is the mean of weight² in its batch, (rows,): the weights h of `aw_aipw`.

    v estimates Σ target² / propensity over actions, so that each row adds the same variance (Zhan et al. 2021,
    "Off-policy evaluation via adaptive weighting with data from contextual bandits", `StableVar`). v depends on no
    reward. `batch` (rows,) numbers the periods in which the logging policy did not change. The reward model may only
    know earlier batches.
    """
    square = np.bincount(batch, weight**2) / np.maximum(np.bincount(batch), 1)
    # A batch in which the target takes nothing has no information on v: it counts as the most variable one.
    known = square[square > 0.0]
    stable: Floats = 1.0 / np.sqrt(np.where(square > 0.0, square, known.max() if len(known) else 1.0))
    return stable[batch]


def arm_mean(
    chosen: NDArray[np.bool_], reward: Floats, propensity: Floats, weighting: Weighting = "two_point"
) -> Terms:
    """The mean reward of one arm by adaptively weighted AIPW scores (Hadad et al. 2021, equations 5 and 10).

    chosen: whether the arm was chosen. propensity: of that arm in every row, also where another was chosen. The
    reward model of a row is the mean of the arm's earlier rewards.
    """
    earlier: NDArray[np.int64] = np.cumsum(chosen) - chosen
    total = np.cumsum(np.where(chosen, reward, 0.0)) - np.where(chosen, reward, 0.0)
    model = np.divide(total, earlier, out=np.zeros(len(reward)), where=earlier > 0)
    scores = model + np.where(chosen, (reward - model) / propensity, 0.0)
    weight = adaptive_weights(propensity, weighting)
    return Terms(np.zeros(len(reward)), weight * scores, weight)


def adaptive_weights(propensity: Floats, weighting: Weighting) -> Floats:
    """Weights of the rows from the propensity of the arm, (rows,); each uses only what is known before its row.

    uniform: all equal. stable: √e, the same variance from each row. two_point: a share of the variance that is left,
    optimal between an arm that stays (e = 1) and one that is abandoned (e = t^−`FORGETTING`) (ibid., equation 18).
    """
    if weighting == "uniform":
        return np.ones(len(propensity))
    if weighting == "stable":
        return np.sqrt(propensity)
    t, last = np.arange(1.0, len(propensity) + 1.0), float(len(propensity))
    rest = 1.0 - FORGETTING
    abandoned = t**-FORGETTING / (t**-FORGETTING + (last**rest - t**rest) / rest)
    share = propensity / (1.0 + last - t) + (1.0 - propensity) * abandoned
    left = np.concatenate([[1.0], np.cumprod(1.0 - share[:-1])])
    weights: Floats = np.sqrt(propensity * share * left)
    return weights


@dataclass(frozen=True, eq=False)
class Difference:
    """A difference of two arms and its standardised statistic; arrays over replications, (…,)."""

    value: Floats
    error: Floats
    z: Floats
    """Standard normal where the arms are equal."""


def batched_difference(count: Floats, mean: Floats, deviation: float | Floats) -> Difference:
    """Batched OLS: the difference of arm 1 and arm 0 (Zhang, Janson and Murphy 2020, theorem 3).

    count, mean: (…, batches, 2); deviation: of the reward within an arm, (…,). In each batch the difference of means,
    divided by its standard error, is standard normal whatever was learned before; so is their sum divided by √batches.
    A batch without one of the arms says nothing and is left out.
    """
    first, second = count[..., 0], count[..., 1]
    used = (first > 0) & (second > 0)
    precision = np.sqrt(first * second / np.maximum(first + second, 1))
    gaps = np.where(used, mean[..., 1] - mean[..., 0], 0.0)
    root = np.sqrt(np.maximum(used.sum(axis=-1), 1))
    total = np.maximum((precision * used).sum(axis=-1), 1e-300)
    weighted = (precision * gaps).sum(axis=-1)
    return Difference(weighted / total, np.asarray(deviation * root / total), weighted / (deviation * root))


def two_stage_bias(leader_share: float = 0.9) -> float:
    """√T · bias of an arm's plain mean, two equal arms with reward variance 1, the second half by the leader.

    Half of T rows at equal shares, then `leader_share` of the rest to the arm whose mean is larger (Hadad et al. 2021,
    introduction). The first mean, of T/4 rows, is 1/√π off given who leads; it keeps the share 0.25 / (rows of the
    arm / T) of the whole.
    """
    leads, trails = (0.25 / (0.25 + share / 2.0) for share in (leader_share, 1.0 - leader_share))
    return (leads - trails) / math.sqrt(math.pi)


def rejects_ever(looks: int, level: float = 0.05) -> float:
    """How often a z-test of no effect, repeated after each of `looks` equal batches, rejects at least once.

    The density of the sum while nothing was rejected, by Gauss–Legendre quadrature (Armitage, McPherson and Rowe 1969).
    """
    points, weights = np.polynomial.legendre.leggauss(QUADRATURE)
    limit, root = float(ndtri(1.0 - level / 2.0)), math.sqrt(2.0 * math.pi)
    at, weight = limit * points, limit * weights
    density = np.exp(-0.5 * at**2) / root
    for look in range(2, looks + 1):
        reach = limit * math.sqrt(look)
        step = np.exp(-0.5 * (reach * points[:, None] - at) ** 2) / root
        density, at, weight = step @ (density * weight), reach * points, reach * weights
    return 1.0 - float(density @ weight)
