"""The outcome: switch, keep or undecided. docs/decision.md states the rule in words.

candidates: policies that pass every guardrail
tied:       candidates that are not shown to be worse than the best one
switch      to a tied candidate whose gain is shown to be above 0 (drop-in policies first, then the largest mean)
keep        the baseline: no candidate that is not barred by a guardrail gains `MATERIAL` of the baseline's mean
undecided   otherwise, and whenever a sample is too small for its interval (see `tails`)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from reports.decision.anchors import Anchors, anchors
from reports.decision.guardrails import guardrails, share_of
from reports.decision.inputs import MATERIAL, DecisionInput
from reports.decision.outcome import Gain, Outcome, choose
from reports.decision.stability import Stability, stability
from reports.decision.tails import Shortage, gain_of, mean_of, shortage, tails_of
from reports.estimators.intervals import CONFIDENCE, moments
from reports.estimators.simultaneous import critical_value, simultaneous_level

POWER = 0.8
MOST_REPLICATIONS = 10_000_000


@dataclass(frozen=True)
class Decision:
    """The decision of a run.

    `policy` is the policy to run: the new one after `switch`, else the baseline. `rival` is the policy whose gain over
    the baseline the decision rests on; None where nothing can be compared. `gains` holds every rival, best first.
    `level` is the confidence of each single interval, so that all hold together with `confidence`. `needed` is about
    how many replications would decide; None where the outcome is not `undecided`, or where none would.
    """

    outcome: Outcome
    policy: str
    rival: Gain | None
    tied: list[str]
    gains: list[Gain]
    anchors: list[Anchors]
    level: float
    confidence: float
    needed: int | None
    stability: Stability | None
    given: DecisionInput
    unseen: Shortage | None = None
    """Why the baseline's lock-outs are not known; None where they are."""


def decide(given: DecisionInput) -> Decision:
    """The decision; the same input gives the same decision, bit by bit."""
    base = given.values[given.baseline]
    level = simultaneous_level([given.values[name] - base for name in given.rivals])
    gains = sorted((_gain(name, given, level) for name in given.rivals), key=lambda gain: -gain.estimate.value)
    candidates = [gain for gain in gains if gain.policy in given.candidates]
    open_to, margin = [gain for gain in candidates if not gain.barred], material(given)
    tied = _tied([gain for gain in candidates if gain.passes], given)
    outcome, named = choose(open_to, tied, margin)
    unseen = tails_of(given).lock_outs_short(given.baseline, given.replications)
    if given.one_caption or not given.candidates or (outcome == "keep" and unseen):
        outcome, named = "undecided", None
    doubtful = [gain for gain in candidates if outcome == "keep" and gain.high > margin]  # all are barred
    rival = named or next(iter([*doubtful, *open_to, *candidates]), None)
    named_policy = given.baseline if named is None else named.policy
    open_question = outcome == "undecided" and not given.one_caption
    subjects = dict.fromkeys([given.baseline, *([rival.policy] if rival else [])])
    return Decision(
        outcome=outcome,
        policy=named_policy,
        rival=rival,
        tied=[gain.policy for gain in tied],
        gains=gains,
        anchors=[anchors(name, given, level) for name in subjects],
        level=level,
        confidence=CONFIDENCE,
        needed=_needed(rival, given, level, unseen) if open_question and rival else None,
        unseen=unseen,
        stability=stability(given, open_to, level) if open_to else None,
        given=given,
    )


def material(given: DecisionInput) -> float:
    """The least gain that is a reason to act."""
    return MATERIAL * abs(mean_of(given.baseline, given))


def _gain(name: str, given: DecisionInput, level: float) -> Gain:
    own, base = given.values[name], given.values[given.baseline]
    difference = moments(own - base)
    return Gain(
        policy=name,
        estimate=gain_of(name, given.baseline, given, level),
        better=share_of(own > base),
        median=float(sorted(own - base)[(len(own) - 1) // 2]),
        sd=difference.sd,
        drop_in=name in given.drop_in,
        shortage=shortage(name, given),
        guardrails=guardrails(name, given, level) if name in given.candidates else [],
    )


def _tied(eligible: Sequence[Gain], given: DecisionInput) -> list[Gain]:
    """Candidates that are not shown to be worse than the best (Hsu 1984, Annals of Statistics 12)."""
    if not eligible:
        return []
    best = given.values[eligible[0].policy]
    level = simultaneous_level([best - given.values[gain.policy] for gain in eligible[1:]])

    def worse(gain: Gain) -> bool:
        low = gain_of(eligible[0].policy, gain.policy, given, level).low
        return low is not None and low > 0.0

    return [eligible[0], *(gain for gain in eligible[1:] if not worse(gain))]


def _needed(rival: Gain, given: DecisionInput, level: float, unseen: Shortage | None) -> int | None:
    """Replications that would decide if the true gain is the one seen: to show it, or to show that it is immaterial."""
    margin = material(given)
    distance = max(rival.estimate.value, margin - rival.estimate.value)
    short = [rival.shortage, unseen if rival.estimate.value <= margin else None]
    reach = critical_value(level, max(1, given.replications - 1)) + float(ndtri(POWER))
    root = reach * _spread(rival, distance, given)
    needed = max(root**2, given.replications + 1, *(each.needed for each in short if each))
    return rounded_up(needed) if needed <= MOST_REPLICATIONS else None


def _spread(rival: Gain, distance: float, given: DecisionInput) -> float:
    """Standard deviation per distance to be shown: of the gain, and of the lead over rotation where that is unclear."""
    shown = [(rival.sd, distance)]
    if given.rotation is not None and any(each.unclear for each in rival.guardrails):
        ahead = moments(given.values[rival.policy] - given.values[given.rotation])
        shown.append((ahead.sd, abs(ahead.mean)))
    return max(sd / size if size > 0.0 else math.inf for sd, size in shown)


def rounded_up(value: float) -> int:
    """Two significant digits, upwards: a more precise figure would promise too much."""
    size = max(1, int(10 ** (math.floor(math.log10(value)) - 1)))
    return math.ceil(value / size) * size
