"""Optimism by a quantile of the posterior."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import PROGRESS, Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.divergence import kl_reach
from policies.maths.incomplete_beta import beta_density, beta_upper_quantile

TAIL = 1  # place in `state` of 1 / (t (ln T)^c); PROGRESS holds −ln of it
_SAFETY = 1.0 + 1e-9  # allows for the rounding of a density


class _Params(NamedTuple):
    prior_successes: float
    prior_failures: float
    c: float
    horizon: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    if n <= 0.0:
        return math.inf, 0.0
    return params.prior_successes + s, params.prior_failures + max(n - s, 0.0)


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[TAIL] = min(1.0, 1.0 / (max(t, 1.0) * math.pow(math.log(params.horizon), params.c)))
    state[PROGRESS] = -math.log(state[TAIL])


def _reach(a: float, b: float, state: Vector) -> float:
    """Chernoff's bound of the quantile: P(X > q) <= exp(−(a + b) kl(mean, q)) for X ~ Beta(a, b)."""
    return kl_reach(a / (a + b), state[PROGRESS] / (a + b))


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return min(beta_upper_quantile(a, b, state[TAIL]), _reach(a, b, state)) if a < math.inf else a


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return (0.0, _reach(a, b, state)) if a < math.inf else (a, a)


def _slope(a: float, b: float, value: float, state: Vector, params: _Params) -> float:
    # A quantile rises in −ln(tail) by 1 / hazard, and 1 / hazard = (1 − q) ∫ ((1 − v)/q + v)^(a − 1) v^(b − 1) dv over
    # [0, 1] falls as q rises, whatever b, as long as a >= 1.
    if a == math.inf or value >= 1.0:
        return 0.0
    if a < 1.0 or value <= 0.0:
        return math.inf
    density = beta_density(a, b, value)
    return _SAFETY * state[TAIL] / density if density > 0.0 else math.inf


@dataclass(frozen=True, kw_only=True)
class BayesUcb(Policy):
    """The quantile 1 − 1 / (t · (ln T)^c) of the Beta posterior; an arm never pulled comes first."""

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback", low=0.0, open_low=True
    )
    c: float = parameter(0.0, "power of ln T; 5 in the proofs, 0 recommended", low=0.0)
    horizon: float = parameter(10_000.0, "T, trials of the row in all; of no effect at c = 0", low=3.0)

    kind: ClassVar[str] = "bayes_ucb"
    source: ClassVar[str] = "Kaufmann, Cappé & Garivier 2012, algorithm 1"
    score_ns: ClassVar[float] = 30.0
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, prepare=_prepare, score=_score, support=_support, max_slope=_slope
    )
    state_size: ClassVar[int] = 2
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prune_by_upper_bound: ClassVar[bool] = True
    concave_index: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The prior, the power of ln T, and T."""
        return _Params(float(self.prior[0]), float(self.prior[1]), float(self.c), float(self.horizon))
