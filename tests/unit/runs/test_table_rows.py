"""Rows of the tables of a run from sums made by hand."""

import numpy as np
import pytest

from sim.tables.observations import (
    Observed,
    bin_name,
    observation_schemas,
    observation_tables,
    schema,
    share_bounds,
)
from sim.tables.pages import Clairvoyant, page_rows, pages_schema
from sim.units import MICROS
from sim.worlds.metrics.allocation import GONE, RANK_BINS, UNIT
from sim.worlds.metrics.estimation import SHAPE, SUMS
from sim.worlds.metrics.loop import WEEK_SUMS
from sim.worlds.metrics.observation import MEASURES, Observations


def observed(
    *, by_bin=None, measures=None, revenue=None, estimation=None, weeks=None, watched=(10.0, 20.0), at=(10.0, 20.0)
) -> Observed:
    """Sums that are 0 where they are not given."""
    points = len(watched)
    sums = Observations(
        np.array(watched),
        np.zeros((points, len(RANK_BINS) + 1), np.int64) if by_bin is None else by_bin,
        np.zeros((points, len(MEASURES)), np.int64) if measures is None else measures,
        np.zeros((len(at), 0), np.int64) if revenue is None else revenue,
        np.zeros(SHAPE, np.int64) if estimation is None else estimation,
        np.zeros((0, len(WEEK_SUMS)), np.int64) if weeks is None else weeks,
    )
    return Observed(2, np.array(at), sums)


def table(name: str, seen: Observed, tiers=()) -> list[dict]:
    return observation_tables({"p": seen}, tiers)[f"{name}.parquet"].to_pylist()


@pytest.mark.parametrize(("low", "high", "name"), [(3, 3, "3"), (11, 30, "11–30"), (101, None, "101+")])
def test_names_of_bins(low: int, high: int | None, name: str) -> None:
    assert bin_name(low, high) == name


