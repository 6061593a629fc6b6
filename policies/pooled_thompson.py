"""Thompson sampling whose prior is fitted to the caption's results on other pages."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import CATEGORY, Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.categories import GROUPS, group_of
from policies.maths.draws import beta
from policies.maths.pooling import moment, ratio_elsewhere, share_of, spread_left
from policies.thompson_beta import support_unit

# Places in `state`, behind CATEGORY: the fit (mean 0: none yet), then sums over captions since the last decision.
MEAN, MEAN_ELSEWHERE, SPREAD, CORRELATION = range(1, 5)
TRIALS, SUCCESSES, TRIALS_ELSEWHERE, SUCCESSES_ELSEWHERE = range(5, 9)
PAIRS, PAIRS_OF_SUCCESSES, CROSSED, CROSSED_SUCCESSES = range(9, 13)
# The first of GROUPS places each: a category's rate over the mean, and its expected and actual successes on all pages.
RATIO, EXPECTED, ACTUAL = range(13, 13 + 3 * GROUPS, GROUPS)
STATE_SIZE = 13 + 3 * GROUPS
_LEAST_SPREAD = 1e-4
_HIGHEST_MEAN = 0.99  # of a category
_MOST_OF_VARIANCE = 0.9  # largest share of mean · (1 − mean) that a prior's variance may be


class Params(NamedTuple):
    """The prior of the page's mean, and of the fit."""

    prior_successes: float
    prior_failures: float
    strength: float
    correlation: float
    pairs: float
    z: float
    widening: float
    category_weight: float  # 0: categories are ignored


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
    if params.category_weight > 0.0:
        state[EXPECTED + group_of(state[CATEGORY])] += n * state[MEAN] + other_n * state[MEAN_ELSEWHERE]
        state[ACTUAL + group_of(state[CATEGORY])] += s_all


def _fit_categories(params: Params, state: Vector) -> None:
    """Each category's rate over the mean that was fitted before; one with few trials is shrunk to 1, the tier."""
    for group in range(GROUPS):
        known = state[MEAN] > 0.0
        actual = state[ACTUAL + group] + params.category_weight
        state[RATIO + group] = actual / (state[EXPECTED + group] + params.category_weight) if known else 1.0
        state[EXPECTED + group] = state[ACTUAL + group] = 0.0


def _mean(successes: float, trials: float, params: Params) -> float:
    return (successes + params.prior_successes) / (trials + params.prior_successes + params.prior_failures)


def fit(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    """Fit means, spread and correlation to the sums, and start them anew."""
    if params.category_weight > 0.0:
        _fit_categories(params, state)
    _fit_tier(params, state)
    for place in range(TRIALS, RATIO):
        state[place] = 0.0


def _fit_tier(params: Params, state: Vector) -> None:
    mean = _mean(state[SUCCESSES], state[TRIALS], params)
    elsewhere = _mean(state[SUCCESSES_ELSEWHERE], state[TRIALS_ELSEWHERE], params)
    usual = (1.0 - mean) / (mean * (1.0 + params.strength))
    square, product = mean * mean, mean * elsewhere
    spread = moment(state[PAIRS_OF_SUCCESSES] / square - state[PAIRS], state[PAIRS], usual, params.pairs)
    state[SPREAD] = max(_LEAST_SPREAD, min(_MOST_OF_VARIANCE * (1.0 - mean) / mean, spread))
    together = state[CROSSED_SUCCESSES] / product - state[CROSSED]
    covariance = moment(together, state[CROSSED], params.correlation * state[SPREAD], params.pairs)
    state[CORRELATION] = share_of(covariance, state[SPREAD])
    state[MEAN], state[MEAN_ELSEWHERE] = mean, elsewhere


def _usual(params: Params, state: Vector) -> Pair:
    """The means of the caption's category, or of the tier, here and elsewhere."""
    mean, elsewhere = state[MEAN], state[MEAN_ELSEWHERE]
    if params.category_weight == 0.0:
        return mean, elsewhere
    ratio = state[RATIO + group_of(state[CATEGORY])]
    return min(ratio * mean, _HIGHEST_MEAN), min(ratio * elsewhere, _HIGHEST_MEAN)


def summarise_fleet(
    n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params
) -> Pair:
    """The Beta posterior under the prior that the other pages give."""
    if state[MEAN] == 0.0:
        return summarise_alone(n, s, 0.0, 0.0, params)
    (mean, elsewhere), spread, correlation = _usual(params, state), state[SPREAD], state[CORRELATION]
    expected, noise = max(0.0, n_all - n) * elsewhere, 1.0 - elsewhere
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
    moments. With `category_weight` above 0 the mean is that of the caption's category, on all pages together. Without a
    shared bank, and in other worlds, only the page itself counts.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback, of the page's mean", low=0.0, open_low=True
    )
    strength: float = parameter(10.0, "trials that the prior of a caption is worth, before the fit", low=0.1)
    correlation: float = parameter(0.5, "of captions over pages, before the fit", low=0.0, high=1.0)
    pairs: float = parameter(1000.0, "pairs of trials that both are worth against the fit", low=1.0)
    category_weight: float = parameter(
        0.0, "successes that the tier's mean is worth against those of a category; 0: categories are ignored", low=0.0
    )

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

    @property
    def reads_category(self) -> bool:
        """Whether the prior depends on the category."""
        return self.category_weight > 0.0

    def parameters(self) -> Params:
        """The prior; there is no interval."""
        numbers = (*self.prior, self.strength, self.correlation, self.pairs, 0.0, 0.0, self.category_weight)
        return Params._make(float(number) for number in numbers)
