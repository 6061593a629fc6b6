"""Greedy on the posterior mean, with a prior fitted to the row's own arms."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.thompson_empirical_bayes import FAILURES, SUCCESSES, Params, fit_prior, summarise_counts


def _score(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    successes, failures = state[SUCCESSES] + a, state[FAILURES] + b
    return successes / (successes + failures)


def _support(a: float, b: float, state: Vector, params: Params) -> Pair:
    mean = (state[SUCCESSES] + a) / (state[SUCCESSES] + a + (state[FAILURES] + b))
    return mean, mean


@dataclass(frozen=True, kw_only=True)
class PosteriorMean(Policy):
    """The largest mean of the Beta posterior, under the prior that `thompson_empirical_bayes` fits.

    Shrinkage towards the mean of the row makes an arm with one success in one trial worth little more than a new one.
    """

    prior: tuple[float, float] = parameter(
        (1.0, 1.0), "successes and failures where the arms teach nothing", low=0.0, open_low=True
    )
    max_strength: float = parameter(1000.0, "largest a + b that the fit may give", low=1.0)

    kind: ClassVar[str] = "posterior_mean"
    source: ClassVar[str] = "Efron & Morris 1975; prior by Kleinman 1973, the moment estimator with weights n"
    rule: ClassVar[Rule] = Rule(summarise=summarise_counts, prepare=fit_prior, score=_score, support=_support)
    state_size: ClassVar[int] = 2
    deterministic: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    prepare_reads_tried: ClassVar[bool] = True

    def parameters(self) -> Params:
        """The prior where the arms teach nothing, and the bound of the fit."""
        return Params(float(self.prior[0]), float(self.prior[1]), float(self.max_strength))