def test_bounds_of_a_share_are_wilsons_and_closed_at_the_ends() -> None:
    assert share_bounds(0, 0) == (None, None)
    low, high = share_bounds(0, 9)
    assert low == 0.0
    assert high == pytest.approx(0.2991, abs=1e-4)  # z² / (n + z²)
    assert share_bounds(9, 9) == (pytest.approx(1.0 - high), 1.0)
    assert share_bounds(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_a_schema_is_a_line_of_names_and_types() -> None:
    made = schema("a:string b:float64 c:bool")
    assert made.names == ["a", "b", "c"]
    assert [str(field.type) for field in made] == ["string", "double", "bool"]


def test_without_policies_the_tables_are_empty_and_have_their_columns() -> None:
    tables = observation_tables({}, ())
    assert {name: each.schema for name, each in tables.items()} == observation_schemas()
    assert {each.num_rows for each in tables.values()} == {0}


def test_allocation_has_a_row_per_point_and_bin_that_is_ever_used() -> None:
    counts = np.zeros((2, len(RANK_BINS) + 1), np.int64)
    counts[0, 0], counts[1, 10], counts[1, GONE] = 4, 3, 1
    rows = table("allocation", observed(by_bin=counts))
    assert [(row["at"], row["bin"], row["sends"], row["share"]) for row in rows] == [
        (10.0, "1", 4, 1.0),
        (10.0, "11–30", 0, 0.0),
        (10.0, "gone", 0, 0.0),
        (20.0, "1", 0, 0.0),
        (20.0, "11–30", 3, 0.75),
        (20.0, "gone", 1, 0.25),
    ]
    assert [(row["rank_low"], row["rank_high"]) for row in rows[:3]] == [(1, 1), (11, 30), (None, None)]


def test_a_point_without_sends_has_shares_of_zero() -> None:
    counts = np.zeros((2, len(RANK_BINS) + 1), np.int64)
    counts[1, 0] = 5
    assert [row["share"] for row in table("allocation", observed(by_bin=counts))] == [0.0, 1.0]


def measures(**values: int) -> np.ndarray:
    made = np.zeros((2, len(MEASURES)), np.int64)
    for name, value in values.items():
        made[0, MEASURES.index(name)] = value
    return made


def test_exploration_divides_each_sum_by_its_own() -> None:
    values = measures(
        sends=40, best=10, ranked=20, cold=6, known=24, entropy=3 * UNIT, active=2, evenness=UNIT, spread=2,
        replications=8, locked_out=2, locked_out_pages=UNIT,
    )  # fmt: skip
    first, second = table("exploration", observed(measures=values))
    assert first["sends"] == 40
    assert (first["best_share"], first["cold_share"]) == (0.5, 0.25)
    assert (first["entropy_nats"], first["entropy_share"]) == (1.5, 0.5)
    assert (first["locked_out_share"], first["locked_out_pages"]) == (0.25, 0.125)
    assert first["locked_out_low"] < 0.25 < first["locked_out_high"]
    assert second["best_share"] is second["locked_out_low"] is None


def test_estimates_are_means_over_captions() -> None:
    sums = np.zeros(SHAPE, np.int64)
    line = dict.fromkeys(SUMS, 0) | {
        "captions": 4, "labels": 40, "covered": 3, "true_rate": 2 * UNIT, "sample_mean": 3 * UNIT, "bias": UNIT,
        "stored_rate": 2 * UNIT, "squared_error": UNIT, "width": UNIT,
    }  # fmt: skip
    sums[2] = [line[name] for name in SUMS]
    (row,) = table("estimation", observed(estimation=sums))
    assert (row["by"], row["bin"], row["captions"], row["labels"]) == ("rank", "3", 4, 10.0)
    assert (row["true_rate"], row["sample_mean"], row["bias"]) == (0.5, 0.75, 0.25)
    assert (row["rmse"], row["width"], row["coverage"]) == (0.5, 0.25, 0.75)
    assert row["coverage_low"] < 0.75 < row["coverage_high"]


def test_bins_by_labels_follow_those_by_rank() -> None:
    sums = np.zeros(SHAPE, np.int64)
    sums[len(RANK_BINS) + 1, :2] = 1, 5
    (row,) = table("estimation", observed(estimation=sums))
    assert (row["by"], row["bin"], row["low"], row["high"]) == ("labels", "3–9", 3, 9)


def test_weeks_are_per_page_and_their_shares_per_send() -> None:
    line = dict.fromkeys(WEEK_SUMS, 0) | {
        "page_weeks": 4, "sends": 80, "explored": 20, "cold": 40, "distinct": 36, "priced": 40, "top": 10,
        "price": 560, "revenue": 1_000,
    }  # fmt: skip
    weeks = np.array([[line[name] for name in WEEK_SUMS], [0] * len(WEEK_SUMS)])
    first, second = table("weeks", observed(weeks=weeks))
    assert (first["week"], first["sends"], first["distinct_captions"]) == (1, 20.0, 9.0)
    assert (first["explored_share"], first["cold_share"]) == (0.25, 0.5)
    assert (first["top_decile_share"], first["mean_price"], first["revenue_usd"]) == (0.25, 14.0, 250.0)
    assert (second["week"], second["sends"], second["mean_price"]) == (2, None, None)


def test_revenue_is_a_mean_over_replications_by_tier() -> None:
    revenue = np.array([[2 * MICROS, 0], [6 * MICROS, MICROS]])
    rows = table("revenue", observed(revenue=revenue), ("mid", "bump"))
    assert [(row["at"], row["tier"], row["revenue_usd"]) for row in rows] == [
        (10.0, "mid", 1.0),
        (10.0, "bump", 0.0),
        (20.0, "mid", 3.0),
        (20.0, "bump", 0.5),
    ]


def test_blocks_add_up() -> None:
    one = observed(measures=measures(sends=3), weeks=np.ones((1, len(WEEK_SUMS)), np.int64))
    two = observed(measures=measures(sends=4), weeks=np.full((1, len(WEEK_SUMS)), 2))
    both = one + two
    assert both.replications == 4
    assert both.sums.measures[0, MEASURES.index("sends")] == 7
    assert both.sums.weeks.tolist() == [[3] * len(WEEK_SUMS)]


def pages(**changed):
    """Two replications of two pages."""
    shape = (2, 2)
    usual = {
        "audience": np.array([[100, 200], [100, -1]]),
        "sends": np.array([[1, 2], [3, 4]]),
        "reward": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "revenue_micros": np.array([[1, 2], [3, 4]]) * MICROS,
        "expected_usd": np.array([[0.5, np.nan], [1.5, 2.5]]),
        "weight": np.ones(shape),
        "priced": np.array([[1, -1], [2, 2]]),
        "successes": np.array([[0, 1], [-1, 2]]),
        "names": np.array([], dtype=str),
    }
    return usual | changed


def test_pages_are_rows_by_replication_then_page() -> None:
    rows = page_rows("p", range(5, 7), pages(), Clairvoyant(money=True)).to_pylist()
    assert [(row["replication"], row["sends"], row["revenue_usd"]) for row in rows] == [
        (5, 1, 1.0),
        (5, 2, 2.0),
        (6, 3, 3.0),
        (6, 4, 4.0),
    ]
    assert {row["policy"] for row in rows} == {"p"}
    assert [row["audience"] for row in rows] == [100, 200, 100, None]
    assert [row["expected_usd"] for row in rows] == [0.5, None, 1.5, 2.5]
    assert [row["priced"] for row in rows] == [1, None, 2, 2]
    assert [row["successes"] for row in rows] == [0, 1, None, 2]
    assert {row["shortfall"] for row in rows} == {None}
    assert [row["page"] for row in rows] == ["page_0001", "page_0002"] * 2


def test_pages_of_a_file_have_its_names() -> None:
    made = page_rows("p", range(2), pages(names=np.array(["north", "south"])), Clairvoyant(money=True))
    assert made["page"].to_pylist() == ["north", "south"] * 2
    assert made.schema == pages_schema()


@pytest.mark.parametrize("money", [True, False])
def test_shortfall_is_what_the_oracle_earned_more_on_the_page(money: bool) -> None:
    oracle = Clairvoyant(money=money)
    best = pages(reward=np.full((2, 2), 9.0), revenue_micros=np.full((2, 2), 10 * MICROS))
    oracle.learn(range(3, 5), best)
    own = pages()
    expected = 10.0 - own["revenue_micros"] / MICROS if money else 9.0 - own["reward"]
    assert oracle.shortfall(range(3, 5), own).tolist() == expected.tolist()
    rows = page_rows("p", range(3, 5), own, oracle)
    assert rows["shortfall"].to_pylist() == expected.ravel().tolist()


def test_a_replication_that_the_oracle_never_played_is_an_error() -> None:
    oracle = Clairvoyant(money=False)
    oracle.learn(range(2), pages())
    with pytest.raises(KeyError):
        oracle.shortfall(range(7, 9), pages())
