"""Thompson sampling whose prior is fitted to the caption's results on other pages."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import beta
from policies.maths.pooling import moment, ratio_elsewhere, share_of, spread_left
from policies.thompson_beta import support_unit

# Places in `state`: the fit (mean 0: none yet), then sums over captions since the last decision.
MEAN, MEAN_ELSEWHERE, SPREAD, CORRELATION = range(4)
TRIALS, SUCCESSES, TRIALS_ELSEWHERE, SUCCESSES_ELSEWHERE = range(4, 8)
PAIRS, PAIRS_OF_SUCCESSES, CROSSED, CROSSED_SUCCESSES = range(8, 12)
STATE_SIZE = 12
_LEAST_SPREAD = 1e-4
_MOST_OF_VARIANCE = 0.9  # largest share of mean · (1 − mean) that a prior's variance may be


class Params(NamedTuple):
    """The prior of the page's mean, and of the fit."""

    prior_successes: float
    prior_failures: float
    strength: float
    correlation: float
    pairs: float
    z: float


def summarise_alone(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    """The posterior under `prior`, where nothing is known of other pages."""
    return params.prior_successes + s, params.prior_failures + max(n - s, 0.0)


def observe_fleet(n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params) -> None:
    """Add a caption's trials, successes and pairs to the sums."""
    other_n, other_s = max(0.0, n_all - n), max(0.0, s_all - s)
    state[TRIALS] += n
    state[SUCCESSES] += s
    state[TRIALS_ELSEWHERE] += other_n
    state[SUCCESSES_ELSEWHERE] += other_s
    state[PAIRS] += n * max(0.0, n - 1.0)
    state[PAIRS_OF_SUCCESSES] += s * max(0.0, s - 1.0)
    state[CROSSED] += n * other_n
    state[CROSSED_SUCCESSES] += s * other_s


def _mean(successes: float, trials: float, params: Params) -> float:
    return (successes + params.prior_successes) / (trials + params.prior_successes + params.prior_failures)


def fit(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    """Fit means, spread and correlation to the sums, and start them anew."""
    mean = _mean(state[SUCCESSES], state[TRIALS], params)
    elsewhere = _mean(state[SUCCESSES_ELSEWHERE], state[TRIALS_ELSEWHERE], params)
    usual = (1.0 - mean) / (mean * (1.0 + params.strength))
    square, product = mean * mean, mean * elsewhere
    excess = state[PAIRS_OF_SUCCESSES] / square - state[PAIRS]
    together = state[CROSSED_SUCCESSES] / product - state[CROSSED]
    spread = moment(excess, state[PAIRS], usual, params.pairs)
    state[SPREAD] = max(_LEAST_SPREAD, min(_MOST_OF_VARIANCE * (1.0 - mean) / mean, spread))
    covariance = moment(together, state[CROSSED], params.correlation * state[SPREAD], params.pairs)
    state[CORRELATION] = share_of(covariance, state[SPREAD])
    state[MEAN], state[MEAN_ELSEWHERE] = mean, elsewhere
    for place in range(TRIALS, STATE_SIZE):
        state[place] = 0.0


def summarise_fleet(
    n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params
) -> Pair:
    """The Beta posterior under the prior that the other pages give."""
    if state[MEAN] == 0.0:
        return summarise_alone(n, s, 0.0, 0.0, params)
    mean, spread, correlation = state[MEAN], state[SPREAD], state[CORRELATION]
    expected = max(0.0, n_all - n) * state[MEAN_ELSEWHERE]
    noise = 1.0 - state[MEAN_ELSEWHERE]
    centre = mean * ratio_elsewhere(expected, max(0.0, s_all - s), spread, correlation, noise)
    centre = max(0.01 * mean, min(1.0 - 0.01 * (1.0 - mean), centre))
    variance = mean * mean * spread_left(expected, spread, correlation, noise)
    strength = centre * (1.0 - centre) / min(variance, _MOST_OF_VARIANCE * centre * (1.0 - centre)) - 1.0
    return strength * centre + s, strength * (1.0 - centre) + max(n - s, 0.0)


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return beta(key, a, b)


@dataclass(frozen=True, kw_only=True)
class PooledThompson(Policy):
    """A draw from the Beta posterior; a caption's prior on a page is fitted to its results on the other pages.

    The page and tier have a mean; captions spread around it; a part of the spread is the same on all pages. Mean,
    spread and this part are fitted to the labels of the tier on all pages, once per decision, by the method of
    moments. Without a shared bank, and in other worlds, only the page itself counts.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback, of the page's mean", low=0.0, open_low=True
    )
    strength: float = parameter(10.0, "trials that the prior of a caption is worth, before the fit", low=0.1)
    correlation: float = parameter(0.5, "of captions over pages, before the fit", low=0.0, high=1.0)
    pairs: float = parameter(1000.0, "pairs of trials that both are worth against the fit", low=1.0)

    kind: ClassVar[str] = "pooled_thompson"
    source: ClassVar[str] = "Thompson 1933; prior of Bühlmann & Straub 1970, fitted by moments"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_alone,
        prepare=fit,
        score=_score,
        support=support_unit,
        observe_fleet=observe_fleet,
        summarise_fleet=summarise_fleet,
    )
    state_size: ClassVar[int] = STATE_SIZE
    score_ns: ClassVar[float] = 60.0
    reads_fleet: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior, and the width of the interval (none)."""
        numbers = (*self.prior, self.strength, self.correlation, self.pairs, 0.0)
        return Params._make(float(number) for number in numbers)
