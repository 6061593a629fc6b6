"""Exploit, except for a coin toss now and then."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import EXPLORING, Key, Pair, Policy, Rule, Vector, parameter
from policies.greedy import summarise_mean
from policies.maths.draws import uniform

EPSILON = 1  # place in `state`


class _Params(NamedTuple):
    epsilon: float
    c: float
    d: float


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    epsilon = params.epsilon
    if params.c > 0.0:
        epsilon = params.c * len(n) / (params.d * params.d * max(t, 1.0))
    state[EPSILON] = min(epsilon, 1.0)
    state[EXPLORING] = 1.0 if uniform(key) < epsilon else 0.0


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return uniform(key) if state[EXPLORING] > 0.0 else a


def _quantile(a: float, b: float, state: Vector, params: _Params, u: float) -> float:
    return u if state[EXPLORING] > 0.0 else a


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    if params.epsilon == 0.0 and params.c == 0.0:
        return a, a
    return 0.0, max(a, 1.0)


def _exploring(state: Vector, params: _Params) -> float:
    return state[EPSILON]


@dataclass(frozen=True, kw_only=True)
class EpsilonGreedy(Policy):
    """With probability epsilon an arm drawn uniformly, otherwise the largest sample mean (an arm never pulled first).

    `epsilon` is constant; `c` > 0 replaces it by the decaying min(1, c · K / (d² · t)) of K arms after t trials.
    """

    epsilon: float = parameter(0.1, "probability of exploring", low=0.0, high=1.0)
    c: float = parameter(0.0, "above 0: epsilon decays as min(1, c K / (d² t))", low=0.0)
    d: float = parameter(0.1, "gap between the two best means that the decay assumes", low=0.0, high=1.0, open_low=True)

    kind: ClassVar[str] = "epsilon_greedy"
    source: ClassVar[str] = "constant: Sutton & Barto 2018, section 2.2; decaying: Auer et al. 2002, figure 3"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_mean,
        prepare=_prepare,
        score=_score,
        support=_support,
        quantile=_quantile,
        exploring=_exploring,
    )
    exchangeable_untried: ClassVar[bool] = True
    state_independent_score: ClassVar[bool] = True
    vectorise_from: ClassVar[int] = 6
    state_size: ClassVar[int] = 2

    def parameters(self) -> _Params:
        """The probability of exploring, or the constants of its decay."""
        return _Params(float(self.epsilon), float(self.c), float(self.d))
