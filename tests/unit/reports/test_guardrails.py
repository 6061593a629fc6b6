"""Guardrails of a candidate: bounds of the bootstrap, what is material, and what is tolerated."""

import numpy as np
import pytest
from scipy import stats

from reports.decision.guardrails import TOLERATED, WORST_SHARE, _high, _worst_mean, guardrails
from reports.decision.inputs import MATERIAL, DecisionInput, LockOuts, Unit

RANDOM = np.random.default_rng(12)
BASE = 100.0 + RANDOM.normal(0.0, 5.0, 200)
OWN = BASE + RANDOM.normal(0.0, 4.0, 200)


def given(own: np.ndarray, **lock_outs: LockOuts) -> DecisionInput:
    values = {"base": BASE, "p": own}
    return DecisionInput("reward", Unit("", "", ""), values, "base", lock_outs=lock_outs)


def passed(name: str, asked: DecisionInput) -> bool:
    return {each.name: each.passed for each in guardrails("p", asked, 0.95)}[name]


def test_the_worst_are_a_twentieth_and_at_least_one() -> None:
    assert WORST_SHARE == 0.05
    assert _worst_mean(np.arange(200.0)) == np.arange(10.0).mean()
    assert _worst_mean(np.array([3.0, 1.0, 2.0])) == 1.0


def test_the_upper_limit_of_the_worst_is_the_percentile_bootstraps() -> None:
    """97.5 % of resamples lie below it, within what 500 resamples leave open."""

    def difference(own: np.ndarray, base: np.ndarray) -> float:
        return _worst_mean(own) - _worst_mean(base)

    drawn = stats.bootstrap(
        (OWN, BASE), difference, paired=True, vectorized=False, n_resamples=2_000, method="percentile",
        rng=np.random.default_rng(1),
    ).bootstrap_distribution  # fmt: skip
    assert 0.955 < (drawn < _high(OWN, BASE)).mean() < 0.99


def test_a_loss_within_one_percent_of_the_mean_is_immaterial() -> None:
    """All replications lose a little less, or a little more, than 1 % of the baseline's mean."""
    margin = MATERIAL * BASE.mean()
    assert passed("probability_of_loss", given(BASE - 0.9 * margin))
    assert not passed("probability_of_loss", given(BASE - 1.1 * margin))


@pytest.mark.parametrize(("locked", "holds"), [(0, True), (12, True), (60, False)])
def test_lock_outs_above_the_baselines_limit_by_a_hundredth_fail(locked: int, holds: bool) -> None:
    """Of 1,000 pages; the baseline is never locked out, so that its upper limit is 0.4 %."""
    lock_outs = {"p": LockOuts(locked, 1_000), "base": LockOuts(0, 1_000)}
    assert TOLERATED == 0.01
    assert passed("lock_out", given(OWN, **lock_outs)) is holds


@pytest.mark.parametrize(("replications", "unclear"), [(19, True), (20, False)])
def test_few_replications_leave_unclear_what_does_not_hold(replications: int, unclear: bool) -> None:
    own, base = BASE[:replications] - 50.0, BASE[:replications]
    asked = DecisionInput("reward", Unit("", "", ""), {"base": base, "p": own}, "base")
    found = {each.name: (each.passed, each.unclear) for each in guardrails("p", asked, 0.95)}
    assert found == {"worst_5_percent": (False, unclear), "probability_of_loss": (False, unclear)}
