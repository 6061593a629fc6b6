"""Figures and plans of seeded rows, worked out by hand and compared with SciPy."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sim.seeding.figures import (
    MOST_USES,
    QUANTILES,
    SeedFigures,
    default_figures,
    log_normal,
    log_normal_quantiles,
    zipf_law,
)
from sim.seeding.plan import REFRESH_HOURS, REFRESHES, PartPlan, SeedPlan

FIGURES = SeedFigures(
    page_rows=10.0,
    audience=((0.0, 100.0), (1.0, 10_000.0)),
    prices=((0.0, 3.0), (1.0, 6.0)),
    unpriced_share=0.5,
    view_law=(0.04, 0.5),
    per_view=((2.0, 0.04), (4.0, 0.01)),
    caption_cv=0.3,
    message_cv=0.5,
    reference_audience=1_000.0,
    audience_exponent=0.5,
    page_sigma=0.0,
    max_per_view=0.5,
)


def test_rates_are_log_log_between_the_points_and_flat_outside() -> None:
    # From (2, 0.04) to (4, 0.01) the slope is −2: at 3 dollars 0.04 · (2 / 3)².
    assert FIGURES.rates_by_dollar() == pytest.approx([0.0, 0.04, 0.04, 0.04 * 4 / 9, 0.01, 0.01, 0.01])


def test_the_level_of_a_page_falls_with_its_audience() -> None:
    fans = np.array([250.0, 1_000.0, 4_000.0])
    assert FIGURES.page_level(fans, np.zeros(3)) == pytest.approx([2.0, 1.0, 0.5])


def test_levels_of_one_audience_are_log_normal_and_the_best_pages_are_strong() -> None:
    figures = replace(FIGURES, page_sigma=0.5, strong_share=0.25, strong_factor=7.0)
    normals = np.array([-1.0, 0.0, 0.6744, 0.6746])
    found = figures.page_level(np.full(4, 1_000.0), normals)
    assert found == pytest.approx(np.exp(0.5 * normals) * [1.0, 1.0, 1.0, 7.0])


@pytest.mark.parametrize(("mean", "cv"), [(1.0, 0.3), (0.034, 0.53), (250.0, 2.0)])
def test_a_log_normal_variable_has_its_mean_and_spread(mean: float, cv: float) -> None:
    center, spread = log_normal(mean, cv)
    law = stats.lognorm(spread, scale=math.exp(center))
    assert law.mean() == pytest.approx(mean)
    assert law.std() == pytest.approx(cv * mean)


def test_a_mean_of_zero_is_always_zero() -> None:
    assert log_normal(0.0, 0.5)[0] == -math.inf
    assert log_normal_quantiles(0.0, 0.5).tolist() == [0.0] * (QUANTILES + 1)


def test_quantiles_rise_and_the_middle_one_is_the_median() -> None:
    table = log_normal_quantiles(0.04, 0.5)
    assert len(table) == QUANTILES + 1
    assert (np.diff(table) >= 0.0).all()
    assert table[QUANTILES // 2] == pytest.approx(0.04 / math.sqrt(1.25))
    assert FIGURES.view_rates().tolist() == table.tolist()
    assert FIGURES.appeals()[QUANTILES // 2] == pytest.approx(1.0 / math.sqrt(1.09))


def test_a_zipf_law_is_a_power_of_the_number_of_uses() -> None:
    law = zipf_law(0.6)
    chance = np.diff(law[:64], prepend=0.0)
    assert chance[0] == pytest.approx(0.6)
    exponent = math.log(chance[0] / chance[1], 2.0)
    assert chance == pytest.approx(0.6 * np.arange(1, 65) ** -exponent, rel=1e-6)
    assert (len(law), law[-1]) == (MOST_USES, 1.0)


def test_defaults_are_those_of_the_traffic_world() -> None:
    figures = default_figures()
    assert figures.page_rows == 1_175
    assert figures.unpriced_share == pytest.approx(0.575)
    assert figures.view_law == (0.034, 0.53)
    assert figures.used_once == 0.84


def plan(rows: int = 1_000, **changed) -> SeedPlan:
    return SeedPlan(rows, figures=FIGURES, **changed)


def test_the_refreshes_end_with_the_day_before() -> None:
    refreshes = plan().refreshes
    step = REFRESH_HOURS * 3_600_000_000
    assert len(refreshes) == REFRESHES
    assert set(np.diff(refreshes)) == {step}
    assert refreshes[-1] == round(plan().until.timestamp()) * 1_000_000 - step


def test_pages_start_at_zero_and_end_with_the_last_row() -> None:
    starts = plan().page_starts
    assert (starts[0], starts[-1]) == (0, 1_000)
    assert (np.diff(starts) > 0).all()
    assert plan().pages == len(starts) - 1


def test_levels_follow_the_fans_of_each_page() -> None:
    made = plan()
    fans = made._fans
    assert made.levels == pytest.approx((fans / 1_000.0) ** -0.5)
    assert fans.min() >= 100.0
    assert fans.max() <= 10_000.0
    assert (fans == np.rint(fans)).all()


def test_fans_are_log_uniform_between_two_points() -> None:
    fans = plan(100_000)._fans
    # False alarm 1e-5: the largest distance from a uniform law on the logarithm; a law on the number itself fails.
    assert stats.kstest(np.log(fans / 100.0) / math.log(100.0), "uniform").pvalue > 1e-5
    assert stats.kstest((fans - 100.0) / 9_900.0, "uniform").pvalue < 1e-5


def test_a_part_is_named_by_its_number() -> None:
    part = PartPlan(3, 10, 12, 500, 740)
    assert (part.rows, part.name) == (240, "part-000003.parquet")


@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
def test_batches_cover_the_pages_of_their_part(size: int) -> None:
    made = plan()
    for part in made.parts(300):
        batches = list(made.batches(part, size))
        assert [page for batch in batches for page in batch] == list(range(part.first_page, part.end_page))
        assert all(len(batch) for batch in batches)


def test_a_part_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        plan().parts(0)


def test_one_large_part_holds_everything() -> None:
    (part,) = plan().parts(10**9)
    assert (part.first_row, part.end_row, part.index) == (0, 1_000, 0)
