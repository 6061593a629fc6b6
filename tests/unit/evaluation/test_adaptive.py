"""Inference on data that a bandit collected: the published numbers, and what plain means get wrong."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sim.evaluation.adaptive import (
    Difference,
    Weighting,
    adaptive_weights,
    arm_mean,
    batched_difference,
    rejects_ever,
    stable_weights,
    two_stage_bias,
)
from sim.evaluation.estimators import Floats, Sample, Terms, aw_aipw
from sim.evaluation.intervals import asymptotic_sequence, mixture_limit, normal
from twins.plain_difference import plain_difference

ROWS = 200
FALSE_ALARM_Z = 4.0  # 1 in 16,000


def two_stage_log(generator: np.random.Generator) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """(arm 1 chosen, reward, propensity of arm 1) of Hadad's example; both arms have mean 0."""
    half = ROWS // 2
    chosen = np.tile([True, False], half)
    reward = generator.standard_normal(ROWS)
    leads = reward[:half][chosen[:half]].mean() > reward[:half][~chosen[:half]].mean()
    share = 0.9 if leads else 0.1
    chosen[half:] = np.arange(half) < round(share * half)
    return chosen, reward, np.where(np.arange(ROWS) < half, 0.5, share)


def test_the_two_stage_bias_has_its_published_value() -> None:
    assert two_stage_bias() == pytest.approx(-0.26866, abs=5e-6)
    assert two_stage_bias(0.5) == 0.0


def test_a_plain_mean_has_that_bias_and_the_weighted_scores_do_not() -> None:
    generator = np.random.default_rng(1)
    plain, weighted = [], []
    for _ in range(4_000):
        chosen, reward, propensity = two_stage_log(generator)
        plain.append(math.sqrt(ROWS) * reward[chosen].mean())
        weighted.append(math.sqrt(ROWS) * arm_mean(chosen, reward, propensity, "uniform").value)
    assert abs(np.mean(plain) - two_stage_bias()) < FALSE_ALARM_Z * np.std(plain) / math.sqrt(len(plain))
    assert abs(np.mean(weighted)) < FALSE_ALARM_Z * np.std(weighted) / math.sqrt(len(weighted))
    assert abs(np.mean(plain)) > FALSE_ALARM_Z * np.std(plain) / math.sqrt(len(plain))


def bandit_means(replications: int, seed: int, batches: int = 25, rows: int = 25) -> tuple[Floats, Floats]:
    """(counts, means) (replications, batches, 2) under Thompson sampling with N(0, 1) priors, clipped at 0.1."""
    generator = np.random.default_rng(seed)
    counts = np.zeros((replications, batches, 2))
    sums = np.zeros_like(counts)
    for batch in range(batches):
        variance = 1.0 / (1.0 + counts.sum(axis=1))
        posterior = sums.sum(axis=1) * variance
        share = np.clip(ndtr((posterior[:, 1] - posterior[:, 0]) / np.sqrt(variance.sum(axis=1))), 0.1, 0.9)
        second = generator.binomial(rows, share)
        counts[:, batch] = np.stack([rows - second, second], axis=1)
        sums[:, batch] = generator.standard_normal((replications, 2)) * np.sqrt(counts[:, batch])
    return counts, np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def rejected(found: Difference) -> float:
    return float((np.abs(found.z) > ndtri(0.975)).mean())


def test_batched_least_squares_keeps_its_level_where_plain_ones_do_not() -> None:
    replications = 20_000
    counts, means = bandit_means(replications, seed=2)
    error = math.sqrt(0.05 * 0.95 / replications)
    assert abs(rejected(batched_difference(counts, means, 1.0)) - 0.05) < 0.001 + FALSE_ALARM_Z * error
    assert abs(rejected(plain_difference(counts, means, 1.0)) - 0.062) < 0.001 + FALSE_ALARM_Z * error
    assert rejected(plain_difference(counts, means, 1.0)) > 0.05 + FALSE_ALARM_Z * error


