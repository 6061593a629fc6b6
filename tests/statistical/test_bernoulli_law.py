"""The Bernoulli world against closed forms.

Each check asks whether a mean over independent replications lies within 3.89 standard errors of its exact expectation:
a false alarm in 1e-4 of seeds. The seed is fixed, so a check that passes keeps passing; beside each stands a
mistake that it catches.
"""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.scenario import PolicySpec, load
from sim.worlds.engine import BlockResult, simulate

pytestmark = pytest.mark.slow

Z = 3.89
MEANS = [0.15, 0.4, 0.55, 0.7]


def result(
    kind: str, pulls: int, replications: int, world: Any = None, feedback: Any = None, **params: Any
) -> BlockResult:
    body = {
        "version": 1,
        "name": "law",
        "seed": 5,
        "replications": replications,
        "horizon": {"pulls": pulls},
        "world": {"kind": "bernoulli"} | (world or {"means": MEANS}),
        "feedback": feedback or {},
        "policies": [kind],
    }
    return simulate(load(body), PolicySpec(name=kind, kind=kind, params=params), range(replications))


def deviation(sample: Any, expected: float, variance: float | None = None) -> float:
    """Standard errors between a sample's mean and its expectation, the variance being known or estimated."""
    sample = np.asarray(sample, float)
    variance = float(sample.var(ddof=1)) if variance is None else variance
    return float((sample.mean() - expected) / math.sqrt(variance / len(sample)))


def observations(block: BlockResult) -> list[int]:
    return [int(counts.observations.sum()) for counts in block.stats]


def uniform_regret_deviation(means: list[float]) -> float:
    """Of uniform's regret in 100 pulls of the arms of `MEANS`, against what arms of `means` would give."""
    gaps = max(means) - np.array(means)
    return deviation(result("uniform", 100, 2000).totals.regret, 100 * gaps.mean(), 100 * gaps.var())


def test_uniform_loses_the_mean_gap_at_every_pull():
    assert abs(uniform_regret_deviation(MEANS)) < Z


def test_a_gap_wrong_by_a_hundredth_is_caught():
    assert abs(uniform_regret_deviation([0.15, 0.4, 0.55, 0.71])) > Z


def test_the_oracle_loses_nothing_under_any_feedback():
    late = {"refresh_every": 30, "delay": 10}
    world = {"prior": {"beta": [2, 2]}, "arms": 5, "churn": {"probability": 0.05}}
    assert not result("oracle", 500, 20, world, late).totals.regret.any()
    assert (result("oracle", 500, 20, world, late).totals.best_pulls == 500).all()


def test_rewards_of_one_arm_are_binomial():
    """Mean, and dispersion: the sum of squared standard scores is chi-squared."""
    reward = result("oracle", 200, 3000).totals.reward
    assert abs(deviation(reward, 200 * 0.7, 200 * 0.7 * 0.3)) < Z
    low, high = stats.chi2.interval(1 - 1e-4, 3000)
    assert low < np.sum((reward - 140) ** 2) / 42 < high


def test_a_success_probability_off_by_a_quarter_of_a_percent_is_caught():
    reward = result("oracle", 200, 3000, {"means": [0.15, 0.4, 0.55, 0.7025]}).totals.reward
    assert abs(deviation(reward, 200 * 0.7, 200 * 0.7 * 0.3)) > Z


def test_each_arm_succeeds_at_its_own_rate():
    block = result("uniform", 100, 2000)
    for arm, mean in enumerate(MEANS):
        n = sum(int(counts.observations[counts.caption_id == arm + 1].sum()) for counts in block.stats)
        s = sum(int(counts.successes[counts.caption_id == arm + 1].sum()) for counts in block.stats)
        assert abs(s - n * mean) < Z * math.sqrt(n * mean * (1 - mean))
        assert abs(n - 50_000) < Z * math.sqrt(200_000 * 0.25 * 0.75)


