"""How far a log can answer: effective sample size, weights, overlap, drift, adaptive collection."""

import math
from dataclasses import dataclass

import numpy as np

from sim.evaluation.estimators import Floats, Sample
from sim.evaluation.log import Log
from sim.evaluation.target import Target, sent_in

REFUSED_SHARE = 0.01  # of the target's decisions, on actions that were never logged
FEW = 50.0  # effective rows below which an estimate says little
HEAVY = 0.05  # of the sum of all weights, in one row
SURPRISING = 4.0  # standard errors; 1 false alarm in 16,000
CERTAIN = 1e4  # standard errors: weights that hardly vary
FEW_DIGITS = 1e-3  # of a mean weight, where propensities were written with three or four digits
_SHOWN = 5


@dataclass(frozen=True)
class Diagnostics:
    """What to know before a number is believed."""

    rows: int
    effective_rows: float
    mean_weight: float
    largest_weight: float
    largest_share: float
    """Of the sum of weights, in the row with the largest one."""
    top_share: float
    """Of the sum of weights, in the 1 % of rows with the largest ones."""
    unsupported: float | None
    """Share of the target's decisions on actions that the log never has there; None where it cannot be known."""
    unsupported_actions: tuple[str, ...]
    adaptive: bool
    loggers: int
    """Logging policies that were found: a refreshed table is another one. Decisions that differ all are counted in
    batches."""
    warnings: tuple[str, ...]
    refusal: str | None


def diagnose(log: Log, target: Target, sample: Sample, loggers: int = 1) -> Diagnostics:
    """Diagnostics of one target policy on one log that `loggers` policies made."""
    weight, total = sample.weight, float(sample.weight.sum())
    squares = float(weight @ weight)
    effective = total**2 / squares if squares > 0.0 else 0.0
    share, actions = _unsupported(log, target)
    largest = float(weight.max())
    adaptive = is_adaptive(log)
    return Diagnostics(
        rows=log.rows,
        effective_rows=effective,
        mean_weight=float(weight.mean()),
        largest_weight=largest,
        largest_share=largest / total if total > 0.0 else 0.0,
        top_share=_top(weight) / total if total > 0.0 else 0.0,
        unsupported=share,
        unsupported_actions=actions,
        adaptive=adaptive,
        loggers=loggers,
        warnings=tuple(_warnings(log, weight, effective, share, adaptive=adaptive)),
        refusal=_refusal(share, actions, total),
    )


def _top(weight: Floats) -> float:
    """The sum of the largest 1 % of the weights, of one at least."""
    rest = len(weight) - max(1, len(weight) // 100)
    return float(np.partition(weight, rest)[rest:].sum())


def _unsupported(log: Log, target: Target) -> tuple[float | None, tuple[str, ...]]:
    if target.chance is None:
        return None, ()
    missing = np.where(sent_in(log), 0.0, target.chance)
    rows = np.bincount(log.stratum, minlength=len(log.strata)) / log.rows
    by_action = rows @ missing
    order = np.argsort(-by_action)
    named = tuple(log.actions[i] for i in order[:_SHOWN] if by_action[i] > 0.0)
    return float(by_action.sum()), named


def _refusal(share: float | None, actions: tuple[str, ...], total: float) -> str | None:
    if total == 0.0:
        return "the target never takes an action of the log: nothing can be said of it"
    if share is not None and share > REFUSED_SHARE:
        named = ", ".join(actions) + (", …" if len(actions) == _SHOWN else "")
        return (
            f"{100 * share:.1f} % of the target's decisions are actions that were never logged there ({named}): "
            "nothing can be said of a policy that takes them"
        )
    return None


def _warnings(log: Log, weight: Floats, effective: float, share: float | None, *, adaptive: bool) -> list[str]:
    found = []
    if (wrong := _mean_weight(weight, share or 0.0)) is not None:
        found.append(wrong)
    if effective < FEW:
        found.append(f"the weights leave {effective:.0f} effective rows of {len(weight):,}")
    if weight.sum() > 0.0 and weight.max() / weight.sum() > HEAVY:
        found.append(f"one row carries {100 * weight.max() / weight.sum():.0f} % of all weight")
    if share:
        found.append(f"{100 * share:.2f} % of the target's decisions are actions that were never logged there")
    if (drift := _drift(log)) is not None:
        found.append(drift)
    if adaptive:
        found.append(
            "the log was collected adaptively: plain means of actions are biased, and an interval for many rows can "
            "be too narrow; the anytime interval holds"
        )
    return found


def _mean_weight(weight: Floats, missing: float) -> str | None:
    """Whether weights are not 1 on average, beyond chance and digits; they may lack the share of unlogged actions."""
    mean, error = float(weight.mean()), float(weight.std()) / math.sqrt(len(weight))
    gap = abs(mean - 1.0)
    if gap <= max(SURPRISING * error, FEW_DIGITS) + missing:
        return None
    away = f"1 is {gap / error:.0f} standard errors away" if gap < CERTAIN * error else "no noise makes it so"
    return f"the mean weight is {mean:.3f}, and {away}: the propensities are not those of the policy that made the log"


def _drift(log: Log) -> str | None:
    """Whether the second half of the log earns differently from the first, beyond chance."""
    half = log.rows // 2
    if half < 2:
        return None
    first, second = log.reward[:half], log.reward[half:]
    error = math.sqrt(float(first.var(ddof=1)) / len(first) + float(second.var(ddof=1)) / len(second))
    difference = float(second.mean() - first.mean())
    if error == 0.0 or abs(difference) <= SURPRISING * error:
        return None
    return f"rewards drift: mean {first.mean():.4g} in the first half of the log, {second.mean():.4g} in the other"


def is_adaptive(log: Log) -> bool:
    """Whether the probability of an action changes within a stratum: the logging policy learned, or was replaced."""
    cells, size = log.cells, len(log.strata) * len(log.actions)
    least, most = np.full(size, np.inf), np.zeros(size)
    np.minimum.at(least, cells, log.propensity)
    np.maximum.at(most, cells, log.propensity)
    changed = int((most > least * (1.0 + 1e-9)).sum())
    return 2 * changed > int((most > 0.0).sum())
