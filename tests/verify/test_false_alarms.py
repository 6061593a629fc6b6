"""The rate at which right functions fail: computed in docs/verify.md, stated by `FALSE_ALARM`, tested by A/A runs."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from sim.warehouse.verify import FALSE_ALARM, Status
from sim.warehouse.verify.sampler import CELLS, COINCIDENCES, TESTS, judge
from sim.warehouse.verify.uniformity import bernstein_p, gaps_p, kolmogorov_smirnov, lag_p, log_p, mean_p
from verify.draws import right_cells, right_classes

pytestmark = pytest.mark.slow

STATISTICAL = {"sample_uniform", "sample_mean", "sample_shape", "sample_counts", "sample_independent"}


def test_the_rate_is_one_in_ten_thousand_shared_by_all_tests():
    assert FALSE_ALARM == 1e-4
    # KS and mean per cell; KS, mean, three moments, two logarithms and ends pooled; two of lags, classes, bits.
    assert 2 * len(CELLS) + 12 == TESTS
    assert pytest.approx(COINCIDENCES, rel=0.5) == 300_000**2 / 2 / 2**52


@pytest.mark.long
def test_the_false_alarm_rate_is_the_one_stated():
    """At a family rate of 0.2 the judge rejects right draws at most as often: binomial limits of probability 1e-5."""
    random, runs, rate = np.random.default_rng(11), 400, 0.2
    alarms = sum(
        any(one.status is Status.FAIL for one in judge(right_cells(random), right_classes(random), rate))
        for _ in range(runs)
    )
    assert alarms <= binom.isf(1e-5, runs, rate)
    assert alarms >= binom.isf(1 - 1e-5, runs, rate / 4)  # Bonferroni loses little


def test_right_draws_pass_fifty_times_at_the_default_rate():
    random = np.random.default_rng(5)
    for _ in range(50):
        assert {one.status for one in judge(right_cells(random), right_classes(random))} == {Status.PASS}


@pytest.mark.parametrize(
    "p_value",
    [
        kolmogorov_smirnov,
        lambda u: mean_p(float(np.sum(u - 0.5)), u.size),
        lambda u: log_p(float(np.log(u).sum()), u.size),
        lambda u: gaps_p(float(u.min()) + 1.0 - float(u.max()), u.size),
    ],
    ids=["KS", "mean", "logarithms", "ends"],
)
def test_p_values_of_right_draws_are_uniform(p_value):
    """2,000 samples: small p-values are as frequent as they say, at 1e-5 each; above a half they may be too large."""
    random = np.random.default_rng(23)
    values = np.array([p_value(random.random(1000)) for _ in range(2000)])
    for level in (0.01, 0.05, 0.2):
        assert binomtest(int((values <= level).sum()), len(values), level).pvalue > 1e-5
    assert (np.sort(values) >= np.arange(2000) / 2000 - 0.06).all()  # KS distance of 1e-6: never too small


def test_limits_are_never_below_the_true_p():
    """Bernstein's limit and the lag test reject right draws at most at their level: 5 % of 2,000 samples."""
    random = np.random.default_rng(29)
    moments = [np.sum(random.random(20) - 0.5) for _ in range(2000)]
    counts = np.full(2000, 20.0)
    assert np.mean(bernstein_p(np.array(moments), counts, 1.0 / 12.0, 0.5) < 0.05) <= 0.05
    lags = [lag_p(random.random(400))[0] for _ in range(2000)]
    assert np.sum(np.array(lags) < 0.05) <= binom.isf(1e-5, 2000, 0.05)


def test_a_missing_draw_fails_every_statistical_check():
    random = np.random.default_rng(31)
    cells = right_cells(random)
    cells[3].draws[5] = np.nan
    results = {one.name: one.status for one in judge(cells, right_classes(random))}
    assert {results[name] for name in STATISTICAL} == {Status.FAIL}
