"""The fit of a batch against SciPy's optimum and against the marginal of its information; what cancels."""

from typing import Any

import numpy as np
import pytest
from scipy import optimize, special

from policies.conformance.batches import taught
from policies.maths.normal import normal_quantile
from policies.odds_ratio_thompson import LEVEL_PRECISION, OddsRatioThompson

N = np.array([40.0, 15.0, 0.0, 60.0, 3.0])
S = np.array([12.0, 9.0, 0.0, 20.0, 0.0])
RULE = OddsRatioThompson(sd=0.8)
PRECISION = 1.0 / 0.8**2


def fit(n: Any, s: Any, mean: Any, precision: Any) -> tuple[Any, Any]:
    """The mode (level, effects) of the posterior of a batch, and the precisions of the effects without the level."""

    def minus_log(point: Any) -> float:
        odds = point[0] + point[1:]
        prior = 0.5 * LEVEL_PRECISION * point[0] ** 2 + 0.5 * (precision * (point[1:] - mean) ** 2).sum()
        return float(prior + (n * np.logaddexp(0.0, odds) - s * odds).sum())

    best = optimize.minimize(minus_log, np.zeros(1 + len(n)), method="BFGS", options={"gtol": 1e-9}).x
    rates = special.expit(best[0] + best[1:])
    information = n * rates * (1.0 - rates)
    joint = np.diag(np.append(LEVEL_PRECISION, precision)) + np.pad(np.diag(information), (1, 0))
    joint[0, 0] += information.sum()
    joint[0, 1:] = joint[1:, 0] = information
    schur = joint[1:, 1:] - np.outer(joint[1:, 0], joint[0, 1:]) / joint[0, 0]
    return best[1:], np.diag(schur)


def test_a_batch_moves_means_and_precisions_to_the_mode() -> None:
    a, b, _, _ = taught(RULE, N[None, :], S[None, :])
    mean, precision = fit(N, S, np.zeros(5), np.full(5, PRECISION))
    np.testing.assert_allclose(a, mean, atol=1e-6)
    np.testing.assert_allclose(b, precision, rtol=1e-6)
    assert (a[2], b[2]) == (0.0, PRECISION)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(b, PRECISION + N / 4.0, rtol=0.05)


def test_the_posterior_of_one_batch_is_the_prior_of_the_next() -> None:
    a, b, _, _ = taught(RULE, np.stack([N, N[::-1]]), np.stack([S, S[::-1]]))
    first = fit(N, S, np.zeros(5), np.full(5, PRECISION))
    mean, precision = fit(N[::-1], S[::-1], *first)
    np.testing.assert_allclose(a, mean, atol=1e-5)
    np.testing.assert_allclose(b, precision, rtol=1e-5)


def test_a_common_shock_cancels() -> None:
    """Two batches with odds ratios of 3: at rates of 0.1 and of 0.6 they say the same of the arms."""
    low, high = special.expit(np.log(3.0) * np.array([0.0, 1.0]) + special.logit([[0.1], [0.6]]))
    n = np.full((1, 2), 4000.0)
    quiet, busy = (taught(OddsRatioThompson(sd=10.0), n, n * rates)[0] for rates in (low, high))
    assert quiet[1] - quiet[0] == pytest.approx(np.log(3.0), abs=0.02)
    assert busy[1] - busy[0] == pytest.approx(np.log(3.0), abs=0.02)
    after = taught(OddsRatioThompson(sd=10.0), np.vstack([n, n]), np.vstack([n * low, n * high]))[0]
    assert after[1] - after[0] == pytest.approx(np.log(3.0), abs=0.02)


def test_a_batch_of_one_arm_teaches_next_to_nothing() -> None:
    n, s = np.array([[0.0, 500.0]]), np.array([[0.0, 450.0]])
    a, b, _, _ = taught(OddsRatioThompson(), n, s)
    assert abs(a[1]) < 0.03
    assert b[1] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_batches_in_which_all_outcomes_agree_stay_finite(share: float) -> None:
    n = np.full((6, 3), 1e5)
    a, b, _, _ = taught(OddsRatioThompson(), n, share * n)
    assert np.isfinite(a).all()
    assert np.isfinite(b).all()
    np.testing.assert_allclose(a, a[0], atol=1e-9)


def test_the_normal_quantile_is_that_of_scipy() -> None:
    u = np.concatenate([np.logspace(-300, -1, 60), np.linspace(0.1, 0.9, 33), 1.0 - np.logspace(-15, -1, 30)])
    np.testing.assert_allclose([normal_quantile(x) for x in u], special.ndtri(u), rtol=1e-12, atol=1e-15)
    assert (normal_quantile(0.0), normal_quantile(1.0)) == (-np.inf, np.inf)