def wrong_commitment(m: int, better: float, worse: float) -> float:
    """P(the worse arm looks better after m pulls of each), ties split."""
    k = np.arange(m + 1)
    of_better, of_worse = stats.binom.pmf(k, m, better), stats.binom.pmf(k, m, worse)
    return float(np.sum(of_worse * (stats.binom.cdf(k - 1, m, better) + of_better / 2)))


def commitment_deviation(believed: float) -> float:
    """Regret of 20 pulls each and 160 of the arm chosen, against its exact expectation for a gap `believed`."""
    regret = result("explore_then_commit", 200, 4000, {"means": [0.6, 0.45]}, m=20).totals.regret
    wrong = wrong_commitment(20, 0.6, 0.6 - believed)
    return deviation(regret, 0.15 * (20 + 160 * wrong), (0.15 * 160) ** 2 * wrong * (1 - wrong))


def test_explore_then_commit_of_two_arms_matches_its_binomial_expectation():
    assert abs(commitment_deviation(0.15)) < Z


def test_a_commitment_that_errs_as_if_the_gap_were_smaller_is_caught():
    assert abs(commitment_deviation(0.12)) > Z


def waiting_deviation(pulls: int, mean: float, believed: float) -> float:
    """Of the outcomes known at the end under a geometric delay of `mean`, against one of mean `believed`.

    Naively: the outcome of the j-th last pull is known iff its delay is below j, with probability 1 − q**j.
    """
    known = observations(result("uniform", pulls, 3000, feedback={"delay": {"geometric": mean}}))
    late = (believed / (1 + believed)) ** np.arange(1, pulls + 1)
    return deviation(known, float(np.sum(1 - late)), float(np.sum(late * (1 - late))))


@pytest.mark.parametrize("pulls", [1, 4, 30])
def test_geometric_delays_keep_their_waiting_times(pulls):
    assert abs(waiting_deviation(pulls, 4.0, 4.0)) < Z


def test_a_delay_longer_by_a_tenth_is_caught():
    assert abs(waiting_deviation(30, 4.0, 4.4)) > Z


CHURN = {"prior": {"beta": [2.0, 3.0]}, "arms": 4, "churn": {"probability": 0.08}}


def churn_deviation(probability: float) -> float:
    """Of the outcomes that survive in the table, against those under replacement with `probability` a pull.

    An outcome survives a pull with probability 1 − c, c = probability / arms: in all (1 − (1 − c)**T) / c are expected.
    """
    c = probability / 4
    return deviation(observations(result("uniform", 200, 4000, CHURN)), (1 - (1 - c) ** 200) / c)


def test_arms_are_replaced_at_their_rate():
    assert abs(churn_deviation(0.08)) < Z


def test_a_rate_of_replacement_off_by_a_tenth_is_caught():
    assert abs(churn_deviation(0.088)) > Z


def test_first_arms_and_newcomers_are_drawn_from_the_prior():
    """At every pull an arm chosen uniformly has mean a / (a + b), however often it was replaced."""
    churning = result("uniform", 200, 4000, CHURN).totals.reward
    assert abs(deviation(churning, 200 * 0.4)) < Z
    assert abs(deviation(churning, 200 * 0.41)) > Z


def test_the_best_of_two_uniform_arms_is_a_sixth_above_their_mean():
    flat = {"prior": {"beta": [1.0, 1.0]}, "arms": 2}
    regret = result("uniform", 1, 10_000, flat).totals.regret
    assert abs(deviation(regret, 1 / 6)) < Z
    assert abs(deviation(regret, 1 / 6 + 0.01)) > Z


def test_ties_break_uniformly():
    """Ten arms without statistics under greedy: the first pull falls on each in a tenth of 20,000 replications."""
    block = result("greedy", 1, 20_000, {"means": [0.5] * 10})
    first = np.bincount([int(counts.caption_id[0]) - 1 for counts in block.stats], minlength=10)
    assert stats.chisquare(first).pvalue > 1e-4
    first[0] += 200  # a tenth too many
    first[1:] -= 22
    assert stats.chisquare(first / first.sum() * 20_000).pvalue < 1e-4
