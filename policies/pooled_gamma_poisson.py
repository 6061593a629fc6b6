"""Bayesian purchases per view: the prior of `gamma_poisson`, moved by what the caption sold on other pages."""

from dataclasses import dataclass
from typing import ClassVar

from policies.base import Key, Pair, Rule, Vector, parameter
from policies.gamma_poisson import (
    STATE_SIZE,
    GammaPoisson,
    Params,
    evidence,
    fit_page,
    observe_sales,
    recover,
    score,
    summarise_labels,
    summarise_sales,
    support,
    usual_rate,
)
from policies.maths.pooling import moment, ratio_elsewhere, share_of, spread_left

# Places in `state`, behind those of `gamma_poisson`: the fitted correlation (as a difference from the one assumed), and
# sums over captions of products of what is above expectation here and elsewhere, and of the expectations.
CORRELATION, EXCESSES, EXPECTATIONS = range(STATE_SIZE, STATE_SIZE + 3)
_PRIOR_WEIGHT = 600.0  # of the correlation assumed, in squares of expected purchases
_POISSON = 1.0  # variance of purchases per expected purchase


def _observe_fleet(n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params) -> None:
    elsewhere = max(0.0, n_all - n)
    state[EXCESSES] += (s - n) * (max(0.0, s_all - s) - elsewhere)
    state[EXPECTATIONS] += n * elsewhere


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    """Fit the page, then the correlation."""
    fit_page(t, n, a, b, params, state, key)
    spread = 1.0 / params.shape
    covariance = moment(state[EXCESSES], state[EXPECTATIONS], params.correlation * spread, _PRIOR_WEIGHT)
    state[CORRELATION] = share_of(covariance, spread) - params.correlation
    state[EXCESSES] = state[EXPECTATIONS] = 0.0


def _summarise_fleet(
    n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params
) -> Pair:
    elsewhere, correlation = max(0.0, n_all - n), params.correlation + state[CORRELATION]
    ratio = ratio_elsewhere(elsewhere, max(0.0, s_all - s), 1.0 / params.shape, correlation, _POISSON)
    shape = 1.0 / spread_left(elsewhere, 1.0 / params.shape, correlation, _POISSON)
    value = usual_rate(price, state, params) * (price if params.by_revenue > 0.0 else 1.0)
    return shape + s, value / (shape / max(ratio, 0.01) + n)


@dataclass(frozen=True, kw_only=True)
class PooledGammaPoisson(GammaPoisson):
    """`gamma_poisson`, where a caption's prior also follows from its sales on the other pages that share the bank.

    Every page expects purchases by its own fit; sums over pages are of these and of the actual purchases. How much a
    caption's ratio elsewhere says about this page is fitted to both, by the method of moments.
    """

    correlation: float = parameter(0.5, "of captions over pages, before the fit", low=0.0, high=1.0)

    kind: ClassVar[str] = "pooled_gamma_poisson"
    source: ClassVar[str] = "as gamma_poisson; pooling: Bühlmann & Straub 1970, fitted by moments"
    rule: ClassVar[Rule] = Rule(
        summarise=summarise_labels,
        prepare=_prepare,
        score=score,
        support=support,
        observe_sales=observe_sales,
        summarise_sales=summarise_sales,
        evidence=evidence,
        observe_fleet=_observe_fleet,
        summarise_fleet=_summarise_fleet,
        recover=recover,
    )
    state_size: ClassVar[int] = EXPECTATIONS + 1
    reads_fleet: ClassVar[bool] = True

    def parameters(self) -> Params:
        """Those of `gamma_poisson`, and the correlation assumed."""
        return super().parameters()._replace(correlation=float(self.correlation))
