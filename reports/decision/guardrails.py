"""What a policy must not do to be named: each guardrail compares it with the baseline."""

from dataclasses import dataclass, replace

import numpy as np

from reports.decision.inputs import LEAST_REPLICATIONS, MATERIAL, DecisionInput, LockOuts, compared
from reports.decision.tails import gain_of, tails_of
from reports.estimators.intervals import Estimate, Floats, share_interval
from reports.formatting import percent

WORST_SHARE = 0.05
TOLERATED = 0.01  # of pages: one lock-out in a small sample shows no harm
RESAMPLES = 500
SEED = 20_250_104


@dataclass(frozen=True)
class Guardrail:
    """One guardrail of one policy: whether it holds, and the figures in words.

    `unclear`: it is not passed since the sample does not show that it holds, nor that it fails.
    """

    name: str
    passed: bool
    detail: str
    unclear: bool = False


def guardrails(policy: str, given: DecisionInput, level: float) -> list[Guardrail]:
    """All guardrails of a candidate; a guardrail fails only where the sample shows the harm.

    Fewer than `LEAST_REPLICATIONS` replications show nothing: what does not hold there is unclear.
    """
    found = [_lock_out(policy, given), _worst(policy, given), _losing(policy, given), _rotation(policy, given, level)]
    few = given.replications < LEAST_REPLICATIONS
    return [replace(each, unclear=each.unclear or (few and not each.passed)) for each in found if each is not None]


def _lock_out(policy: str, given: DecisionInput) -> Guardrail | None:
    """Fails where more pages end locked out than under the baseline, by at least `TOLERATED` (95 % limits)."""
    own, base = given.lock_outs.get(policy), given.lock_outs.get(given.baseline)
    if own is None:
        return None
    known = _locked_out(policy, own, given)
    most = _locked_out(given.baseline, base, given) if base else Estimate(0.0, 0.0, 0.0, "")
    passed = known.low is None or most.high is None or known.low <= most.high + TOLERATED
    besides = f", {percent(most.value)} under {given.baseline}" if base else ""
    return Guardrail("lock_out", passed, f"locked out of the best caption on {percent(known.value)} of pages{besides}")


def _locked_out(policy: str, seen: LockOuts, given: DecisionInput) -> Estimate:
    """The share of locked-out pages, by the unlucky replications where there are any."""
    if seen.each is None:
        return share_interval(seen.locked, seen.pages)
    return tails_of(given).locked_out(policy, seen.each.astype(float))


def _worst(policy: str, given: DecisionInput) -> Guardrail:
    """Fails where the mean of the worst 5 % of replications is shown to be materially below the baseline's.

    Shown: by the bootstrap, at 95 %. Material: by more than `MATERIAL` of the baseline's mean.
    """
    own, base = given.values[policy], given.values[given.baseline]
    difference, tolerated = _worst_mean(own) - _worst_mean(base), -MATERIAL * abs(float(base.mean()))
    passed = difference >= tolerated or _high(own, base) >= tolerated
    return Guardrail("worst_5_percent", passed, f"{compared(difference, given.unit)} in its worst 5 % of replications")


def _high(own: Floats, base: Floats) -> float:
    """Upper 95 % limit of the difference of worst means (percentile bootstrap), one resample in memory at a time."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    drawn = (generator.integers(0, len(own), len(own)) for _ in range(RESAMPLES))
    return float(np.quantile([_worst_mean(own[each]) - _worst_mean(base[each]) for each in drawn], 0.975))


def _worst_mean(values: Floats) -> float:
    """Mean of the worst 5 % of the replications, at least one."""
    count = max(1, round(WORST_SHARE * len(values)))
    return float(np.partition(values, count - 1)[:count].mean())


def _losing(policy: str, given: DecisionInput) -> Guardrail:
    """Fails where the policy is shown to do materially worse than the baseline in over half of the replications."""
    own, base = given.values[policy], given.values[given.baseline]
    losing = share_of(own < base - MATERIAL * abs(float(base.mean())))
    passed = losing.low is None or losing.low <= 0.5
    return Guardrail("probability_of_loss", passed, f"worse by 1 % or more in {percent(losing.value)} of replications")


def _rotation(policy: str, given: DecisionInput, level: float) -> Guardrail | None:
    """Fails unless the policy is shown to beat rotation, which needs no learning; unclear where it may beat it."""
    if given.rotation is None or given.rotation in (policy, given.baseline):
        return None
    ahead = gain_of(policy, given.rotation, given, level)
    passed = ahead.low is not None and ahead.low > 0.0
    unclear = not passed and (ahead.high is None or ahead.high > 0.0)
    detail = f"{compared(ahead.value, given.unit)} than {given.rotation}{', which may be chance' if unclear else ''}"
    return Guardrail("beats_rotation", passed, detail, unclear)


def share_of(events: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Estimate:
    """Share of replications with the event, with Wilson's interval."""
    return share_interval(int(events.sum()), len(events))
