"""The share of the possible gain: Fieller's interval of a ratio of two paired means."""

import numpy as np
import pytest
from scipy import stats

from reports.decision.anchors import ratio_interval
from reports.estimators.strata import Strata

RANDOM = np.random.default_rng(6)
WHOLE = 10.0 + RANDOM.normal(0.0, 3.0, 40)
PART = 0.4 * WHOLE + RANDOM.normal(0.0, 2.0, 40)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_limits_are_the_ratios_that_a_paired_t_test_just_rejects(level: float) -> None:
    """A ratio r is in Fieller's interval where the mean of part − r · whole may be 0."""
    found = ratio_interval(PART, WHOLE, level)
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(PART.mean() / WHOLE.mean())
    assert found.low < found.value < found.high
    for limit in (found.low, found.high):
        assert stats.ttest_1samp(PART - limit * WHOLE, 0.0).pvalue == pytest.approx(1.0 - level)


def test_one_stratum_is_a_plain_sample() -> None:
    one = Strata(np.zeros(40, np.int64), np.ones(1))
    found, plain = ratio_interval(PART, WHOLE, 0.95, one), ratio_interval(PART, WHOLE, 0.95)
    assert found is not None and plain is not None
    assert (found.low, found.value, found.high) == pytest.approx((plain.low, plain.value, plain.high), rel=0.02)


def test_a_whole_that_may_be_nothing_has_no_ratio() -> None:
    assert ratio_interval(PART, WHOLE - WHOLE.mean() + 0.1, 0.95) is None
    assert ratio_interval(PART, -WHOLE, 0.95) is None
    assert ratio_interval(PART[:1], WHOLE[:1], 0.95) is None
