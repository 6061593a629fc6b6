"""Columns of caption_bandit_stats whose value has a rule of its own, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.tables.caption_stats import exploration_score, page_names, percentile_by_page
from sim.worlds.base import CaptionCounts
from twins.statistics_frame import stats_frame

COUNTS = CaptionCounts(
    page=np.array([2, 1, 1], np.int32),
    caption_id=np.array([5, 9, 7]),
    successes=np.array([3, 0, 1]),
    failures=np.array([1, 0, 2]),
    observations=np.array([4, 0, 3]),
    sent=np.array([400, 0, 300]),
    purchased=np.array([8, 0, 3]),
    revenue_micros=np.array([12_500_000, 0, 1]),
    mean_emv=np.array([2.0, 0.0, 1.0]),
    last_emv=np.array([1.5, np.nan, 0.0]),
    last_used_us=np.array([10, -1, 20]),
    last_updated_us=np.array([30, 40, 50]),
)


def test_rows_are_ordered_by_page_then_caption() -> None:
    frame = stats_frame(COUNTS)
    assert frame.select("page_name", "caption_id").rows() == [("page_0001", 7), ("page_0001", 9), ("page_0002", 5)]


def test_counts_hold_the_prior_and_observations_do_not() -> None:
    frame = stats_frame(COUNTS)
    assert frame.select("successes", "failures", "total_observations").rows() == [(2, 3, 3), (1, 1, 0), (4, 2, 4)]


def test_the_conversion_rate_of_nobody_is_0() -> None:
    assert stats_frame(COUNTS)["avg_conversion_rate"].to_list() == [0.01, 0.0, 0.02]


def test_a_rate_that_the_world_gives_is_taken_as_it_is() -> None:
    given = replace(COUNTS, conversion_rate=np.array([0.5, np.nan, 0.25]))
    assert stats_frame(given)["avg_conversion_rate"].to_list() == [0.25, None, 0.5]


def test_revenue_is_dollars_and_null_where_the_world_says_so() -> None:
    assert stats_frame(COUNTS)["total_revenue"].to_list() == [1e-6, 0.0, 12.5]
    unsold = replace(COUNTS, revenue_null=np.array([False, True, False]))
    assert stats_frame(unsold)["total_revenue"].to_list() == [1e-6, None, 12.5]


def test_what_was_never_used_or_observed_is_null() -> None:
    frame = stats_frame(COUNTS)
    assert frame["last_used"].dt.timestamp("us").to_list() == [20, None, 10]
    assert frame["last_updated"].dt.timestamp("us").to_list() == [50, 40, 30]
    assert frame["last_emv_observed"].to_list() == [0.0, None, 1.5]


def test_the_exploration_score_is_that_of_the_totals() -> None:
    score = exploration_score(np.array([2, 1]), np.array([1, 2]))
    assert score.tolist() == [0.5, 0.5]  # 1 / sqrt(2 + 1 + 1)


def test_a_new_row_has_the_score_without_one() -> None:
    score = exploration_score(np.array([2, 2]), np.array([2, 2]), np.array([True, False]))
    assert score == pytest.approx([0.5, 1 / np.sqrt(5)])


@pytest.mark.parametrize(
    ("emv", "expected"),
    [
        ([3.0], [0]),
        ([1.0, 2.0], [0, 100]),
        ([2.0, 1.0, 3.0], [50, 0, 100]),
        ([1.0, 1.0, 2.0], [0, 0, 100]),
        ([1.0, 2.0, 2.0, 3.0], [0, 33, 33, 100]),
        ([np.nan, 1.0, np.nan], [0, 100, 0]),
        ([5.0] * 4, [0, 0, 0, 0]),
    ],
)
def test_the_percentile_is_the_rank_among_the_rows_of_a_page(emv: list[float], expected: list[int]) -> None:
    page = np.ones(len(emv), np.int32)
    assert percentile_by_page(page, np.array(emv)).tolist() == expected


def test_pages_are_ranked_apart() -> None:
    page, emv = np.array([1, 2, 1, 2], np.int32), np.array([5.0, 1.0, 6.0, 0.0])
    assert percentile_by_page(page, emv).tolist() == [0, 100, 100, 0]


def test_names_of_pages() -> None:
    assert page_names(np.array([12, 1], np.int32), None).tolist() == ["page_0012", "page_0001"]
    assert page_names(np.array([2, 1, 2], np.int32), ("x", "y")).tolist() == ["y", "x", "y"]
    assert page_names(np.array([], np.int32), None).tolist() == []
