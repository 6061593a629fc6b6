"""Evaluate target policies on a log: every estimator with its intervals, and whether the log can answer at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from sim.backends.base import Backend
from sim.errors import InputError
from sim.evaluation import intervals
from sim.evaluation.adaptive import batches_of
from sim.evaluation.diagnostics import Diagnostics, diagnose, is_adaptive
from sim.evaluation.estimators import ADAPTIVE, MODELLED, NAMES, PLAIN, TUNED, Sample, ips
from sim.evaluation.intervals import CONFIDENCE, Interval
from sim.evaluation.log import Log
from sim.evaluation.replay import keep
from sim.evaluation.reward_model import FOLDS, modelled, sample_of
from sim.evaluation.target import Target, needs_training, target_of
from sim.evaluation.totals import summarise
from sim.evaluation.tuning import slope
from sim.wording import did_you_mean

ESTIMATORS = ("replay", *NAMES)
QUOTED = {
    False: ("exact", "bootstrap", "normal"),
    True: ("anytime", "asymptotic_sequence", "exact", "bootstrap", "normal"),
}
"""Which interval of an estimate is quoted, first to last: whether the log was collected adaptively → methods."""
TRAINING_SHARE = 0.3
"""Of the log, in front, that a rule's counts are taken from; it is not evaluated on."""


@dataclass(frozen=True)
class Options:
    """How to evaluate."""

    estimators: tuple[str, ...] = ESTIMATORS
    confidence: float = CONFIDENCE
    training_share: float = TRAINING_SHARE
    folds: int = FOLDS
    limits: tuple[float, float] | None = None
    """What a reward can be; by default the least and the largest of the log, with 0 between them."""


@dataclass(frozen=True)
class Estimated:
    """One estimator's value with its intervals; `number` is the tuned one, if any."""

    estimator: str
    value: float
    intervals: tuple[Interval, ...]
    number: float | None = None

    def quoted(self, *, adaptive: bool) -> Interval | None:
        """The one interval that the headline, the figure and `ci_low` show, by the order of `QUOTED`."""
        found = {each.method: each for each in self.intervals if each.known}
        return next((found[method] for method in QUOTED[adaptive] if method in found), None)


@dataclass(frozen=True)
class PolicyEvaluation:
    """What the log says of one target policy; no estimate where `diagnostics.refusal` says why."""

    policy: str
    diagnostics: Diagnostics
    estimates: tuple[Estimated, ...]
    left_out: tuple[str, ...] = ()
    """Estimators that need what is not known of this target."""

    def estimate(self, name: str) -> Estimated | None:
        """That of one estimator, if there is one."""
        return next((each for each in self.estimates if each.estimator == name), None)


@dataclass(frozen=True)
class Evaluation:
    """The whole answer: of the log itself, and of each target policy."""

    source: str
    rows: int
    training_rows: int
    strata: int
    actions: int
    reward: str
    logged: Estimated
    """The mean reward that the log itself has."""
    policies: tuple[PolicyEvaluation, ...]
    limits: tuple[float, float]
    confidence: float
    notes: tuple[str, ...] = field(default=())


def evaluate(
    log: Log,
    policies: Sequence[str],
    options: Options | None = None,
    source: str = "log",
    backend: Backend | None = None,
) -> Evaluation:
    """Evaluate each of `policies` (see `sim.evaluation.target`) on a log, one after the other or by a backend.

    Raises InputError for unknown policies and estimators, and where a training part leaves nothing to evaluate.
    """
    chosen = options or Options()
    for name in chosen.estimators:
        if name not in ESTIMATORS:
            raise InputError(f"unknown estimator {name!r}{did_you_mean(name, ESTIMATORS)}")
    if not policies:
        raise InputError("no policy to evaluate", "Name one or more: --policy uniform.")
    training, rest = split(log, policies, chosen.training_share)
    limits = chosen.limits or (min(0.0, float(rest.reward.min())), max(0.0, float(rest.reward.max())))
    if limits[0] >= limits[1]:
        raise InputError(
            f"every reward of the log is {limits[0]:g}: policies cannot differ",
            "--reward COLUMN names another column, such as purchased_count.",
        )
    if rest.reward.min() < limits[0] or rest.reward.max() > limits[1]:
        raise InputError(f"a reward of the log is outside the limits {limits[0]:g} to {limits[1]:g}")
    return Evaluation(
        source=source,
        rows=rest.rows,
        training_rows=log.rows - rest.rows,
        strata=len(log.strata),
        actions=len(log.actions),
        reward=log.reward_name,
        logged=_logged(rest, chosen.confidence),
        policies=_evaluated(
            policies, partial(_policy, log=rest, training=training, options=chosen, limits=limits), backend
        ),
        limits=limits,
        confidence=chosen.confidence,
        notes=log.notes,
    )


