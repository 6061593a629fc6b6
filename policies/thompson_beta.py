"""Probability matching with a Beta posterior."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.beta_tails import draw_above_posterior, tail_posterior, update_tail_posterior
from policies.maths.draws import beta
from policies.maths.incomplete_beta import beta_quantile
from policies.maths.laws import beta_law


class Params(NamedTuple):
    """The prior of rules over a Beta posterior."""

    prior_successes: float
    prior_failures: float


def summarise_posterior(n: float, s: float, ipw_successes: float, true_mean: float, params: Params) -> Pair:
    """The two parameters of the Beta posterior; the prior stands in `params`."""
    return params.prior_successes + s, params.prior_failures + max(n - s, 0.0)


def score_posterior(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    """A draw from Beta(a, b)."""
    return beta(key, a, b)


def support_unit(a: float, b: float, state: Vector, params: Params) -> Pair:
    """(0, 1)."""
    return 0.0, 1.0


def quantile_posterior(a: float, b: float, state: Vector, params: Params, u: float) -> float:
    """The quantile of Beta(a, b)."""
    return beta_quantile(u, a, b)


def distribution_posterior(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    """Of a draw from Beta(a, b)."""
    return beta_law(a, b, x)


def exponents_posterior(a: float, b: float, state: Vector, params: Params) -> Pair:
    """Of the density of Beta(a, b)."""
    return a - 1.0, b - 1.0


POSTERIOR_RULE = Rule(
    summarise=summarise_posterior,
    score=score_posterior,
    support=support_unit,
    quantile=quantile_posterior,
    distribution=distribution_posterior,
    exponents=exponents_posterior,
    tail=tail_posterior,
    update_tail=update_tail_posterior,
    draw_above=draw_above_posterior,
)


@dataclass(frozen=True, kw_only=True)
class ThompsonBeta(Policy):
    """A draw from Beta(prior successes + s, prior failures + n − s)."""

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures before any feedback", low=0.0, open_low=True
    )

    kind: ClassVar[str] = "thompson_beta"
    source: ClassVar[str] = "Thompson 1933; Chapelle & Li 2011, algorithm 2"
    score_ns: ClassVar[float] = 20.0
    rule: ClassVar[Rule] = POSTERIOR_RULE
    tail_evaluable: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior."""
        return Params(float(self.prior[0]), float(self.prior[1]))
