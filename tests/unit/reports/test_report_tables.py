"""Tables of a report on small frames: every figure can be worked out by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from scipy import stats

from reports.sections.allocation import _shortened
from reports.tables.captions import most_sent
from reports.tables.curves import mean_curve, mean_over_time, regret_over_time
from reports.tables.leaderboard import leaderboard
from reports.tables.rows import by_policy, column
from sim.runs.run import StoredRun

ROWS = pl.DataFrame(
    {
        "policy": ["b", "a", "b", "a"],
        "replication": [1, 1, 0, 0],
        "regret": [4.0, 3.0, 2.0, None],
        "pulls": [40, 30, 20, 10],
    }
)


def test_rows_of_a_policy_are_in_the_order_of_replications_and_policies_as_they_appear() -> None:
    found = by_policy(ROWS)
    assert list(found) == ["b", "a"]
    assert found["b"]["regret"].to_list() == [2.0, 4.0]
    assert found["a"]["replication"].to_list() == [0, 1]


def test_a_column_is_float_and_null_is_nan() -> None:
    assert column(ROWS, "pulls").dtype == np.float64
    assert np.array_equal(column(by_policy(ROWS)["a"], "regret"), [np.nan, 3.0], equal_nan=True)


def summary(*policies: tuple[str, float], revenue: float = 0.0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "policy": name,
                "mean_regret": regret,
                "ci_low": regret - 1.0,
                "ci_high": regret + 1.0,
                "q50": regret - 0.5,
                "q95": 2 * regret,
                "q99": 3 * regret,
                "locked_out_share": 0.25,
                "locked_out_pages": 0.75,
                "best_share": 0.5,
                "mean_reward": 10 * regret,
                "revenue_usd": revenue,
            }
            for name, regret in policies
        ]
    )


def test_the_leaderboard_begins_with_the_least_regret() -> None:
    board = leaderboard(summary(("worse", 20.0), ("better", 10.0), ("equal", 10.0)), "successes")
    assert board.header == ["policy", "regret, successes", "95 % interval", "q95", "locked out", "best arm"]
    assert [row[0] for row in board.rows] == ["better", "equal", "worse"]
    assert board.rows[0][1:] == ["10", "[9, 11]", "20", "25 %", "50 %"]


def test_lock_outs_are_of_pages_where_there_are_many() -> None:
    assert leaderboard(summary(("only", 10.0)), "successes", one_page=False).rows[0][4] == "75 %"


def test_the_long_leaderboard_adds_median_far_quantile_and_reward() -> None:
    board = leaderboard(summary(("only", 10.0)), "successes", long=True)
    assert dict(zip(board.header, board.rows[0], strict=True)) == {
        "policy": "only", "regret, successes": "10", "95 % interval": "[9, 11]", "median": "9.500", "q95": "20",
        "q99": "30",
        "locked out": "25 %", "best arm": "50 %", "reward": "100",
    }  # fmt: skip


@pytest.mark.parametrize(("revenue", "shown"), [(0.0, False), (5.0, True)])
def test_money_is_a_column_where_there_is_some(revenue: float, shown: bool) -> None:
    board = leaderboard(summary(("only", 10.0), revenue=revenue), "successes")
    assert ("revenue $" in board.header) == shown
    assert len(board.rows[0]) == len(board.header)
    assert (board.rows[0][-1] == "5") == shown


def test_the_band_of_a_curve_is_students_t() -> None:
    values = np.array([[1.0, 4.0], [3.0, 4.0], [5.0, 4.0]])
    curve = mean_curve("p", np.array([1.0, 2.0]), values)
    half = stats.t.ppf(0.975, 2) * 2.0 / np.sqrt(3)
    assert curve.mean.tolist() == [3.0, 4.0]
    assert curve.low == pytest.approx([3.0 - half, 4.0])
    assert curve.high == pytest.approx([3.0 + half, 4.0])


def test_slices_of_a_curve_are_joined_in_the_order_of_time() -> None:
    parts = [(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]])), (np.array([3.0]), np.array([[5.0], [7.0]]))]
    curve = mean_over_time("p", parts)
    assert curve.policy == "p"
    assert curve.at.tolist() == [1.0, 2.0, 3.0]
    assert curve.mean.tolist() == [2.0, 3.0, 6.0]
    half = stats.t.ppf(0.975, 1) * np.sqrt(2.0) / np.sqrt(2.0)
    assert curve.low == pytest.approx(curve.mean - half)
    assert curve.high == pytest.approx(curve.mean + half)


def test_the_tail_holds_quantiles_and_the_worst_replications(tmp_path: Path) -> None:
    at, final = [1.0, 2.0], [7.0, 1.0, 9.0, 3.0, 8.0, 2.0, 0.0]
    rows = [("p", number, time, regret * time) for number, regret in enumerate(final) for time in at]
    pl.DataFrame(rows, ["policy", "replication", "at", "regret"], orient="row").write_parquet(
        tmp_path / "curves.parquet"
    )
    [(curve, tail)] = regret_over_time(tmp_path / "curves.parquet", ["p"])
    assert tail.at.tolist() == at
    assert tail.median.tolist() == [3.0, 6.0]
    assert tail.q95 == pytest.approx([np.quantile(final, 0.95), 2 * np.quantile(final, 0.95)])
    assert tail.worst[:, -1].tolist() == [18.0, 16.0, 14.0, 6.0, 4.0]
    assert curve.mean == pytest.approx([np.mean(final), 2 * np.mean(final)])
    assert (curve.low >= 0.0).all()


def run_of(recorded: str, rows: list[tuple[str, int, int]]) -> StoredRun:
    """As much of a run as the table of captions reads; rows are page, caption, observations."""
    frame = pl.DataFrame(rows, ["page_name", "caption_id", "total_observations"], orient="row")
    scenario = SimpleNamespace(record=SimpleNamespace(stats=recorded), replications=3)
    asked: list[tuple[str, int]] = []

    def stats_of(policy: str, replication: int) -> pl.DataFrame:
        asked.append((policy, replication))
        return frame

    return cast(Any, SimpleNamespace(scenario=scenario, stats=stats_of, asked=asked))


NAMES = pl.DataFrame({"caption_id": [1, 2, 3], "caption": ["Zoo", "Bye", "Hello"]})


def test_sends_of_a_caption_are_those_of_all_pages_in_the_last_replication() -> None:
    run = run_of("all", [("a", 1, 5), ("b", 1, 3), ("a", 2, 2), ("b", 3, 10)])
    found = most_sent(run, "greedy", NAMES, 2)
    assert found is not None
    assert found.rows() == [("Hello", 10, 0.5), ("Zoo", 8, 0.4)]
    assert cast(Any, run).asked == [("greedy", 2)]


def test_captions_sent_equally_often_are_in_the_order_of_their_texts() -> None:
    found = most_sent(run_of("last", [("a", 1, 2), ("a", 2, 2), ("a", 3, 2)]), "greedy", NAMES, 5)
    assert found is not None
    assert found["caption"].to_list() == ["Bye", "Hello", "Zoo"]


@pytest.mark.parametrize(("recorded", "rows"), [("none", [("a", 1, 2)]), ("all", [])])
def test_without_statistics_there_is_no_table(recorded: str, rows: list[tuple[str, int, int]]) -> None:
    assert most_sent(run_of(recorded, rows), "greedy", NAMES, 5) is None


@pytest.mark.parametrize(("text", "shown"), [("x" * 80, "x" * 80), ("x" * 81, "x" * 79 + "…"), ("", "")])
def test_a_long_text_is_shortened(text: str, shown: str) -> None:
    assert _shortened(text) == shown
