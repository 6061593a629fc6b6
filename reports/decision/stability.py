"""How often resampled replications give the same decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.decision.inputs import MATERIAL, DecisionInput
from reports.decision.outcome import Gain, choose
from reports.estimators.intervals import Estimate, Floats, share_interval
from reports.estimators.simultaneous import critical_value

RESAMPLES = 200
SEED = 20_250_105


@dataclass(frozen=True)
class Stability:
    """Share of resampled runs with the same outcome and policy, and with the same best candidate."""

    same_decision: Estimate
    same_best: Estimate
    resamples: int


def stability(given: DecisionInput, eligible: Sequence[Gain], level: float) -> Stability:
    """Decide again on `RESAMPLES` bootstrap samples of the replications (Efron 1979), with Student's t.

    Guardrails are those of the run, and no sample counts as too small: only the gains are drawn again.
    """
    base = given.values[given.baseline]
    eligible = [replace(gain, shortage=None) for gain in eligible]
    gains = np.stack([given.values[gain.policy] - base for gain in eligible])
    generator = np.random.Generator(np.random.PCG64(SEED))
    decided, _ = _decide(gains, eligible, level, MATERIAL * abs(float(base.mean())))
    same = best = 0
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, len(base), len(base))
        outcome, leader = _decide(gains[:, drawn], eligible, level, MATERIAL * abs(float(base[drawn].mean())))
        same += outcome == decided
        best += leader == eligible[0].policy
    return Stability(share_interval(same, RESAMPLES), share_interval(best, RESAMPLES), RESAMPLES)


def _decide(gains: Floats, eligible: Sequence[Gain], level: float, margin: float) -> tuple[tuple[str, str | None], str]:
    """((outcome, policy named), best candidate) of one resample; `gains` has shape (candidates, replications)."""
    critical = critical_value(level, max(1, gains.shape[1] - 1))
    means, reach = _limits(gains, critical)
    found = [
        replace(gain, estimate=Estimate(float(mean), float(mean - half), float(mean + half), "t"))
        for gain, mean, half in zip(eligible, means, reach, strict=True)
    ]
    leader = int(np.argmax(means))
    behind, room = _limits(gains[leader] - gains, critical)
    order = sorted(range(len(found)), key=lambda i: -means[i])
    tied = [found[i] for i in order if behind[i] <= room[i]]
    outcome, named = choose([found[i] for i in order], tied, margin)
    return (outcome, named.policy if named else None), eligible[leader].policy


def _limits(values: Floats, critical: float) -> tuple[Floats, Floats]:
    """Means of the rows, and the half width of their intervals."""
    spread = values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.full(len(values), np.inf)
    return values.mean(axis=1), critical * spread / np.sqrt(values.shape[1])
