"""The table world follows its laws. Each test has a false-alarm rate of at most 1e-4; the seeds are fixed."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sim.scenario import load
from sim.worlds.engine import simulate
from sim.worlds.table.empirical_bayes import fit_beta_binomial
from sim.worlds.table.world import TableWorld

pytestmark = pytest.mark.slow

FALSE_ALARM = 1e-4
REPLICATIONS = 300
TRIALS = np.array([900, 1_000, 1_100, 400, 500])
SUCCESSES = np.array([18, 50, 44, 40, 100])
PAGES = (slice(0, 3), slice(3, 5))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "counts.parquet"
    columns = {"page_name": list("aaabb"), "caption_id": [1, 2, 3, 4, 5], "trials": TRIALS, "successes": SUCCESSES}
    pl.DataFrame(columns).write_parquet(path)
    return str(path)


def scenario_of(source, policy="uniform", days=10, **world):
    top = {"version": 1, "name": "law", "seed": 17, "replications": REPLICATIONS, "horizon": {"days": days}}
    world = {"kind": "table", "source": source, **world}
    return load({**top, "world": world, "policies": [policy], "record": {"curve_points": 2, "sends": True}})


def block_of(scenario):
    return simulate(scenario, scenario.policies[0], range(REPLICATIONS))


def agrees(values, expected):
    return stats.ttest_1samp(values, expected).pvalue > FALSE_ALARM


def test_uniform_has_the_regret_of_its_closed_form(source):
    """Sends × fans × (best rate − mean rate), summed over pages; a mistake of one page's mean is caught."""
    rates = SUCCESSES / TRIALS
    expected = sum(40 * 100 * (rates[page].max() - rates[page].mean()) for page in PAGES)
    regret = block_of(scenario_of(source, rates="observed")).totals.regret
    assert agrees(regret, expected)
    assert not agrees(regret, sum(40 * 100 * (rates[page].max() - np.median(rates[page])) for page in PAGES))


def test_uniform_has_the_reward_of_its_closed_form(source):
    rates = SUCCESSES / TRIALS
    reward = block_of(scenario_of(source, rates="observed")).totals.reward
    assert agrees(reward, sum(40 * 100 * rates[page].mean() for page in PAGES))
    assert not agrees(reward, sum(40 * 101 * rates[page].mean() for page in PAGES))


def test_drawn_rates_follow_their_posteriors(source):
    scenario = scenario_of(source)
    rates = TableWorld(scenario, scenario.policies[0], range(3_000)).rates
    a, b = fit_beta_binomial(TRIALS, SUCCESSES)
    for arm, (n, s) in enumerate(zip(TRIALS, SUCCESSES, strict=True)):
        assert stats.kstest(rates[:, arm], stats.beta(s + a, n - s + b).cdf).pvalue > FALSE_ALARM / TRIALS.size
    trials_for_failures = stats.beta(SUCCESSES[4] + a, TRIALS[4] + b)
    assert stats.kstest(rates[:, 4], trials_for_failures.cdf).pvalue < FALSE_ALARM


def test_conversions_of_a_send_are_binomial(source):
    logs = block_of(scenario_of(source, rates="observed", fans_per_send=50)).sends
    captions = np.concatenate([log.caption_id for log in logs])
    conversions = np.concatenate([log.purchased_count for log in logs]).astype(int)
    for arm, rate in enumerate(SUCCESSES / TRIALS):
        counts = conversions[captions == arm + 1]
        assert p_value(counts, rate) > FALSE_ALARM / TRIALS.size
        assert p_value(counts, rate * 1.2) < FALSE_ALARM


def p_value(counts, rate):
    """Chi-square against Binomial(50, rate), cells of few expected draws joined at either end."""
    edges = np.unique(stats.binom.ppf([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98], 50, rate))
    expected = np.diff(np.concatenate([[0.0], stats.binom.cdf(edges, 50, rate), [1.0]])) * counts.size
    observed = np.bincount(np.searchsorted(edges, counts), minlength=expected.size)
    return stats.chisquare(observed, expected).pvalue


def test_a_policy_that_learns_beats_uniform(source):
    uniform, learner = (block_of(scenario_of(source, policy)).totals.regret for policy in ("uniform", "thompson_beta"))
    assert stats.ttest_rel(uniform, learner, alternative="greater").pvalue < FALSE_ALARM
