"""The numbers of a traffic scenario in the units of the kernel, against values worked out by hand and by SciPy."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.scenario.sections.traffic import RateLaw, TrafficSection
from sim.scenario.sections.traffic_loop import Selection
from sim.worlds.traffic.pages import (
    alternate,
    arrival_weeks,
    log_quantiles,
    log_sigma,
    most_dollars,
    page_level,
    per_view,
    price_band,
    strong_from,
    tier_counts,
    tier_edges,
)
from sim.worlds.traffic.parameters import _shape, clipped_mean, recovery, season, slots_a_day, tier_cycle


def world(**sections: Any) -> TrafficSection:
    return TrafficSection.model_validate({"kind": "traffic", **sections})


@pytest.mark.parametrize(
    ("quotas", "cycle"),
    [([1, 1, 1], [0, 1, 2]), ([2, 1, 1], [0, 1, 2, 0]), ([3, 1, 0], [0, 0, 1, 0]), ([0, 0, 2], [2, 2])],
)
def test_tiers_take_turns_in_the_ratio_of_their_quotas(quotas: list[int], cycle: list[int]) -> None:
    assert tier_cycle(quotas).tolist() == cycle


def test_every_stretch_of_the_cycle_holds_tiers_nearly_in_proportion() -> None:
    quotas = [5, 8, 12]
    cycle = tier_cycle(quotas)
    assert np.bincount(cycle).tolist() == quotas
    for length in range(1, 26):
        counts = np.bincount(cycle[:length], minlength=3)
        assert np.abs(counts - length * np.array(quotas) / 25).max() < 1.0


@pytest.mark.parametrize(("mean", "cv"), [(0.034, 0.53), (0.5, 1.0), (0.9, 2.0), (1.0, 0.3)])
def test_the_mean_of_a_clipped_rate_is_the_integral(mean: float, cv: float) -> None:
    law = stats.lognorm(log_sigma(cv), scale=mean / math.sqrt(1.0 + cv * cv))
    exact = law.expect(lambda x: x, lb=0.0, ub=1.0) + law.sf(1.0)
    assert clipped_mean(RateLaw(mean=mean, cv=cv)) == pytest.approx(exact, rel=1e-7)


def test_a_rate_without_spread_is_its_mean() -> None:
    assert clipped_mean(RateLaw(mean=0.4, cv=0.0)) == 0.4


def test_the_deviation_of_the_logarithm_has_the_coefficient_of_variation() -> None:
    sigma = log_sigma(0.7)
    assert stats.lognorm(sigma).std() / stats.lognorm(sigma).mean() == pytest.approx(0.7)
    assert log_sigma(0.0) == 0.0


@pytest.mark.parametrize(("cv", "shape"), [(0.5, 4.0), (1.0, 1.0), (0.0, 0.0), (1e-200, 0.0)])
def test_no_spread_is_a_gamma_shape_of_zero(cv: float, shape: float) -> None:
    assert _shape(cv) == shape


def test_fatigue_halves_in_each_half_life() -> None:
    assert recovery(world(fatigue={"half_life_days": 2.0}), 4) == pytest.approx([1.0, 2**-0.5, 0.5, 2**-1.5, 0.25])


def test_a_half_life_of_almost_nothing_leaves_nothing() -> None:
    assert recovery(world(fatigue={"half_life_days": 1e-300}), 2).tolist() == [1.0, 0.0, 0.0]


def test_slots_are_those_of_the_sends_or_of_the_quotas() -> None:
    quotas = {"budget": 1, "mid": 2, "premium": 3, "bump": 4}
    assert slots_a_day(world(), Selection.model_validate({"quotas": quotas, "scaled": False})) == 10
    assert slots_a_day(world(sends={"per_day": 17}), Selection()) == 17
    assert slots_a_day(world(), Selection()) == 36  # the upper limit per day


def test_without_holidays_a_season_is_the_weekdays_from_the_first_day() -> None:
    weekday = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
    quiet = world(start="2025-01-08", factors={"weekday": weekday, "holidays": {"days_per_year": 0}})  # a Wednesday
    found = season(quiet, 7, [0, 3], 9)
    assert found.tolist() == [[0.9, 1.0, 1.1, 1.2, 1.3, 0.7, 0.8, 0.9, 1.0]] * 2


def test_holidays_are_distinct_days_of_the_year_within_their_range() -> None:
    busy = world(
        start="2025-01-01", factors={"weekday": (1.0,) * 7, "holidays": {"days_per_year": 30, "factors": (0.4, 0.6)}}
    )
    (year,) = season(busy, 7, [0], 365)
    special = year[year != 1.0]
    assert len(special) == 30
    assert 0.4 <= special.min() <= special.max() <= 0.6
    assert season(busy, 7, [0], 730)[0, 365:].tolist() != year.tolist()


def test_a_season_depends_on_the_replication_alone() -> None:
    both = season(world(), 7, [4, 5], 60)
    assert season(world(), 7, [5], 60)[0].tolist() == both[1].tolist()
    assert both[0].tolist() != both[1].tolist()
    assert season(world(), 8, [5], 60)[0].tolist() != both[1].tolist()


def test_shares_of_tiers_add_up() -> None:
    edges = tier_edges(world(bank={"tiers": {"budget": 1.0, "mid": 1.0, "premium": 2.0, "bump": 4.0}}))
    assert edges.tolist() == [0.125, 0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    ("captions", "counts"), [(8, [1, 1, 2, 4]), (16, [2, 2, 4, 8]), (9, [1, 1, 2, 5]), (4, [1, 1, 1, 1])]
)
def test_captions_are_divided_by_largest_remainder_and_every_tier_has_one(captions: int, counts: list[int]) -> None:
    tiers = {"budget": 1.0, "mid": 1.0, "premium": 2.0, "bump": 4.0}
    assert tier_counts(world(bank={"captions": captions, "tiers": tiers})).tolist() == counts


def test_a_tier_of_hardly_any_weight_still_has_a_caption() -> None:
    tiers = {"budget": 1e-6, "mid": 1.0, "premium": 1.0, "bump": 1.0}
    assert tier_counts(world(bank={"captions": 30, "tiers": tiers})).min() == 1


def test_captions_that_arrive_alternate_between_the_tiers() -> None:
    assert alternate(np.array([2, 4])).tolist() == [1, 0, 1, 1, 0, 1]
    assert np.bincount(alternate(np.array([3, 1, 5, 2]))).tolist() == [3, 1, 5, 2]


@pytest.mark.parametrize(
    ("rate", "days", "weeks"),
    [(0.0, 70, []), (2.0, 21, [1, 1, 2, 2]), (0.5, 35, [2, 4]), (1.5, 28, [1, 2, 2, 3]), (3.0, 7, [])],
)
def test_captions_arrive_evenly_at_the_end_of_each_week(rate: float, days: int, weeks: list[int]) -> None:
    found = arrival_weeks(world(bank={"captions": 4}, turnover={"arrivals_per_week": rate}), days)
    assert found.tolist() == [0, 0, 0, 0, *weeks]


def test_purchases_per_view_are_straight_on_the_logarithms_and_flat_outside() -> None:
    made = world(purchases={"per_view": ((4.0, 0.08), (16.0, 0.02))})
    assert per_view(made, np.array([1, 4, 8, 16, 30])) == pytest.approx([0.08, 0.08, 0.04, 0.02, 0.02])


def test_a_page_sells_by_audience_by_chance_and_by_kind() -> None:
    made = world(
        purchases={
            "reference_audience": 1_000,
            "audience_exponent": 0.5,
            "page_sigma": 0.2,
            "strong_pages": {"share": 0.5, "factor": 10.0},
        }
    )
    assert strong_from(made) == pytest.approx(0.0)
    assert page_level(made, 4_000, -1.0) == pytest.approx(0.5 * math.exp(-0.2))
    assert page_level(made, 1_000, 1.0) == pytest.approx(10.0 * math.exp(0.2))
    assert strong_from(world(purchases={"strong_pages": {"share": 0.0}})) == math.inf


def test_price_tiers_are_the_bands_between_the_points() -> None:
    made = world(bank={"prices": ((0, 3), (0.5, 10), (0.8, 20), (1, 30))})
    assert price_band(made, np.array([0, 3, 9, 10, 19, 20, 30])).tolist() == [0, 1, 1, 2, 2, 3, 3]
    assert most_dollars(made) == 30


def test_rates_of_a_beta_distribution_are_tabulated_by_normal_score() -> None:
    table = log_quantiles((2.0, 5.0))
    assert (np.diff(table) >= 0.0).all()
    assert np.exp(table[len(table) // 2]) == pytest.approx(stats.beta(2.0, 5.0).median(), rel=1e-3)
    assert len(log_quantiles(None)) == 0
