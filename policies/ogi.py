"""Optimistic Gittins index: what one look ahead at a perfectly known arm would be worth."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.incomplete_beta import beta_tail
from policies.thompson_beta import support_unit

DISCOUNT = 0  # place in `state`: 1 − 1 / (t + horizon)
_STEPS = 60
_TOLERANCE = 1e-13


class _Params(NamedTuple):
    prior_successes: float
    prior_failures: float
    horizon: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    return params.prior_successes + s, params.prior_failures + max(n - s, 0.0)


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[DISCOUNT] = 1.0 - 1.0 / (max(t, 0.0) + params.horizon)


def _excess(a: float, b: float, index: float) -> float:
    """E max(X − index, 0) of X ~ Beta(a, b): the mean times one upper tail, less the index times another."""
    return max(a / (a + b) * beta_tail(a + 1.0, b, index) - index * beta_tail(a, b, index), 0.0)


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    """The root of (1 − g)(mean − q) + g E max(X − q, 0), convex and falling in q, by Newton's method from the mean."""
    g, mean = state[DISCOUNT], a / (a + b)
    index = mean
    for _ in range(_STEPS):
        value = (1.0 - g) * (mean - index) + g * _excess(a, b, index)
        step = value / (1.0 - g + g * beta_tail(a, b, index))
        index += step
        if step <= _TOLERANCE:
            break
    return min(index, 1.0)


@dataclass(frozen=True, kw_only=True)
class Ogi(Policy):
    """The index q with q = (1 − g) mean + g E max(X, q), X the Beta posterior and g = 1 − 1 / (t + horizon).

    It is an upper bound of the Gittins index and tends to the mean as the posterior narrows.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback", low=0.0, open_low=True
    )
    horizon: float = parameter(100.0, "trials of the discount at the start", low=1.0, open_low=True)

    kind: ClassVar[str] = "ogi"
    source: ClassVar[str] = "Gutin & Farias 2016, Optimistic Gittins indices, one step of look-ahead (K = 1)"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=support_unit)
    score_ns: ClassVar[float] = 1000.0
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> _Params:
        """The prior, and the horizon of the discount."""
        return _Params(float(self.prior[0]), float(self.prior[1]), float(self.horizon))
