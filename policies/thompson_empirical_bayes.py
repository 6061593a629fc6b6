"""Thompson sampling whose prior the row's own arms teach."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.draws import beta
from policies.maths.laws import beta_law
from policies.thompson_beta import support_unit

SUCCESSES, FAILURES = 0, 1  # places in `state` of the fitted prior
_LEAST_STRENGTH = 0.1


class Params(NamedTuple):
    """The prior where the arms teach nothing, and the bound of the fit."""

    prior_successes: float
    prior_failures: float
    max_strength: float


def summarise_counts(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    """Successes and failures."""
    return s, max(n - s, 0.0)


def _correlation(n: Vector, a: Vector, total: float, mean: float) -> float:
    """The moment estimate of 1 / (a + b + 1); 0 where nothing can be told from it.

    With S = Σ n (p − mean)² over the k arms seen: E S = mean (1 − mean) [(k − 1) + rho (N − Σn²/N − (k − 1))].
    """
    spread, squares, seen = 0.0, 0.0, 0.0
    for arm in range(len(n)):
        if n[arm] > 0.0:
            gap = a[arm] / n[arm] - mean
            spread += n[arm] * gap * gap
            squares += n[arm] * n[arm]
            seen += 1.0
    weight = total - squares / total - (seen - 1.0)
    if seen < 2.0 or weight <= 0.0:
        return 0.0
    return (spread / (mean * (1.0 - mean)) - (seen - 1.0)) / weight


def fit_prior(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    """Fit the prior to all arms, by the method of moments."""
    state[SUCCESSES], state[FAILURES] = params.prior_successes, params.prior_failures
    total, successes = 0.0, 0.0
    for arm in range(len(n)):
        total += n[arm]
        successes += a[arm]
    if successes <= 0.0 or successes >= total:
        return
    mean = successes / total
    rho = _correlation(n, a, total, mean)
    if rho > 0.0:
        strength = max(_LEAST_STRENGTH, min(params.max_strength, 1.0 / rho - 1.0))
        state[SUCCESSES], state[FAILURES] = mean * strength, (1.0 - mean) * strength


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return beta(key, state[SUCCESSES] + a, state[FAILURES] + b)


def _distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    return beta_law(state[SUCCESSES] + a, state[FAILURES] + b, x)


def _exponents(a: float, b: float, state: Vector, params: Params) -> Pair:
    return state[SUCCESSES] + a - 1.0, state[FAILURES] + b - 1.0


@dataclass(frozen=True, kw_only=True)
class ThompsonEmpiricalBayes(Policy):
    """A draw from the Beta posterior under the prior Beta(a, b) that fits the row's arms by the method of moments.

    The prior is refitted at every decision. Where the arms seen show no more spread than chance (or fewer than two were
    seen, or only successes or only failures), `prior` takes its place.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures where the arms teach nothing", low=0.0, open_low=True
    )
    max_strength: float = parameter(1000.0, "largest a + b that the fit may give", low=1.0)

    kind: ClassVar[str] = "thompson_empirical_bayes"
    source: ClassVar[str] = "Thompson 1933; prior by Kleinman 1973, the moment estimator with weights n"
    score_ns: ClassVar[float] = 20.0
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_counts,
        prepare=fit_prior,
        score=_score,
        support=support_unit,
        distribution=_distribution,
        exponents=_exponents,
    )
    state_size: ClassVar[int] = 2

    def parameters(self) -> Params:
        """The prior where the arms teach nothing, and the bound of the fit."""
        return Params(float(self.prior[0]), float(self.prior[1]), float(self.max_strength))
