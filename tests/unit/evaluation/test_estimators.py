"""Off-policy estimators: cases by enumeration, definitions written out row by row, and what each must not change."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.evaluation.estimators import (
    ADAPTIVE,
    MODELLED,
    NAMES,
    PLAIN,
    TUNED,
    Sample,
    Terms,
    clipped_ips,
    dros,
    switch_dr,
)

LOGGING = np.array([0.8, 0.2])
TARGET = np.array([0.3, 0.7])
STANDARD = [name for name in NAMES if name not in ADAPTIVE]  # the others are in test_adaptive.py
RATES = np.array([0.2, 0.6])
MODEL = np.array([0.25, 0.5])  # a reward model that is wrong


def sample_of(actions: tuple[int, ...], rewards: tuple[int, ...]) -> Sample:
    chosen = np.array(actions)
    direct = np.full(len(chosen), float(TARGET @ MODEL))
    return Sample(np.array(rewards, float), (TARGET / LOGGING)[chosen], MODEL[chosen], direct)


def every_log(rows: int) -> list[tuple[float, Sample]]:
    """Every log of so many rows with its probability."""
    logs = []
    for actions in itertools.product((0, 1), repeat=rows):
        for rewards in itertools.product((0, 1), repeat=rows):
            chances = [LOGGING[a] * (RATES[a] if r else 1 - RATES[a]) for a, r in zip(actions, rewards, strict=True)]
            logs.append((math.prod(chances), sample_of(actions, rewards)))
    return logs


def test_the_probabilities_of_all_logs_add_up_to_one() -> None:
    assert sum(chance for chance, _ in every_log(3)) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["ips", "dr"])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_unbiased_estimators_have_the_truth_as_their_mean(name: str, rows: int) -> None:
    mean = sum(chance * PLAIN[name](sample).value for chance, sample in every_log(rows))
    assert mean == pytest.approx(float(TARGET @ RATES), abs=1e-12)


def test_the_direct_method_has_the_models_mean() -> None:
    mean = sum(chance * PLAIN["dm"](sample).value for chance, sample in every_log(2))
    assert mean == pytest.approx(float(TARGET @ MODEL))


def test_clipping_lowers_the_mean_by_what_it_cuts() -> None:
    mean = sum(chance * clipped_ips(sample, 2.0).value for chance, sample in every_log(2))
    # The weights are 0.375 and 3.5; of the latter, 1.5 × 0.2 × 0.6 is lost.
    assert mean == pytest.approx(float(TARGET @ RATES) - 1.5 * 0.2 * 0.6)


def test_switching_replaces_large_weights_by_the_model() -> None:
    mean = sum(chance * switch_dr(sample, 1.0).value for chance, sample in every_log(2))
    # Action 0 is corrected, action 1 is not: its part of the truth is the model's.
    assert mean == pytest.approx(TARGET[0] * RATES[0] + TARGET[1] * MODEL[1])


def test_the_limit_of_the_switch_is_itself_used() -> None:
    """A weight equal to the limit keeps its correction; other packages keep the wrong side."""
    sample = sample_of((0, 1), (1, 1))
    weights = TARGET / LOGGING
    own = [float(TARGET @ MODEL) + w * (1.0 - q) for w, q in zip(weights, MODEL, strict=True)]
    small = float(TARGET @ MODEL)
    assert switch_dr(sample, float(weights[1])).value == pytest.approx(sum(own) / 2)
    assert switch_dr(sample, float(weights[1]) - 1e-9).value == pytest.approx((own[0] + small) / 2)
    assert switch_dr(sample, 0.0).value == pytest.approx(small)


rows = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 20.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1
)


def made(values: list[tuple[float, float, float, float]]) -> Sample:
    reward, weight, fitted, direct = (np.array(column) for column in zip(*values, strict=True))
    return Sample(reward, weight, fitted, direct)


def by_hand(name: str, values: list[tuple[float, float, float, float]], number: float) -> float:
    """The definitions, row by row, with exactly rounded sums."""
    n = len(values)
    total_weight = math.fsum(w for _, w, _, _ in values)
    if name == "ips":
        return math.fsum(w * r for r, w, _, _ in values) / n
    if name == "clipped_ips":
        return math.fsum(min(w, number) * r for r, w, _, _ in values) / n
    if name == "snips":
        return math.fsum(w * r for r, w, _, _ in values) / total_weight
    direct = math.fsum(d for *_, d in values) / n
    if name == "dm":
        return direct
    if name == "sndr":
        return direct + math.fsum(w * (r - q) for r, w, q, _ in values) / total_weight
    factor = {
        "dr": lambda w: w,
        "switch_dr": lambda w: w if w <= number else 0.0,
        "dros": lambda w: number * w / (w * w + number) if w else 0.0,
    }[name]
    return direct + math.fsum(factor(w) * (r - q) for r, w, q, _ in values) / n


@given(rows, st.sampled_from(STANDARD), st.floats(0.01, 50.0))
def test_every_estimator_is_its_definition(
    values: list[tuple[float, float, float, float]], name: str, number: float
) -> None:
    sample = made(values)
    terms = PLAIN[name](sample) if name in PLAIN else TUNED[name](sample, number)
    if terms.whole is not None and sample.weight.sum() == 0.0:
        assert math.isnan(terms.value)
        return
    assert terms.value == pytest.approx(by_hand(name, values, number), abs=1e-9, rel=1e-9)


@given(rows, st.sampled_from(STANDARD))
def test_the_influence_has_the_estimate_as_its_mean(values: list[tuple[float, float, float, float]], name: str) -> None:
    sample = made(values)
    terms = PLAIN[name](sample) if name in PLAIN else TUNED[name](sample, 2.0)
    if terms.whole is None or sample.weight.mean() > 1e-3:
        assert float(terms.influence.mean()) == pytest.approx(terms.value, abs=1e-8)


@given(rows, st.floats(-5.0, 5.0))
def test_self_normalised_estimators_move_with_the_rewards(
    values: list[tuple[float, float, float, float]], shift: float
) -> None:
    sample = made(values)
    if sample.weight.mean() < 1e-3:
        return
    moved = Sample(sample.reward + shift, sample.weight, sample.fitted, sample.direct)
    assert PLAIN["snips"](moved).value == pytest.approx(PLAIN["snips"](sample).value + shift, abs=1e-8)


def test_a_perfect_model_leaves_nothing_to_correct() -> None:
    sample = made([(0.2, 3.0, 0.2, 0.4), (0.6, 0.1, 0.6, 0.4)])
    for name in ("dm", "dr", "sndr"):
        assert PLAIN[name](sample).value == pytest.approx(0.4)
    assert dros(sample, 1.0).value == switch_dr(sample, 1.0).value == pytest.approx(0.4)


def test_shrinking_goes_from_the_direct_method_to_doubly_robust() -> None:
    sample = made([(1.0, 3.0, 0.2, 0.4), (0.0, 0.5, 0.6, 0.3)])
    assert dros(sample, 0.0).value == pytest.approx(PLAIN["dm"](sample).value)
    assert dros(sample, math.inf).value == pytest.approx(PLAIN["dr"](sample).value)
    assert dros(sample, 1e9).value == pytest.approx(PLAIN["dr"](sample).value, rel=1e-6)


@pytest.mark.parametrize("name", sorted(MODELLED))
def test_estimators_with_a_model_say_that_they_need_one(name: str) -> None:
    sample = Sample(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="needs a reward model"):
        PLAIN[name](sample) if name in PLAIN else TUNED[name](sample, 1.0)


def test_no_weight_at_all_is_not_a_number_and_not_an_error() -> None:
    assert math.isnan(Terms(np.zeros(2), np.zeros(2), np.zeros(2)).value)
