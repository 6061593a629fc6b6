"""The decision in plain sentences."""

import shlex
from collections.abc import Sequence

from reports.decision.anchors import Anchors
from reports.decision.inputs import Unit, amount, bare
from reports.decision.outcome import Gain
from reports.decision.rule import Decision, material, rounded_up
from reports.decision.tails import gain_of, mean_of
from reports.estimators.intervals import Estimate
from reports.formatting import percent, percent_interval

ALMOST_NOTHING = 0.1  # of the possible gain
FOLDER = "RUN"
"""Stands for the run folder where it is not known."""
MOST_RISKS = 3  # policies named with their failed guardrails


def headline(decision: Decision) -> str:
    """The decision in one sentence, with its numbers."""
    given, rival = decision.given, decision.rival
    if given.one_caption:
        return "Undecided: every page has one caption only, so all policies send the same messages."
    if rival is None:
        return f"Undecided: there is no policy to compare {given.baseline} with."
    if decision.outcome == "switch":
        return f"Switch from {given.baseline} to {rival.policy}: it {_gain(rival, given.unit)}{_guarded(rival)}."
    if decision.outcome == "undecided":
        return _open(decision)
    if _for_now(decision):
        return f"Keep {given.baseline} for now: {_excluded(rival, given.unit)}."
    found = f"the best other policy, {rival.policy}, {_gain(rival, given.unit)}"
    return f"Keep {given.baseline}: no policy here gains 1 % or more; {found}."


def _for_now(decision: Decision) -> bool:
    """Whether the baseline is kept though a policy that a guardrail bars may gain."""
    rival = decision.rival
    return decision.outcome == "keep" and rival is not None and rival.barred and rival.high > material(decision.given)


def key_points(decision: Decision, folder: str = FOLDER) -> list[str]:
    """What stands beside the headline: the anchors of the baseline, the risks, the next step.

    `folder` is the run's, for commands.
    """
    if decision.given.one_caption:
        return [next_step(decision, folder)]
    anchors = [_anchor(decision.anchors[0], decision), _rotation(decision), _no_ceiling(decision)]
    return _present([*anchors, _risks(decision), _shortage(decision), f"Next step: {next_step(decision, folder)}"])


def details(decision: Decision) -> list[str]:
    """What else to know before acting."""
    if decision.given.one_caption:
        return []
    anchors = [_anchor(each, decision) for each in decision.anchors[1:]]
    rest = [_planning(decision), _ties(decision), _stability(decision), _basis(decision), _missing(decision)]
    return _present([*anchors, *rest])


def _present(sentences: Sequence[str]) -> list[str]:
    return [sentence for sentence in sentences if sentence]


def next_step(decision: Decision, folder: str = FOLDER) -> str:
    """What to do next, with a command where there is one."""
    step = _step(decision, shlex.quote(folder))
    known = folder != FOLDER or f" {FOLDER}" not in step
    return step if known else f"{step} {FOLDER} is the folder of this run."


def _step(decision: Decision, folder: str) -> str:
    given = decision.given
    if decision.outcome == "switch":
        return f"Size a field test: `python -m sim power {folder}/scenario.yaml --difference 5%`."
    if decision.outcome == "keep":
        if _for_now(decision) and decision.rival:
            return f"Test other parameters of {decision.rival.policy}, or other policies, that pass the guardrail."
        return "Nothing to change. Test other policies, or other assumptions of the scenario."
    if given.one_caption:
        return "Use a scenario whose pages have at least two captions."
    if decision.rival is None:
        return f"Add policies to the scenario, for example `thompson_beta`, beside {given.baseline}."
    short = decision.rival.shortage or decision.unseen
    return _decide_by(decision, folder, unlucky=given.tails_wanted and short is not None)


