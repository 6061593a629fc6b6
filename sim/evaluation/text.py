"""An evaluation in words and tables, for the terminal, and as plain data for `--json`."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sim.evaluation.evaluate import Estimated, Evaluation, PolicyEvaluation
from sim.evaluation.intervals import Interval, unlimited

PREFERRED = ("sndr", "snips")
"""The estimate of the headline: self-normalised, with the reward model where there is one."""
ADAPTIVE_LOG = ("ips",)
"""Of a log that was collected adaptively: its anytime interval holds there."""


def lead(policy: PolicyEvaluation) -> tuple[Estimated, Interval] | None:
    """The estimate and the interval that the headline quotes; None where the log cannot answer.

    The interval is the quoted one (`Estimated.quoted`).
    """
    adaptive = policy.diagnostics.adaptive
    for name in ADAPTIVE_LOG if adaptive else (*PREFERRED, "ips"):
        found = policy.estimate(name)
        if found is not None:
            return found, found.quoted(adaptive=adaptive) or unlimited("none")
    return None


def of_log(evaluation: Evaluation, policy: PolicyEvaluation) -> Interval:
    """The interval of the log's own mean that `policy` is compared with."""
    return evaluation.logged.quoted(adaptive=policy.diagnostics.adaptive) or unlimited("none")


def headline(evaluation: Evaluation, policy: PolicyEvaluation) -> str:
    """One sentence: what the policy would have earned, and whether that differs from the log."""
    if policy.diagnostics.refusal is not None:
        return f"{policy.policy}: no answer. {_capital(policy.diagnostics.refusal)}."
    found = lead(policy)
    if found is None:
        return f"{policy.policy}: no answer from the estimators that were asked for."
    estimate, interval = found
    logged = of_log(evaluation, policy)
    return (
        f"{policy.policy} would have earned {number(estimate.value)} {evaluation.reward} per decision "
        f"({_limits(interval, evaluation.confidence)}); the log earned {number(evaluation.logged.value)} "
        f"({number(logged.low)} to {number(logged.high)}): {_verdict(interval, logged)}."
    )


def _verdict(interval: Interval, logged: Interval) -> str:
    if interval.low > logged.high:
        return "more"
    if interval.high < logged.low:
        return "less"
    return "no difference is shown"


def text(evaluation: Evaluation) -> str:
    """The whole answer for a terminal."""
    training = f"; the first {evaluation.training_rows:,} gave the counts" if evaluation.training_rows else ""
    lines = [
        f"{evaluation.source}: {evaluation.rows:,} decisions, {evaluation.actions:,} actions, "
        f"{evaluation.strata:,} {'stratum' if evaluation.strata == 1 else 'strata'}{training}",
        *(f"note: {note}" for note in evaluation.notes),
    ]
    for policy in evaluation.policies:
        lines += ["", headline(evaluation, policy), *_details(policy)]
    return "\n".join(lines)


def _details(policy: PolicyEvaluation) -> Iterator[str]:
    """The indented lines under the headline of a policy."""
    found = policy.diagnostics
    yield from (f"  warning: {each}" for each in found.warnings)
    yield from (f"  {line}" for line in _table(policy))
    yield f"  effective rows {found.effective_rows:,.0f} of {found.rows:,}"
    if found.adaptive:
        yield f"  logging policies {found.loggers:,}"
    if policy.left_out:
        yield f"  left out, since they need all probabilities: {', '.join(policy.left_out)}"


def rows(policy: PolicyEvaluation) -> list[list[str]]:
    """One row per estimator: name with its number, estimate, interval for many rows, other intervals."""
    return [
        [
            estimate.estimator + _tuned(estimate.number),
            number(estimate.value),
            *(_cell(estimate, method) for method in ("normal", "bootstrap")),
            "; ".join(f"{each.method} {_range(each)}" for each in estimate.intervals[2:]),
        ]
        for estimate in policy.estimates
    ]


HEADER = ["estimator", "per decision", "normal", "bootstrap", "others"]


def _table(policy: PolicyEvaluation) -> list[str]:
    cells = [row[:4] for row in rows(policy)]
    if not cells:
        return []
    lines = [HEADER[:4], *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    others = [f"{row[0]}: {row[4]}" for row in rows(policy) if row[4]]
    return table + others


def data(evaluation: Evaluation) -> dict[str, Any]:
    """For `--json`: strict JSON types; limits that are not finite become null there."""
    whole = {key: value for key, value in asdict(evaluation).items() if key not in {"policies", "limits"}}
    policies = [_policy_data(evaluation, each) for each in evaluation.policies]
    return whole | {"reward_limits": list(evaluation.limits), "policies": policies}


def _policy_data(evaluation: Evaluation, policy: PolicyEvaluation) -> dict[str, Any]:
    found = lead(policy)
    return {
        "policy": policy.policy,
        "headline": headline(evaluation, policy),
        "estimate": None if found is None else found[0].value,
        "ci_low": None if found is None else found[1].low,
        "ci_high": None if found is None else found[1].high,
        "estimator": None if found is None else found[0].estimator,
        "ci_method": None if found is None else found[1].method,
        "diagnostics": asdict(policy.diagnostics),
        "estimates": [asdict(each) for each in policy.estimates],
        "left_out": list(policy.left_out),
    }


def number(value: float) -> str:
    """Four significant digits."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _range(interval: Interval) -> str:
    if not interval.known:
        return "unknown"
    return f"{number(interval.low)} to {number(interval.high)}"


def _limits(interval: Interval, confidence: float) -> str:
    return f"{100 * confidence:g} % interval {_range(interval)}"


def _cell(estimate: Estimated, method: str) -> str:
    return next((_range(each) for each in estimate.intervals if each.method == method), "–")


def _tuned(value: float | None) -> str:
    if value is None:
        return ""
    return " (no limit)" if math.isinf(value) else f" ({value:.3g})"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
