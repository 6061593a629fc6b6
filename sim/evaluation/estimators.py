"""Off-policy estimators of the mean reward of a target policy.

Notation: a row has a reward r, the weight w = target probability / logging probability of its action, the expected
reward q of its action and the expected reward d of the target policy, both from a reward model. n rows, all arrays of
shape (n,).

| name | estimate | source |
|---|---|---|
| ips | mean of w·r | Horvitz and Thompson 1952 |
| clipped_ips | mean of min(w, clip)·r | Ionides 2008 |
| snips | Σ w·r / Σ w | Swaminathan and Joachims 2015 |
| dm | mean of d | direct method |
| dr | mean of d + w·(r − q) | Dudík, Langford and Li 2011 |
| sndr | mean of d + Σ w·(r − q) / Σ w | self-normalised `dr` |
| switch_dr | as `dr`, without the correction where w > switch | Wang, Agarwal and Dudík 2017 |
| aw_aipw | Σ h·(d + w·(r − q)) / Σ h, for adaptive logs | Hadad et al. 2021 |
| dros | as `dr`, with w·s / (w² + s) in place of w | Su, Dimakopoulou, Krishnamurthy and Dudík 2020 |

`replay` is in `sim.evaluation.replay`: it uses a part of the rows only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GROUPS = 2_048
"""Of rows; row i is in group i mod `GROUPS`. Resampled instead of rows where more rows are distinct."""
ROWS_APART = 20_000
"""Above these, rows are resampled in groups in any case: finding distinct rows would take longer."""


@dataclass(frozen=True)
class Sample:
    """The rows of a log as estimators see them; `fitted` and `direct` are None without a reward model."""

    reward: Floats
    weight: Floats
    fitted: Floats | None = None
    """Expected reward of the action of the row."""
    direct: Floats | None = None
    """Expected reward of the target policy where the row was logged."""
    stable: Floats | None = None
    """Weight of the row's score in `aw_aipw`; None where the log was not collected adaptively."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.reward)

    def part(self, rows: slice) -> "Sample":
        """Some rows; views, no copies."""
        fitted = None if self.fitted is None else self.fitted[rows]
        direct = None if self.direct is None else self.direct[rows]
        stable = None if self.stable is None else self.stable[rows]
        return Sample(self.reward[rows], self.weight[rows], fitted, direct, stable)


@dataclass(frozen=True)
class Terms:
    """An estimate as sums over rows: mean(plain) + mean(part) / mean(whole); without `whole`, mean(plain)."""

    plain: Floats
    part: Floats | None = None
    whole: Floats | None = None

    @property
    def value(self) -> float:
        """The estimate; NaN where all weights are 0 and the estimator divides by them."""
        value = float(self.plain.mean())
        if self.part is None or self.whole is None:
            return value
        whole = float(self.whole.mean())
        return value + float(self.part.mean()) / whole if whole > 0.0 else float("nan")

    @property
    def influence(self) -> Floats:
        """What each row adds, (n,): the mean is the estimate, the spread is the estimate's times √n (delta method)."""
        if self.part is None or self.whole is None:
            return self.plain
        whole = float(self.whole.mean())
        ratio = float(self.part.mean()) / whole
        return self.plain + ratio + (self.part - ratio * self.whole) / whole

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.plain)

    @property
    def kept(self) -> float:
        """Σ of `whole`: of `replay`, how many rows are kept."""
        return 0.0 if self.whole is None else float(self.whole.sum())

    @property
    def deviation(self) -> float:
        """The standard deviation of `influence`."""
        return float(self.influence.std(ddof=1))

    def units(self) -> tuple[Floats, Floats]:
        """(sums of the columns over a unit, how often the unit occurs): what a bootstrap resamples.

        Units are distinct rows; groups of rows where more than `GROUPS` are distinct, or above `ROWS_APART` rows.
        """
        columns = [self.plain] if self.part is None or self.whole is None else [self.plain, self.part, self.whole]
        stacked = np.stack(columns, axis=1)
        if self.rows <= ROWS_APART:
            distinct, counts = distinct_rows(stacked)
            if len(distinct) <= GROUPS:
                return distinct, counts
        return group_sums(stacked), np.ones(GROUPS)


