"""Every policy against one of them, paired by replication, with limits that hold for all comparisons at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.decision.tails import Tails
from reports.estimators.intervals import (
    CONFIDENCE,
    Estimate,
    Floats,
    Moments,
    holm,
    moments,
    share_interval,
)
from reports.estimators.power import replications_needed
from reports.estimators.simultaneous import simultaneous_level

SIGNIFICANT = 1.0 - CONFIDENCE
POWER = 0.8


@dataclass(frozen=True)
class Metric:
    """What policies are compared by."""

    name: str
    higher_is_better: bool
    noun: str
    """As in "mean {noun}"."""


METRICS = {
    "regret": Metric("regret", False, "regret"),
    "reward": Metric("reward", True, "reward"),
    "revenue_usd": Metric("revenue_usd", True, "revenue"),
}


@dataclass(frozen=True)
class PairedComparison:
    """A policy minus the baseline; `simultaneous` limits hold for the whole family, and `p_holm` does."""

    policy: str
    baseline: str
    pointwise: Estimate
    simultaneous: Estimate
    p_value: float | None
    p_holm: float | None
    better: Estimate
    """Share of replications in which the policy is strictly better."""
    replications: int
    may_undercover: bool
    """Whether the intervals may be short: the sample is too small to know the tail of the difference."""
    needed: int | None
    """Replications that would show a true difference of the size seen, power 80 %; None where it is infeasible."""

    @property
    def significant(self) -> bool:
        """Whether the difference is significant: by Holm's p-value and by the simultaneous interval."""
        low, high = self.simultaneous.low, self.simultaneous.high
        if self.p_holm is None or low is None or high is None:
            return False
        return self.p_holm < SIGNIFICANT and (low > 0.0 or high < 0.0)


def paired_comparisons(
    baseline: str, values: Mapping[str, Floats], metric: Metric, tails: Tails | None = None
) -> list[PairedComparison]:
    """Every other policy against `baseline`, best first; `values` are those of the replications, by policy.

    Simultaneous limits hold for all comparisons together (see `simultaneous`). `tails` says which policies can lock out
    the best caption: their differences are split, and marked where the sample is too small for that.
    """
    known, own = tails or Tails(), values[baseline]
    others = [name for name in values if name != baseline]
    confidence = simultaneous_level([values[name] - own for name in others])
    singles = [known.difference((name, baseline), values[name], own, metric=metric.name) for name in others]
    adjusted = holm([single.p_value for single in singles])
    sign = -1.0 if metric.higher_is_better else 1.0
    rows = [
        PairedComparison(
            policy=name,
            baseline=baseline,
            pointwise=single.estimate,
            simultaneous=known.gain((name, baseline), values[name], own, confidence, metric=metric.name),
            p_value=single.p_value,
            p_holm=p_holm,
            better=share_interval(int((sign * values[name] < sign * own).sum()), len(own)),
            replications=len(own),
            may_undercover=known.may_undercover((name, baseline), values[name] - own),
            needed=_needed(moments(values[name] - own)),
        )
        for name, single, p_holm in zip(others, singles, adjusted, strict=True)
    ]
    return sorted(rows, key=lambda row: sign * row.pointwise.value)


def _needed(difference: Moments) -> int | None:
    try:
        return replications_needed(abs(difference.mean), difference.sd, CONFIDENCE, POWER)
    except ValueError:
        return None


def win_probability(values: Mapping[str, Floats], names: Sequence[str], metric: Metric) -> list[list[float | None]]:
    """P(row beats column): share of replications in which the row's policy is strictly better; None on the diagonal."""
    sign = -1.0 if metric.higher_is_better else 1.0
    return [
        [None if row == other else float(np.mean(sign * values[row] < sign * values[other])) for other in names]
        for row in names
    ]
