"""Thompson sampling that also tests the runner-up, with a floor under every arm's probability."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import arm_key, beta, pull_key, uniform
from policies.thompson_beta import support_unit

ATTEMPT = 0  # place in `state`: which redraw of the posterior decides, or −1 where a uniform draw does
_MOST_ATTEMPTS = 100


class _Params(NamedTuple):
    prior_successes: float
    prior_failures: float
    share: float
    floor: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    return params.prior_successes + s, params.prior_failures + max(n - s, 0.0)


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    state[ATTEMPT] = 0.0
    if uniform(pull_key(key, 0)) < params.floor * len(a):
        state[ATTEMPT] = -1.0
    elif uniform(pull_key(key, 1)) >= params.share and len(a) > 1:
        state[ATTEMPT] = float(_challenge(a, b, key))


def _challenge(a: Vector, b: Vector, key: Key) -> int:
    """The first redraw whose best arm is not that of redraw 0; 0 where none is found."""
    leader = _best(a, b, key, 0)
    for attempt in range(1, _MOST_ATTEMPTS):
        if _best(a, b, key, attempt) != leader:
            return attempt
    return 0


def _best(a: Vector, b: Vector, key: Key, attempt: int) -> int:
    best, chosen = -1.0, 0
    for arm in range(len(a)):
        value = beta(pull_key(arm_key(key, arm), attempt), a[arm], b[arm])
        if value > best:
            best, chosen = value, arm
    return chosen


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    if state[ATTEMPT] < 0.0:
        return uniform(key)
    return beta(pull_key(key, int(state[ATTEMPT])), a, b)


@dataclass(frozen=True, kw_only=True)
class TopTwoThompson(Policy):
    """With probability `share` the best arm of a posterior draw, otherwise the best of the first draw that differs.

    Every arm is sent with a probability of at least `floor`, of which a uniform draw takes care; so no arm is ever
    locked out, and every comparison keeps getting data.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback", low=0.0, open_low=True
    )
    share: float = parameter(0.5, "probability of the first draw's best arm", low=0.0, high=1.0, open_low=True)
    floor: float = parameter(0.01, "least probability of each arm; floor · K is at most 1", low=0.0, high=1.0)

    kind: ClassVar[str] = "top_two_thompson"
    source: ClassVar[str] = "Russo 2016, Simple Bayesian algorithms for best arm identification"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=support_unit)
    score_ns: ClassVar[float] = 100.0
    state_size: ClassVar[int] = 1

    def parameters(self) -> _Params:
        """The prior, the leader's share and the floor."""
        return _Params(float(self.prior[0]), float(self.prior[1]), float(self.share), float(self.floor))
