"""Thompson sampling on log odds ratios: what moves all arms together, as a weekday or a holiday does, cancels."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import normal
from policies.maths.normal import normal_quantile

LEVEL_PRECISION = 0.01  # of the prior of a batch's level, which is nearly flat
MOST_STEPS = 50
LONGEST_STEP = 2.0  # of the level: Newton's method may overshoot where all outcomes agree
EFFECT = 0  # place in the notes of an arm: its effect while a batch is fitted


class _Params(NamedTuple):
    precision: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    """Mean and precision of an arm's effect: the prior's, or where no batches are shown, one step from even odds."""
    precision = params.precision + 0.25 * n
    return (s - 0.5 * n) / precision, precision


def _learn_batch(
    t: float, n: Vector, s: Vector, notes: Any, a: Vector, b: Vector, params: _Params, state: Vector
) -> None:
    """Fit the batch's level and the effects of its arms, then forget the level."""
    for arm in range(len(n)):
        notes[arm, EFFECT] = a[arm]
    level = _level(n, s, notes, a, b)
    total = LEVEL_PRECISION
    for arm in range(len(n)):
        total += _information(n[arm], level + notes[arm, EFFECT])
    for arm in range(len(n)):
        if n[arm] > 0.0:
            information = _information(n[arm], level + notes[arm, EFFECT])
            a[arm] = notes[arm, EFFECT]
            b[arm] += information - information * information / total


def _level(n: Vector, s: Vector, notes: Any, a: Vector, b: Vector) -> float:
    """The level of the posterior's mode, whose effects are left in `notes` (Newton's method, effects eliminated)."""
    level = 0.0
    for _ in range(MOST_STEPS):
        slope, curvature = -LEVEL_PRECISION * level, LEVEL_PRECISION
        for arm in range(len(n)):
            if n[arm] > 0.0:
                rate = _rate(level + notes[arm, EFFECT])
                information = n[arm] * rate * (1.0 - rate)
                share = information / (information + b[arm])
                residual = s[arm] - n[arm] * rate
                slope += residual - share * (residual - b[arm] * (notes[arm, EFFECT] - a[arm]))
                curvature += information - share * information
        step = max(-LONGEST_STEP, min(LONGEST_STEP, slope / curvature))
        moved = abs(step)
        for arm in range(len(n)):
            if n[arm] > 0.0:
                rate = _rate(level + notes[arm, EFFECT])
                information = n[arm] * rate * (1.0 - rate)
                pull = s[arm] - n[arm] * rate - b[arm] * (notes[arm, EFFECT] - a[arm])
                change = (pull - information * step) / (information + b[arm])
                change = max(-LONGEST_STEP, min(LONGEST_STEP, change))
                notes[arm, EFFECT] += change
                moved = max(moved, abs(change))
        level += step
        if moved < 1e-11:
            break
    return level


def _information(n: float, log_odds: float) -> float:
    rate = _rate(log_odds)
    return n * rate * (1.0 - rate)


def _rate(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-500.0, min(500.0, log_odds))))


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return a + normal(key) / math.sqrt(b)


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return -math.inf, math.inf


def _quantile(a: float, b: float, state: Vector, params: _Params, u: float) -> float:
    return a + normal_quantile(u) / math.sqrt(b)


@dataclass(frozen=True, kw_only=True)
class OddsRatioThompson(Policy):
    """A draw from the normal posterior of an arm's effect on the log odds.

    Each refresh is a batch with a level of its own: log odds = level + effect. The level has a flat prior in each
    batch and is forgotten, so that only comparisons of arms within a batch teach. A batch of one arm teaches nothing:
    let a refresh show several pulls. Precisions of arms are kept, covariances are not.

    Kim and Kim (2020) fit per batch logit p = level + contrast to a reference arm, the level under a flat prior, and
    carry the joint normal posterior of the contrasts. Ours: effects with the prior N(0, sd²) in place of contrasts with
    a flat one, so that no arm is the reference; and, after the level is integrated out, h − h² / Σh added to an arm's
    precision, h = n p (1 − p), as in Chapelle and Li (2011), algorithm 3.
    """

    sd: float = parameter(1.0, "of the prior of an arm's effect on the log odds", low=1e-3, high=1e3)

    kind: ClassVar[str] = "odds_ratio_thompson"
    source: ClassVar[str] = "Kim & Kim 2020, Odds-ratio Thompson sampling; diagonal as in Chapelle & Li 2011, alg. 3"
    score_ns: ClassVar[float] = 12.0
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, learn_batch=_learn_batch, score=_score, support=_support, quantile=_quantile
    )
    exchangeable_untried: ClassVar[bool] = True
    reads_batches: ClassVar[bool] = True
    note_size: ClassVar[int] = 1

    def parameters(self) -> _Params:
        """The precision of the prior."""
        return _Params(1.0 / float(self.sd) ** 2)
