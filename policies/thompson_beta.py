"""Probability matching with a Beta posterior."""

from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter
from policies.maths.beta_tails import draw_above_posterior, tail_posterior, update_tail_posterior
from policies.maths.draws import beta
from policies.maths.incomplete_beta import beta_quantile


def summarise_posterior(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    """The two parameters of the Beta posterior; the prior stands in `params[0]` and `params[1]`."""
    return params[0] + s, params[1] + max(n - s, 0.0)


def score_posterior(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    """A draw from Beta(a, b)."""
    return beta(key, a, b)


def support_unit(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    """(0, 1)."""
    return 0.0, 1.0


def quantile_posterior(a: float, b: float, state: Any, params: Any, u: float) -> float:
    """The quantile of Beta(a, b)."""
    return beta_quantile(u, a, b)


POSTERIOR_RULE = Rule(
    summarise=summarise_posterior,
    score=score_posterior,
    support=support_unit,
    quantile=quantile_posterior,
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
    rule: ClassVar[Rule] = POSTERIOR_RULE
    tail_evaluable: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True

    def parameters(self) -> tuple[float, ...]:
        """(prior successes, prior failures)."""
        return float(self.prior[0]), float(self.prior[1])