@pytest.mark.long
def test_the_published_levels_of_both_in_many_replications() -> None:
    parts = [bandit_means(100_000, seed) for seed in range(10)]
    batched = np.mean([rejected(batched_difference(*part, 1.0)) for part in parts])
    plain = np.mean([rejected(plain_difference(*part, 1.0)) for part in parts])
    assert batched == pytest.approx(0.050, abs=0.0015)
    assert plain == pytest.approx(0.062, abs=0.0015)


def test_one_batch_is_the_plain_difference() -> None:
    count, mean = np.array([[7.0, 3.0]]), np.array([[0.2, 0.5]])
    one, other = batched_difference(count, mean, 2.0), plain_difference(count, mean, 2.0)
    assert one.value == pytest.approx(0.3)
    assert one.z == pytest.approx(other.z)
    assert one.error == pytest.approx(2.0 * math.sqrt(1 / 7 + 1 / 3))


def test_a_batch_without_one_arm_changes_nothing() -> None:
    count, mean = np.array([[7.0, 3.0], [10.0, 0.0]]), np.array([[0.2, 0.5], [9.0, 0.0]])
    one, other = batched_difference(count[:1], mean[:1], 1.0), batched_difference(count, mean, 1.0)
    assert (one.value, one.error, one.z) == (other.value, other.error, other.z)


def looks(replications: int, days: int = 30) -> Floats:
    """z of the difference of two equal arms at the end of each day, 200 pairs per day, (replications, days)."""
    steps = np.random.default_rng(3).standard_normal((replications, days))
    z: Floats = np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, days + 1))
    return z


@pytest.mark.parametrize(
    ("days", "rejects"), [(1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)]
)
def test_repeated_looks_reject_as_often_as_the_published_table_says(days: int, rejects: float) -> None:
    assert rejects_ever(days) == pytest.approx(rejects, abs=5e-4)  # Armitage, McPherson and Rowe 1969, table 2


def test_repeated_looks_at_another_level() -> None:
    assert rejects_ever(1, 0.01) == pytest.approx(0.01, abs=1e-12)
    assert rejects_ever(5, 0.01) == pytest.approx(0.033, abs=5e-4)  # ibid.


@pytest.mark.parametrize(("days", "published"), [(1, 0.049), (5, 0.144), (30, 0.294)])
def test_published_shares_of_simulations_are_within_their_noise(days: int, published: float) -> None:
    """4.9, 14.4 and 29.4 % of about 2,000 replications: two standard errors hold the exact shares."""
    exact = rejects_ever(days)
    assert published == pytest.approx(exact, abs=2.0 * math.sqrt(exact * (1.0 - exact) / 2_000))


@pytest.mark.parametrize("days", [1, 5, 30])
def test_a_daily_z_test_rejects_as_often_as_theory_says(days: int) -> None:
    replications, exact = 40_000, rejects_ever(days)
    found = (np.abs(looks(replications)[:, :days]) > ndtri(0.975)).any(axis=1).mean()
    assert found == pytest.approx(exact, abs=FALSE_ALARM_Z * math.sqrt(exact / replications))


@pytest.mark.parametrize("tightest", [200.0, 2_000.0])
def test_a_sequence_rejects_at_most_as_often_as_allowed_at_any_look(tightest: float) -> None:
    replications, rows = 20_000, 200.0 * np.arange(1, 31)
    limits = [mixture_limit(n, 0.95, tightest) for n in rows]
    found = (np.abs(looks(replications)) / np.sqrt(rows) > limits).any(axis=1).mean()
    assert found < 0.05
    assert found > 0.005  # not so wide that it could say nothing


def test_the_limit_of_a_sequence_is_above_that_of_one_look_and_tightest_where_it_should_be() -> None:
    for rows in (100.0, 5_000.0, 1e6):
        assert mixture_limit(rows) > ndtri(0.975) / math.sqrt(rows)
    assert mixture_limit(100.0, 0.95, 100.0) < min(mixture_limit(100.0, 0.95, t) for t in (10.0, 1_000.0))


