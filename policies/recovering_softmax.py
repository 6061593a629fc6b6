"""Softmax in which an arm that was sent lately recovers, in place of a hard cool-down."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import gumbel


class _Params(NamedTuple):
    prior_successes: float
    prior_failures: float
    temperature: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    prior = params.prior_successes + params.prior_failures
    return (params.prior_successes + s) / (prior + n) / params.temperature, 0.0


def _recover(a: float, b: float, rest: float, left: float, params: _Params) -> Pair:
    return a * left, b


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return a + gumbel(key)


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return -math.inf, math.inf


def _quantile(a: float, b: float, state: Vector, params: _Params, u: float) -> float:
    if u <= 0.0:
        return -math.inf
    return a - math.log(-math.log(u)) if u < 1.0 else math.inf


@dataclass(frozen=True, kw_only=True)
class RecoveringSoftmax(Policy):
    """An arm with probability proportional to exp(left · posterior mean / temperature).

    `left` is the share that the last sends have left of the arm's appeal: a send costs `drop` of it, and half of the
    loss is regained in `half_life` days. Use it with `selection.cool_down_days: 0`. In worlds without sends and rests
    nothing is lost.
    """

    temperature: float = parameter(0.1, "spread of the choice, in units of the mean", low=1e-6)
    drop: float = parameter(0.9, "share of its appeal that an arm loses by a send", low=0.0, high=1.0)
    half_life: float = parameter(7.0, "days in which half of the loss is regained", low=0.01)
    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "recovering_softmax"
    source: ClassVar[str] = "after Yancey & Settles 2020, A sleeping, recovering bandit algorithm; here multiplicative"
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, recover=_recover, score=_score, support=_support, quantile=_quantile
    )
    score_ns: ClassVar[float] = 18.0
    exchangeable_untried: ClassVar[bool] = True
    reads_rest: ClassVar[bool] = True

    @property
    def fatigue_assumed(self) -> Pair:
        """The loss by a send, and how fast it is regained."""
        return float(self.drop), float(self.half_life)

    def parameters(self) -> _Params:
        """The prior and the temperature."""
        return _Params(float(self.prior[0]), float(self.prior[1]), float(self.temperature))
