"""The split mean, its shares, and the same tests on many samples at once, on small arrays."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.decision.tails import LEARNER_REPLICATIONS, Tails, gain_of, shortage
from reports.estimators.comparisons import METRICS, paired_comparisons
from reports.estimators.intervals import CONFIDENCE, mean_interval, moments, paired_difference
from reports.estimators.resampled import many_moments, rejected
from reports.estimators.split import (
    LEAST,
    RARE,
    is_known,
    share_limits,
    split_difference,
    split_interval,
)

RANDOM = np.random.default_rng(17)


def flags(locked: int, n: int, group: int = 1) -> np.ndarray:
    return np.where(np.arange(n) < locked, group, 0).astype(np.int8)


# Shares


@pytest.mark.parametrize(("count", "n"), [(40, 400), (200, 400), (360, 400), (25, 5_000)])
def test_far_from_the_threshold_a_share_has_the_limits_of_mid_p(count: int, n: int) -> None:
    low, high = share_limits(count, n, 0.95)
    assert stats.binom.sf(count, n, low) + stats.binom.pmf(count, n, low) / 2 == pytest.approx(0.025, abs=1e-3)
    assert stats.binom.cdf(count - 1, n, high) + stats.binom.pmf(count, n, high) / 2 == pytest.approx(0.025, abs=1e-3)


def test_a_count_that_is_just_large_enough_says_nothing_of_how_rare_the_group_is() -> None:
    """Samples with fewer were not looked at, so that any smaller share could have given this count."""
    assert share_limits(LEAST, 1_000, 0.95)[0] == pytest.approx(0.0, abs=1e-9)
    assert share_limits(1_000 - LEAST, 1_000, 0.95)[1] == pytest.approx(1.0, abs=1e-9)
    assert share_limits(LEAST + 15, 1_000, 0.95)[0] > 0.01


def test_limits_widen_with_confidence_and_are_mirrored() -> None:
    narrow, wide = share_limits(30, 300, 0.8), share_limits(30, 300, 0.99)
    assert wide[0] < narrow[0] < 0.1 < narrow[1] < wide[1]
    other = share_limits(270, 300, 0.8)
    assert other == pytest.approx((1 - narrow[1], 1 - narrow[0]), abs=1e-9)


@pytest.mark.parametrize(
    ("locked", "n", "known"),
    [(0, RARE - 1, False), (0, RARE, True), (LEAST - 1, 500, False), (LEAST, 500, True), (495, 500, False)],
)
def test_a_group_is_known_once_it_was_met_often_enough(locked: int, n: int, known: bool) -> None:
    assert is_known(flags(locked, n)) is known


def test_a_second_group_has_to_be_known_only_where_it_is_met() -> None:
    groups = flags(20, 500)
    assert is_known(groups)
    groups[-3:] = -1
    assert not is_known(groups)
    groups[-LEAST:] = -1
    assert is_known(groups)


# The mean


def test_the_split_mean_is_the_mean_and_its_terms_add_in_quadrature() -> None:
    values, groups = np.append(np.full(30, 100.0), np.zeros(470)), flags(30, 500)
    found = split_interval(values, groups, 0.95)
    assert found is not None
    low, high = share_limits(30, 500, 0.95)
    assert (found.value, found.low, found.high) == pytest.approx((6.0, 100 * low, 100 * high))
    spread = split_interval(values + np.resize([-3.0, 3.0], 500), groups, 0.95)
    rest, own = moments(np.resize([-3.0, 3.0], 470)), moments(np.resize([-3.0, 3.0], 30))
    reach = (stats.t.ppf(0.975, 469) * rest.standard_error * 0.94) ** 2
    reach += (stats.t.ppf(0.975, 29) * own.standard_error * 0.06) ** 2
    assert spread is not None
    assert spread.high == pytest.approx(6.0 + math.sqrt(reach + (100 * high - 6.0) ** 2))


def test_the_sign_of_the_cost_mirrors_the_interval() -> None:
    values, groups = np.append(RANDOM.normal(50, 3, 20), RANDOM.normal(0, 1, 380)), flags(20, 400)
    one, other = split_interval(values, groups, 0.9), split_interval(-values, groups, 0.9)
    assert one is not None
    assert other is not None
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
    swapped = split_interval(values, -groups, 0.9)
    assert swapped == one


def test_nothing_is_split_where_nothing_or_too_little_is_locked_out() -> None:
    values = RANDOM.normal(0, 1, RARE)
    assert split_interval(values, flags(0, RARE), 0.95) is None
    assert split_interval(values, flags(3, RARE), 0.95) is None
    assert split_interval(values, flags(RARE, RARE), 0.95) is None


def test_the_p_value_is_where_the_interval_ends_at_zero() -> None:
    values, groups = np.append(RANDOM.normal(30, 3, 20), RANDOM.normal(-1, 4, 380)), flags(20, 400)
    found = split_difference(values, groups, 0.95)
    assert found is not None
    at = split_interval(values, groups, 1.0 - found.p_value)
    assert at is not None
    assert min(abs(at.low), abs(at.high)) == pytest.approx(0.0, abs=1e-4)


# What is known of a run


def test_two_policies_are_grouped_by_which_of_them_alone_is_locked_out() -> None:
    own, other = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    tails = Tails({"a": LockOuts(2, 4, own), "b": LockOuts(2, 4, other)})
    assert tails.groups("a", "b").tolist() == [0, 1, -1, 0]
    assert tails.groups("a").tolist() == [1, 1, 0, 0]
    assert tails.groups("c", "b").tolist() == [-1, 0, -1, 0]
    assert tails.groups("c") is None
    assert Tails({"a": LockOuts(2, 40)}).groups("a") is None


def locked_out_case(n: int = 1_500, rare: int = 20) -> DecisionInput:
    base = np.random.default_rng(3).normal(100, 5, n)
    gain = np.where(np.arange(n) < rare, -200.0, 4.0) + np.random.default_rng(4).normal(0, 1, n)
    seen = {"p": LockOuts(rare, n, np.arange(n) < rare)}
    return DecisionInput("reward", Unit("", "sales", ""), {"base": base, "p": base + gain}, "base", lock_outs=seen)


def test_gains_of_the_decision_are_split() -> None:
    given = locked_out_case()
    found = gain_of("p", "base", given, 0.95)
    assert found.method == "split"
    assert found == split_interval(given.values["p"] - given.values["base"], flags(20, 1_500), 0.95)
    back = gain_of("base", "p", given, 0.95)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    assert gain_of("p", "base", locked_out_case(rare=3), 0.95).method != "split"


def test_policies_that_lock_out_together_need_each_their_own_lock_outs() -> None:
    together = np.arange(400) < 30
    tails = Tails({"a": LockOuts(30, 400, together), "b": LockOuts(30, 400, together)})
    assert tails.shortage("a", None, 400) is None
    found = tails.shortage("a", "b", 400)
    assert found is not None
    assert found.needed == RARE


def test_a_learner_on_one_page_needs_many_replications_however_even_its_sample_is() -> None:
    given = locked_out_case(rare=0)
    learner = DecisionInput(**{**vars(given), "lock_outs": {}, "learners": frozenset(["p"])})
    found = shortage("p", learner)
    assert found is not None
    assert found.needed == LEARNER_REPLICATIONS
    assert "unlucky starts of p" in found.why
    assert Tails(learners=frozenset(["p"])).may_undercover(("p", None), np.arange(100.0))
    assert not Tails().may_undercover(("p", None), np.arange(1_000.0))


def test_reports_split_their_comparisons() -> None:
    given = locked_out_case()
    (row,) = paired_comparisons("base", given.values, METRICS["reward"], Tails(given.lock_outs))
    assert row.pointwise == gain_of("p", "base", given, CONFIDENCE)
    assert row.simultaneous.method == "split"
    assert not row.may_undercover
    (plain,) = paired_comparisons("base", given.values, METRICS["reward"])
    assert plain.pointwise == paired_difference(given.values["p"], given.values["base"]).estimate


def test_a_mean_stays_within_its_bounds() -> None:
    values, locked = np.append(np.full(12, 900.0), np.full(1_488, 0.1)), np.arange(1_500) < 12
    tails = Tails({"p": LockOuts(12, 1_500, locked)})
    assert tails.mean("p", values).method == "split"
    assert tails.mean("p", values, bounds=(0.0, np.inf)).low >= 0.0
    assert tails.mean("q", values) == mean_interval(values)


# Many samples at once


@pytest.mark.parametrize("skew", [False, True])
def test_many_samples_are_tested_as_one_by_one(skew: bool) -> None:
    draw = RANDOM.lognormal(0, 1.3, (40, 60)) - 1.6 if skew else RANDOM.normal(0.2, 1, (40, 60))
    one_by_one = [paired_difference(row, np.zeros(60)).p_value < 0.1 for row in draw]
    assert 0 < sum(one_by_one) < 40
    assert rejected(draw, None, 0.1).tolist() == one_by_one


def test_samples_without_spread_or_too_few_for_skewness() -> None:
    samples = np.stack([np.zeros(12), np.full(12, 3.0), np.append(np.full(11, 1.0), 40.0), np.arange(12.0) + 5])
    one_by_one = [paired_difference(row, np.zeros(12)).p_value < 0.05 for row in samples]
    assert rejected(samples, None, 0.05).tolist() == one_by_one == [False, True, False, True]


def test_many_split_samples_are_tested_as_one_by_one() -> None:
    groups = (RANDOM.random((30, 400)) < 0.04).astype(np.int8)
    samples = np.where(groups == 1, 40.0, -2.2) + RANDOM.normal(0, 1, (30, 400))
    one_by_one = [split_interval(row, own, 0.9) for row, own in zip(samples, groups, strict=True)]
    expected = [found is not None and not found.low <= 0.0 <= found.high for found in one_by_one]
    assert 0 < sum(expected) < 30
    assert any(found is None for found in one_by_one)
    assert rejected(samples, groups, 0.1).tolist() == expected


def test_moments_of_many_samples() -> None:
    samples = RANDOM.lognormal(0, 1, (5, 50))
    found = many_moments(samples)
    for i, row in enumerate(samples):
        one = moments(row)
        expected = (one.mean, one.sd, one.skewness)
        assert (found.mean[i], found.sd[i], found.skewness[i]) == pytest.approx(expected)
