"""The decision as an object for JSON."""

from dataclasses import asdict
from typing import Any

from reports.decision.anchors import Anchors
from reports.decision.outcome import Gain
from reports.decision.rule import Decision
from reports.decision.text import FOLDER, headline, next_step
from reports.decision.who import WhoGains
from reports.decision.who_text import who_data
from reports.estimators.intervals import Estimate


def decision_data(decision: Decision, who: WhoGains | None = None, folder: str = FOLDER) -> dict[str, Any]:
    """`outcome`, `policy`, `metric`, `gain`, … as documented in docs/decision.md; `folder` is the run's."""
    rival, given, unit = decision.rival, decision.given, decision.given.unit
    gain = None if rival is None else rival.estimate
    by_policy = {each.policy: each for each in decision.anchors}
    return {
        "outcome": decision.outcome,
        "policy": decision.policy,
        "baseline": given.baseline,
        "rival": None if rival is None else rival.policy,
        "metric": given.metric,
        "unit": " ".join(filter(None, ("US dollars" if unit.prefix == "$" else unit.noun, unit.per))),
        "gain": None if gain is None else gain.value,
        "ci_low": None if gain is None else gain.low,
        "ci_high": None if gain is None else gain.high,
        "confidence": decision.confidence,
        "tied": decision.tied,
        "guardrails": [] if rival is None else _guardrails(rival),
        "captured": {
            "baseline": _captured(by_policy.get(given.baseline)),
            "policy": None if rival is None else _captured(by_policy.get(rival.policy)),
        },
        "anchors": [_anchors(each) for each in decision.anchors],
        "policies": [_gain(each) for each in decision.gains],
        "stability": None if decision.stability is None else decision.stability.same_decision.value,
        "replications_needed": decision.needed,
        "who_gains": who_data(who),
        "next_step": next_step(decision, folder),
        "text": headline(decision),
    }


def _captured(each: Anchors | None) -> dict[str, Any] | None:
    return None if each is None else _estimate(each.captured)


def _anchors(each: Anchors) -> dict[str, Any]:
    found = {"over_random": each.over_random, "over_rotation": each.over_rotation, "shortfall": each.shortfall}
    return {"policy": each.policy, **{name: _estimate(estimate) for name, estimate in found.items()}}


def _gain(gain: Gain) -> dict[str, Any]:
    return {
        "policy": gain.policy,
        **(_estimate(gain.estimate) or {}),
        "better_share": _estimate(gain.better),
        "median_gain": gain.median,
        "guardrails": _guardrails(gain),
        "sample_too_small": None if gain.shortage is None else gain.shortage.why,
    }


def _guardrails(gain: Gain) -> list[dict[str, Any]]:
    return [asdict(each) for each in gain.guardrails]


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high}