def _decide_by(decision: Decision, folder: str, *, unlucky: bool) -> str:
    """What would decide: unlucky replications, or more of the others."""
    given = decision.given
    if unlucky:
        return f"Show the unlucky starts: `python -m sim run {folder} --fresh --set world.unlucky=200`."
    if decision.needed is None:
        return "The difference is too small: no feasible number of replications decides."
    more = decision.needed - given.replications
    command = f"python -m sim run {folder} --set replications={decision.needed}"
    return f"About {more:,} more replications would decide: `{command}`."


def limits(estimate: Estimate, unit: Unit) -> str:
    """`95 % interval $1 to $20`."""
    if estimate.low is None or estimate.high is None:
        return "no interval from one replication"
    return f"95 % interval {amount(estimate.low, bare(unit))} to {amount(estimate.high, bare(unit))}"


def _gain(gain: Gain, unit: Unit) -> str:
    verb = "earns" if unit.prefix == "$" else "gets"
    word = "more" if gain.estimate.value >= 0 else "less"
    size = amount(abs(gain.estimate.value), unit)
    return f"{verb} {size} {word} {unit.per} ({limits(gain.estimate, unit)})"


def _guarded(gain: Gain) -> str:
    return f"; guardrails hold: {', '.join(each.detail for each in gain.guardrails)}" if gain.guardrails else ""


def _excluded(rival: Gain, unit: Unit) -> str:
    """What the best candidate that a guardrail bars may gain, and why it is barred."""
    gain, failed = _gain(rival, unit), "; ".join(each.detail for each in rival.guardrails if not each.passed)
    if rival.low <= 0.0 and rival.estimate.high is not None:
        verb = "earn" if unit.prefix == "$" else "get"
        gain = f"may {verb} up to {amount(rival.high, unit)} more {unit.per} ({limits(rival.estimate, unit)})"
    return f"{rival.policy} {gain}, but fails a guardrail ({failed})"


def _open(decision: Decision) -> str:
    rival, given = decision.rival, decision.given
    assert rival is not None
    unclear = "; ".join(each.detail for each in rival.guardrails if each.unclear)
    besides = f"; a guardrail is not clear either ({unclear})" if unclear else ""
    return f"Undecided between {given.baseline} and {rival.policy}, which {_gain(rival, given.unit)}{besides}."


def _anchor(each: Anchors, decision: Decision) -> str:
    """`wilson_sample gains almost nothing over random choice: …`."""
    over, share, unit = each.over_random, each.captured, decision.given.unit
    if over is None:
        return ""
    verb = "gains almost nothing over" if share is not None and share.value < ALMOST_NOTHING else "against"
    if over.high is not None and over.high < 0.0:
        verb = "loses against"
    per = f"{'more' if over.value >= 0 else 'less'} {unit.per}"
    text = f"{each.policy} {verb} random choice: {amount(abs(over.value), unit)} {per} ({limits(over, unit)})"
    if share is None or share.low is None or share.high is None:
        return f"{text}."
    limits_of = percent_interval(share.low, share.high)
    return f"{text}, {percent(share.value)} of what perfect choice would add ({limits_of})."


def _rotation(decision: Decision) -> str:
    each, unit = decision.anchors[0], decision.given.unit
    if each.over_rotation is None or (decision.rival and decision.rival.policy == decision.given.rotation):
        return ""
    word = "more" if each.over_rotation.value >= 0 else "less"
    size = amount(abs(each.over_rotation.value), unit)
    return (
        f"Against {decision.given.rotation}, which needs no learning, {each.policy} earns {size} {word} {unit.per} "
        f"({limits(each.over_rotation, unit)})."
    )


def _ties(decision: Decision) -> str:
    others = [name for name in decision.tied if decision.rival is None or name != decision.rival.policy]
    if not others or decision.rival is None or not decision.rival.passes:
        return ""
    return f"Not shown to differ from {decision.rival.policy}: {listed(others)}."


