"""How often resampled replications give the same decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.decision.inputs import MATERIAL, DecisionInput
from reports.decision.outcome import Gain, choose
from reports.decision.samples import Sample
from reports.decision.tails import tails_of
from reports.estimators.intervals import Estimate, Floats, share_interval
from reports.estimators.simultaneous import critical_value
from reports.estimators.strata import Counts, Strata, stratified_moments

RESAMPLES = 200
SEED = 20_250_105


@dataclass(frozen=True)
class Stability:
    """Share of resampled runs with the same outcome and policy, and with the same best candidate."""

    same_decision: Estimate
    same_best: Estimate
    resamples: int


def stability(given: DecisionInput, open_to: Sequence[Gain], level: float) -> Stability:
    """Decide again on `RESAMPLES` bootstrap samples of the replications (Efron 1979), with Student's t.

    Guardrails are those of the run, and no sample counts as too small: only the gains are drawn again, unlucky
    replications within their stratum.
    """
    known, base = tails_of(given), given.values[given.baseline]
    open_to = [replace(gain, shortage=None) for gain in open_to]
    samples = [
        known.sample((gain.policy, given.baseline), given.values[gain.policy], base, metric=given.metric)
        for gain in open_to
    ]
    gains, strata = np.stack([sample.values for sample in samples]), samples[0].strata
    level_of = known.sample((given.baseline, None), base, metric=given.metric).values
    generator = np.random.Generator(np.random.PCG64(SEED))

    def decided(drawn: Counts | None) -> tuple[tuple[str, str | None], str]:
        """Of the whole sample, or of the values `drawn`."""
        own, level_own = (gains, level_of) if drawn is None else (gains[:, drawn], level_of[drawn])
        mean = Sample(level_own, strata=strata).mean
        return _decide(own, open_to, level, MATERIAL * abs(mean), strata)

    whole, _ = decided(None)
    found = [decided(_drawn(generator, gains.shape[1], strata)) for _ in range(RESAMPLES)]
    same, best = sum(each == whole for each, _ in found), sum(leader == open_to[0].policy for _, leader in found)
    return Stability(share_interval(same, RESAMPLES), share_interval(best, RESAMPLES), RESAMPLES)


def _drawn(generator: np.random.Generator, n: int, strata: Strata | None) -> Counts:
    """Places of a resample, (n,): each value is replaced by one of its stratum."""
    if strata is None:
        return generator.integers(0, n, n)
    places = np.arange(n)
    for stratum in np.unique(strata.of_value):
        own = np.flatnonzero(strata.of_value == stratum)
        places[own] = own[generator.integers(0, len(own), len(own))]
    return places


def _decide(
    gains: Floats, open_to: Sequence[Gain], level: float, margin: float, strata: Strata | None
) -> tuple[tuple[str, str | None], str]:
    """((outcome, policy named), best candidate) of one resample; `gains` has shape (candidates, values)."""
    critical = critical_value(level, max(1, gains.shape[1] - 1))
    means, reach = _limits(gains, critical, strata)
    found = [
        replace(gain, estimate=Estimate(float(mean), float(mean - half), float(mean + half), "t"))
        for gain, mean, half in zip(open_to, means, reach, strict=True)
    ]
    outcome, named = choose(found, _tied(gains, found, critical, strata), margin)
    return (outcome, named.policy if named else None), open_to[int(np.argmax(means))].policy


def _tied(gains: Floats, found: Sequence[Gain], critical: float, strata: Strata | None) -> list[Gain]:
    """Those that pass every guardrail and are not shown to be worse than the best of these."""
    passing = [i for i, gain in enumerate(found) if gain.passes]
    if not passing:
        return []
    leader = max(passing, key=lambda i: found[i].estimate.value)
    behind, room = _limits(gains[leader] - gains, critical, strata)
    return [found[i] for i in passing if behind[i] <= room[i]]


def _limits(values: Floats, critical: float, strata: Strata | None) -> tuple[Floats, Floats]:
    """Means of the rows, and the half width of their intervals."""
    if strata is None:
        spread = values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.full(len(values), np.inf)
        return values.mean(axis=1), critical * spread / np.sqrt(values.shape[1])
    found = [stratified_moments(row, strata) for row in values]
    return np.array([each.mean for each in found]), critical * np.array([each.standard_error for each in found])
