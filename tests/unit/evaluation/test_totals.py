"""Long logs, in parts: the same estimates as with all terms in memory, and nearly the same intervals."""

from dataclasses import replace

import numpy as np
import pytest

import sim.evaluation.totals as module
from sim.evaluation import intervals
from sim.evaluation.adaptive import stable_weights
from sim.evaluation.estimators import GROUPS, NAMES, PLAIN, TUNED, Sample, Terms, group_sums, ips
from sim.evaluation.replay import keep, replay
from sim.evaluation.totals import Totals, parts, summarise, totals

ROWS = 3 * module.AT_ONCE // 2 + 17


@pytest.fixture(scope="module")
def sample() -> Sample:
    generator = np.random.default_rng(20)
    weight = generator.choice([0.25, 0.5, 4.0], ROWS, p=[0.4, 0.6 - 0.6 / 3.5, 0.6 / 3.5])
    reward = (generator.random(ROWS) < 0.1 + 0.05 * (weight > 1.0)).astype(np.float64)
    fitted = generator.choice([0.08, 0.14], ROWS)
    made = Sample(reward, weight, fitted, np.full(ROWS, 0.12))
    return replace(made, stable=stable_weights(weight, (np.arange(ROWS) * 7 // ROWS).astype(np.int32)))


def terms_of(name: str, sample: Sample) -> Terms:
    return PLAIN[name](sample) if name in PLAIN else TUNED[name](sample, 2.0)


@pytest.mark.parametrize("name", NAMES)
def test_totals_have_the_value_and_the_deviation_of_the_terms(name: str, sample: Sample) -> None:
    long, terms = totals(lambda part: terms_of(name, part), sample), terms_of(name, sample)
    assert long.rows == ROWS
    assert long.value == pytest.approx(terms.value, rel=1e-12)
    assert long.deviation == pytest.approx(terms.deviation, rel=1e-9)
    one, other = intervals.normal(long), intervals.normal(terms)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-9)


@pytest.mark.parametrize("name", ["ips", "snips"])
def test_resampled_groups_give_nearly_the_interval_of_resampled_rows(name: str, sample: Sample) -> None:
    long = intervals.bootstrap(summarise(PLAIN[name], sample))
    rows = intervals.bootstrap(PLAIN[name](sample))
    # Limits are 2.5 % quantiles of 1,000 resamples: 4 standard errors of them are 0.35 of half the width.
    assert long.low == pytest.approx(rows.low, abs=0.2 * (rows.high - rows.low))
    assert long.high == pytest.approx(rows.high, abs=0.2 * (rows.high - rows.low))


def test_the_empirical_likelihood_of_groups_is_nearly_that_of_rows(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = intervals.empirical_likelihood(sample, (0.0, 1.0))
    monkeypatch.setattr(module, "AT_ONCE", 2 * ROWS)
    rows = intervals.empirical_likelihood(sample, (0.0, 1.0))
    width = rows.high - rows.low
    assert (long.low, long.high) == pytest.approx((rows.low, rows.high), abs=0.15 * width)


def test_a_short_log_keeps_its_terms(sample: Sample) -> None:
    short = sample.part(slice(0, 100))
    assert isinstance(summarise(ips, short), Terms)
    assert isinstance(summarise(ips, sample), Totals)
    assert module.AT_ONCE % GROUPS == 0


def test_parts_are_all_rows_in_order(sample: Sample) -> None:
    found = list(parts(sample))
    assert [part.rows for part in found] == [module.AT_ONCE, ROWS - module.AT_ONCE]
    assert np.array_equal(np.concatenate([part.weight for part in found]), sample.weight)
    assert all(part.stable is not None for part in found)


def test_replay_draws_the_same_rows_in_parts(sample: Sample) -> None:
    assert totals(keep(sample), sample).value == pytest.approx(replay(sample).value, rel=1e-12)


def test_the_work_of_an_estimator_is_one_call_per_part(sample: Sample) -> None:
    seen: list[int] = []

    def counted(part: Sample) -> Terms:
        seen.append(part.rows)
        return ips(part)

    totals(counted, sample)
    assert max(seen) == module.AT_ONCE
    assert sum(seen) == ROWS


def test_a_bet_does_not_depend_on_where_a_part_ends(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    short = sample.part(slice(0, 3_000))
    whole = intervals.anytime(short, (0.0, 1.0))
    monkeypatch.setattr(intervals, "_CHUNK", 7)
    small = intervals.anytime(short, (0.0, 1.0))
    assert (small.low, small.high) == pytest.approx((whole.low, whole.high), abs=1e-9)


def test_sums_of_groups_take_rows_in_turn() -> None:
    columns = np.arange(2.0 * GROUPS + 1.0)[:, None]
    sums = group_sums(columns)[:, 0]
    assert sums[0] == 0 + GROUPS + 2 * GROUPS
    assert sums[1] == 1 + GROUPS + 1
    assert sums.sum() == columns.sum()


def test_units_are_distinct_rows_or_groups_where_there_are_too_many() -> None:
    few, counts = Terms(np.array([1.0, 2.0, 1.0])).units()
    assert (few[:, 0].tolist(), counts.tolist()) == ([1.0, 2.0], [2.0, 1.0])
    many, counts = Terms(np.arange(GROUPS + 1.0)).units()
    assert len(many) == len(counts) == GROUPS