@pytest.mark.parametrize("weighting", ["uniform", "stable", "two_point"])
def test_weighted_means_cover_the_truth(weighting: Weighting) -> None:
    generator, covered = np.random.default_rng(4), 0
    for _ in range(1_500):
        chosen, reward, propensity = two_stage_log(generator)
        interval = normal(arm_mean(chosen, reward, propensity, weighting))
        covered += interval.low <= 0.0 <= interval.high
    # `stable` and `two_point` are exact in the limit; `uniform` is a mixture of normals, still near its level here.
    assert 0.925 < covered / 1_500 < 0.975


def test_the_weights_by_hand() -> None:
    propensity = np.array([0.5, 0.5, 0.9])
    assert adaptive_weights(propensity, "uniform").tolist() == [1.0, 1.0, 1.0]
    assert adaptive_weights(propensity, "stable") == pytest.approx(np.sqrt(propensity))
    share = []
    for t, e in enumerate(propensity, start=1):
        abandoned = t**-0.7 / (t**-0.7 + (3**0.3 - t**0.3) / 0.3)
        share.append(e / (4 - t) + (1 - e) * abandoned)
    assert share[2] == pytest.approx(1.0)
    left = [1.0, 1.0 - share[0], (1.0 - share[0]) * (1.0 - share[1])]
    expected = [math.sqrt(e * s * rest) for e, s, rest in zip(propensity, share, left, strict=True)]
    assert adaptive_weights(propensity, "two_point") == pytest.approx(expected)
    assert sum(np.square(expected) / propensity) == pytest.approx(1.0)  # all of the variance is allotted


def weighted(sample: Sample, batch: list[int]) -> Terms:
    return aw_aipw(replace(sample, stable=stable_weights(sample.weight, np.array(batch, np.int32))))


def test_with_equal_weights_everywhere_the_policy_estimate_is_the_plain_mean() -> None:
    reward = np.array([0.0, 1.0, 1.0, 0.0])
    terms = weighted(Sample(reward, np.ones(4)), [0, 0, 1, 1])
    assert terms.value == pytest.approx(0.5)
    assert normal(terms) == normal(weighted(Sample(reward, np.ones(4)), [0] * 4))


def test_a_batch_with_four_times_the_squared_weights_counts_half() -> None:
    sample = Sample(np.array([1.0, 1.0, 0.0, 0.0]), np.array([2.0, 2.0, 1.0, 1.0]))
    # Scores 2, 2, 0, 0 with weights 1/2, 1/2, 1, 1.
    assert weighted(sample, [0, 0, 1, 1]).value == pytest.approx(2.0 / 3.0)


def test_a_batch_without_weight_counts_as_the_most_variable_one() -> None:
    sample = Sample(np.array([1.0, 1.0, 5.0]), np.array([2.0, 1.0, 0.0]))
    assert weighted(sample, [0, 1, 2]).value == pytest.approx((0.5 * 2 + 1.0) / (0.5 + 1.0 + 0.5))


def test_the_policy_estimate_uses_its_reward_model() -> None:
    sample = Sample(np.array([1.0, 0.0]), np.ones(2), np.array([0.4, 0.4]), np.array([0.3, 0.3]))
    assert weighted(sample, [0, 0]).value == pytest.approx(0.3 + 0.5 - 0.4)


def test_an_asymptotic_sequence_is_wider_than_one_look() -> None:
    terms = weighted(Sample(np.arange(50.0), np.ones(50)), [0] * 50)
    one, all_looks = normal(terms), asymptotic_sequence(terms)
    assert all_looks.low < one.low < one.high < all_looks.high
    assert (all_looks.low + all_looks.high) / 2.0 == pytest.approx(terms.value)


def test_the_policy_estimate_needs_its_weights() -> None:
    with pytest.raises(ValueError, match="adaptive"):
        aw_aipw(Sample(np.ones(2), np.ones(2)))