def _evaluated(
    names: Sequence[str], work: Callable[[str], PolicyEvaluation], backend: Backend | None
) -> tuple[PolicyEvaluation, ...]:
    if backend is None:
        return tuple(map(work, names))
    found = dict(backend.run(names, work))
    return tuple(found[name] for name in names)


def split(log: Log, policies: Sequence[str], share: float) -> tuple[Log | None, Log]:
    """(training part, rows to evaluate on); without a training part where no policy looks at counts."""
    if not any(needs_training(name) for name in policies):
        return None, log
    rows = round(share * log.rows)
    if not 0 < rows < log.rows:
        raise InputError(
            f"a training part of {rows} of {log.rows} rows leaves nothing to do", "Change --training-share."
        )
    return log.part(slice(0, rows)), log.part(slice(rows, log.rows))


def _logged(log: Log, confidence: float) -> Estimated:
    plain = Sample(log.reward, np.ones(log.rows))
    terms = summarise(ips, plain)
    # A policy that learns earns more as it goes: `anytime` holds for a mean that stays.
    found = (intervals.normal(terms, confidence), intervals.asymptotic_sequence(terms, confidence))
    return Estimated("logged", terms.value, found)


def _policy(
    name: str, log: Log, training: Log | None, options: Options, limits: tuple[float, float]
) -> PolicyEvaluation:
    target = target_of(name, log, training)
    batch = batches_of(log) if is_adaptive(log) else None
    sample = sample_of(log, target, batch)
    diagnostics = diagnose(log, target, sample, 1 if batch is None else len(np.unique(batch)))
    wanted = [each for each in options.estimators if sample.stable is not None or each not in ADAPTIVE]
    known = [each for each in wanted if target.chance is not None or each not in MODELLED]
    left_out = tuple(each for each in wanted if each not in known)
    if diagnostics.refusal is not None:
        return PolicyEvaluation(name, diagnostics, (), left_out)
    work = partial(_estimated, options=options, limits=limits, most_weight=_most_weight(log, target))
    found = {each: work(each, sample) for each in known if each not in MODELLED | ADAPTIVE}
    # Estimators with a model come last: its columns would be in memory while the others work.
    sample = modelled(sample, log, target, batch, options.folds)
    found |= {each: work(each, sample) for each in known if each in MODELLED | ADAPTIVE}
    return PolicyEvaluation(name, diagnostics, tuple(found[each] for each in known), left_out)


def _most_weight(log: Log, target: Target) -> float:
    """A limit that no weight exceeds: the largest probability over the least one logged of that action."""
    if target.chance is None:
        return float(1.0 / log.propensity.min())
    least = np.full(target.chance.size, np.inf)
    np.minimum.at(least, log.cells, log.propensity)
    return float((target.chance.ravel() / least).max())


def _estimated(
    name: str, sample: Sample, options: Options, limits: tuple[float, float], most_weight: float
) -> Estimated:
    number, terms = None, None
    if name == "replay":
        terms = summarise(keep(sample), sample)
    elif name in TUNED:
        number, terms = slope(name, sample)
    else:
        terms = summarise(PLAIN[name], sample)
    if not np.isfinite(terms.value):
        return Estimated(name, terms.value, (), number)
    found = [interval(terms, options.confidence) for interval in intervals.OF_TERMS.values()]
    if name == "replay" and _two_valued(sample, limits):
        found.append(intervals.exact(terms, limits, options.confidence))
    if name == "aw_aipw":
        found.append(intervals.asymptotic_sequence(terms, options.confidence))
    if name == "ips":
        found += [
            intervals.empirical_bernstein(sample, limits, most_weight, options.confidence),
            intervals.empirical_likelihood(sample, limits, options.confidence),
            intervals.anytime(sample, limits, options.confidence),
        ]
    return Estimated(name, terms.value, tuple(found), number)


def _two_valued(sample: Sample, limits: tuple[float, float]) -> bool:
    """Whether every reward is one of the two limits, such as 0 and 1."""
    return bool(((sample.reward == limits[0]) | (sample.reward == limits[1])).all())