def _risks(decision: Decision) -> str:
    """Candidates that fail a guardrail, or may fail one, and why."""
    others = [gain for gain in decision.gains if not gain.passes and gain is not decision.rival]
    barred = _with_reasons("Excluded by a guardrail", [gain for gain in others if gain.barred])
    unclear = _with_reasons("Not shown to pass a guardrail", [gain for gain in others if not gain.barred])
    return " ".join(_present([barred, unclear]))


def _with_reasons(title: str, failing: Sequence[Gain]) -> str:
    said = [f"{gain.policy} ({next(g.detail for g in gain.guardrails if not g.passed)})" for gain in failing]
    more = [f"and {len(said) - MOST_RISKS} more"] if len(said) > MOST_RISKS else []
    return f"{title}: {'; '.join([*said[:MOST_RISKS], *more])}." if said else ""


def _shortage(decision: Decision) -> str:
    rival = decision.rival
    if rival is None:
        return ""
    if rival.shortage is None:
        return _unseen(decision)
    needed = f"it needs about {rounded_up(rival.shortage.needed):,} replications"
    return f"The interval may be too narrow: {rival.shortage.why}; {needed}."


def _unseen(decision: Decision) -> str:
    """What is not known of the baseline's lock-outs, where that could change the decision or add to the gain."""
    if decision.unseen is None:
        return ""
    if decision.outcome == "switch":
        return f"The gain may be larger: {decision.unseen.why}."
    return f"{decision.unseen.why}; it needs about {rounded_up(decision.unseen.needed):,} replications."


def _stability(decision: Decision) -> str:
    if decision.stability is None or decision.rival is None:
        return ""
    found = decision.stability
    count, same, best = found.resamples, percent(found.same_decision.value), percent(found.same_best.value)
    return (
        f"In {count} resamples of the replications the same decision comes out in {same}, and {decision.rival.policy} "
        f"is the best candidate in {best}."
    )


def _planning(decision: Decision) -> str:
    """By how much the better of two oracles beats the other: one that plans ahead the choice of the moment."""
    given = decision.given
    others = sorted(given.oracles & set(given.values) - {given.oracle})
    if given.oracle is None or not others:
        return ""
    ahead = [gain_of(given.oracle, name, given, decision.level) for name in others]
    unit = given.unit
    said = [
        f"{amount(each.value, unit)} more than {name} ({limits(each, unit)})"
        for name, each in zip(others, ahead, strict=True)
    ]
    verb = "earns" if unit.prefix == "$" else "gets"
    return f"Perfect choice is {given.oracle}: it {verb} {listed(said)} {unit.per}."


def _no_ceiling(decision: Decision) -> str:
    """That another policy is above the oracle, which may rank by purchases where the decision is in dollars."""
    given = decision.given
    if given.oracle is None:
        return ""
    best = max(given.values, key=lambda name: mean_of(name, given))
    if mean_of(given.oracle, given) >= mean_of(best, given):
        return ""
    remedy = " `{kind: oracle, by: revenue}` would be." if given.unit.prefix == "$" else ""
    return f"{given.oracle} is no perfect choice here: {best} is above it.{remedy}"


def _missing(decision: Decision) -> str:
    """Which anchors the run lacks: without them a gain has no scale."""
    given = decision.given
    anchors = {"uniform": given.random, "round_robin": given.rotation, "oracle": given.oracle}
    absent = [kind for kind, name in anchors.items() if name is None]
    return f"Not in this run: {listed(absent)}. Add them to `policies` to set a scale for the gains." if absent else ""


def _basis(decision: Decision) -> str:
    given = decision.given
    count = f"{len(decision.gains)} comparison{'' if len(decision.gains) == 1 else 's'}"
    return (
        f"Compared by {given.metric.removesuffix('_usd')}, {given.replications:,} replications paired by common random "
        f"numbers; the intervals of {count} hold together with {percent(decision.confidence)}."
    )


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, or `a, b, c and 4 others`."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
