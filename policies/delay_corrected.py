"""Optimism for late conversions: each trial counts by the chance that its conversion would be known by now."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.poisson import poisson_upper

LOG_T = 0  # place in `state`: (1 + slack) · ln t


class _Params(NamedTuple):
    slack: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    """Conversions known per expected one of a sure arm, and the expected number of known trials."""
    return (min(1.0, s / n), n) if n > 0.0 else (math.inf, 0.0)


def _summarise_sales(
    views: float, purchases: float, messages: float, price: float, state: Vector, params: _Params
) -> Pair:
    return _summarise(views, purchases, 0.0, 0.0, params)


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[LOG_T] = (1.0 + params.slack) * math.log(max(t, 1.0))


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return min(1.0, poisson_upper(a, state[LOG_T] / b)) if b > 0.0 else math.inf


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    if b <= 0.0:
        return math.inf, math.inf
    budget = state[LOG_T] / b
    # The rounding of the solved bound is below the added share.
    return a, min(1.0, (a + budget + math.sqrt(budget * (budget + 2.0 * a))) * (1.0 + 1e-12))


@dataclass(frozen=True, kw_only=True)
class DelayCorrected(Policy):
    """The largest q <= 1 with N · (m ln(m / q) + q − m) <= (1 + slack) ln t, m = s / N; an arm never tried comes first.

    N is the sum over trials of the probability that a conversion is known by now, by the scenario's law of the delay,
    so that a conversion still to come is no failure. In the traffic world s counts purchases and N views.

    The source: equation 5 (N and m), lemma 7 (the index) and algorithm 1 of Vernade, Cappé and Perchet (2017). Why the
    Poisson divergence d(m, q): trial i has a known conversion with probability θ τ_i, so that s is a sum of Bernoulli
    variables of mean θ N. E exp(λ s) = Π (1 + θ τ_i (e^λ − 1)) <= exp(θ N (e^λ − 1)), whatever the τ_i, and Chernoff's
    bound with this transform is P(m <= x) <= exp(−N d(x, θ)) for x < θ. Ours: t counts trials of the row, and the law
    of the delay is not cut off where the log stops to wait.
    """

    slack: float = parameter(0.0, "above 0 in the proofs", low=0.0)

    kind: ClassVar[str] = "delay_corrected"
    source: ClassVar[str] = "Vernade, Cappé & Perchet 2017, Stochastic bandit models for delayed conversions (KLUCB)"
    score_ns: ClassVar[float] = 60.0
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, summarise_sales=_summarise_sales, prepare=_prepare, score=_score, support=_support
    )
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prune_by_upper_bound: ClassVar[bool] = True
    reads_sales: ClassVar[bool] = True
    corrects_delay: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The slack."""
        return _Params(float(self.slack))