def group_sums(columns: Floats) -> Floats:
    """Sums of each column (rows, columns) over the rows of each group, (groups, columns); rows start in group 0."""
    padded = np.zeros((-(-len(columns) // GROUPS) * GROUPS, columns.shape[1]))
    padded[: len(columns)] = columns
    sums: Floats = padded.reshape(-1, GROUPS, columns.shape[1]).sum(axis=0)
    return sums


def distinct_rows(columns: Floats) -> tuple[Floats, Floats]:
    """(distinct rows, how often each occurs)."""
    distinct, counts = np.unique(columns, axis=0, return_counts=True)
    return distinct, counts.astype(np.float64)


def ips(sample: Sample) -> Terms:
    """Inverse propensity score: unbiased where the logging policy can do all that the target does."""
    return Terms(sample.weight * sample.reward)


def clipped_ips(sample: Sample, clip: float) -> Terms:
    """`ips` with weights of at most `clip`: biased downwards for rewards >= 0, with less variance."""
    return Terms(np.minimum(sample.weight, clip) * sample.reward)


def snips(sample: Sample) -> Terms:
    """Self-normalised `ips`: invariant to a shift of the rewards; biased by O(1/n)."""
    return Terms(np.zeros(sample.rows), sample.weight * sample.reward, sample.weight)


def dm(sample: Sample) -> Terms:
    """Direct method: what the reward model expects; as biased as the model."""
    return Terms(_known(sample.direct))


def dr(sample: Sample) -> Terms:
    """Doubly robust: unbiased where the propensities or the reward model are right."""
    return Terms(_known(sample.direct) + sample.weight * _residual(sample))


def sndr(sample: Sample) -> Terms:
    """Self-normalised `dr`."""
    return Terms(_known(sample.direct), sample.weight * _residual(sample), sample.weight)


def switch_dr(sample: Sample, switch: float) -> Terms:
    """`dr` where the weight is at most `switch`, else the reward model alone."""
    used = np.where(sample.weight <= switch, sample.weight, 0.0)
    return Terms(_known(sample.direct) + used * _residual(sample))


def dros(sample: Sample, shrink: float) -> Terms:
    """`dr` with weights shrunk to w·s / (w² + s), which minimise a bound of the error: s = 0 gives `dm`, s = ∞ `dr`."""
    weight = sample.weight
    if np.isinf(shrink):
        return dr(sample)
    shrunk = np.divide(shrink * weight, weight**2 + shrink, out=np.zeros(sample.rows), where=weight > 0.0)
    return Terms(_known(sample.direct) + shrunk * _residual(sample))


def aw_aipw(sample: Sample) -> Terms:
    """Adaptively weighted `dr` (see `sim.evaluation.adaptive`); `ips` scores where there is no reward model."""
    if sample.stable is None:
        raise ValueError("this estimator needs the weights of an adaptive log")
    scores = sample.weight * sample.reward if sample.direct is None else dr(sample).plain
    return Terms(np.zeros(sample.rows), sample.stable * scores, sample.stable)


PLAIN: dict[str, Callable[[Sample], Terms]] = {
    "ips": ips,
    "snips": snips,
    "dm": dm,
    "dr": dr,
    "sndr": sndr,
    "aw_aipw": aw_aipw,
}
"""Estimators without a number to choose."""
TUNED: dict[str, Callable[[Sample, float], Terms]] = {
    "clipped_ips": clipped_ips,
    "switch_dr": switch_dr,
    "dros": dros,
}
"""Estimators with one number: the larger it is, the less bias and the more variance."""
MODELLED = frozenset({"dm", "dr", "sndr", "switch_dr", "dros"})
"""Estimators that need a reward model."""
ADAPTIVE = frozenset({"aw_aipw"})
"""Estimators for logs that a bandit collected."""
NAMES = ("ips", "clipped_ips", "snips", "dm", "dr", "sndr", "switch_dr", "dros", "aw_aipw")


def _residual(sample: Sample) -> Floats:
    return sample.reward - _known(sample.fitted)


def _known(values: Floats | None) -> Floats:
    if values is None:
        raise ValueError("this estimator needs a reward model")
    return values
