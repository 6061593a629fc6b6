"""Every policy against one of them, paired by replication, with limits that hold for all comparisons at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.estimators.intervals import (
    CONFIDENCE,
    Estimate,
    Floats,
    holm,
    may_undercover,
    moments,
    paired_difference,
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
    """Whether the intervals may be short: too few replications of a skewed difference."""
    needed: int | None
    """Replications that would show a true difference of the size seen, power 80 %; None where it is infeasible."""

    @property
    def significant(self) -> bool:
        """Whether the difference is significant: by Holm's p-value and by the simultaneous interval."""
        low, high = self.simultaneous.low, self.simultaneous.high
        if self.p_holm is None or low is None or high is None:
            return False
        return self.p_holm < SIGNIFICANT and (low > 0.0 or high < 0.0)


def paired_comparisons(baseline: str, values: Mapping[str, Floats], metric: Metric) -> list[PairedComparison]:
    """Every other policy against `baseline`, best first; `values` are those of the replications, by policy.

    Simultaneous limits hold for all comparisons together (see `simultaneous`).
    """
    others = [name for name in values if name != baseline]
    confidence = simultaneous_level([values[name] - values[baseline] for name in others])
    adjusted = holm([paired_difference(values[name], values[baseline]).p_value for name in others])
    sign = -1.0 if metric.higher_is_better else 1.0
    rows = [
        _paired_comparison(name, baseline, values=values, confidence=confidence, p_holm=p, sign=sign)
        for name, p in zip(others, adjusted, strict=True)
    ]
    return sorted(rows, key=lambda row: sign * row.pointwise.value)


def _paired_comparison(
    name: str, baseline: str, *, values: Mapping[str, Floats], confidence: float, p_holm: float | None, sign: float
) -> PairedComparison:
    one, other = values[name], values[baseline]
    single = paired_difference(one, other)
    wins = int((sign * one < sign * other).sum())
    m = moments(one - other)
    return PairedComparison(
        policy=name,
        baseline=baseline,
        pointwise=single.estimate,
        simultaneous=paired_difference(one, other, confidence).estimate,
        p_value=single.p_value,
        p_holm=p_holm,
        better=share_interval(wins, len(one)),
        replications=m.n,
        may_undercover=may_undercover(m),
        needed=_needed(m.mean, m.sd),
    )


def _needed(difference: float, sd: float) -> int | None:
    try:
        return replications_needed(abs(difference), sd, CONFIDENCE, POWER)
    except ValueError:
        return None


def win_probability(values: Mapping[str, Floats], names: Sequence[str], metric: Metric) -> list[list[float | None]]:
    """P(row beats column): share of replications in which the row's policy is strictly better; None on the diagonal."""
    sign = -1.0 if metric.higher_is_better else 1.0
    return [
        [None if row == other else float(np.mean(sign * values[row] < sign * values[other])) for other in names]
        for row in names
    ]
