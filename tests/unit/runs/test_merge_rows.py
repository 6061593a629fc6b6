"""Rows of replications.parquet and curves.parquet from the totals of a block made by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.runs.blocks import BlockTables
from sim.runs.merge import _curves, curves_schema, replication_rows, replications_schema
from sim.runs.plan import Block
from sim.worlds.metrics.loop import COLUMNS

BLOCK = Block(policy=1, name="greedy", start=5, stop=8)
NAN = np.nan
TOTALS: dict[str, Any] = {
    "pulls": np.array([10, 20, 30]),
    "reward": np.array([1, 2, 3]),
    "regret": np.array([0.5, 1.5, 2.5]),
    "revenue_micros": np.array([2_000_000, 500_000, 0]),
    "best_pulls": np.array([2, 5, 0]),
    "ranked_pulls": np.array([8, 10, 0]),
    "locked_out": np.array([True, False, False]),
    "regret_usd": np.array([1.0, NAN, 3.0]),
    "locked_out_pages": np.array([1.0, 0.25, 0.0]),
    "first_locked_at": np.array([4.0, 6.0, NAN]),
    "locked_since": np.array([4.0, NAN, NAN]),
    "late_purchases": np.array([7.0, 8.0, NAN]),
}


def frame(table: Any) -> pl.DataFrame:
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


def test_a_row_per_replication_has_its_own_totals() -> None:
    rows = frame(replication_rows(BLOCK, TOTALS))
    assert rows.columns == replications_schema().names
    assert rows["policy"].to_list() == ["greedy"] * 3
    assert rows["replication"].to_list() == [5, 6, 7]
    assert rows["revenue_usd"].to_list() == [2.0, 0.5, 0.0]
    for name in ("pulls", "reward", "regret", "locked_out", "locked_out_pages"):
        assert rows[name].to_list() == TOTALS[name].tolist(), name


def test_shares_are_of_ranked_pulls_and_locks_are_ever_and_since() -> None:
    rows = frame(replication_rows(BLOCK, TOTALS))
    assert rows["best_share"].to_list() == [0.25, 0.5, 0.0]
    assert rows["first_locked_at"].to_list() == [4.0, 6.0, None]
    assert rows["ever_locked"].to_list() == [True, True, False]
    assert rows["locked_since"].to_list() == [4.0, None, None]


def test_what_is_not_known_is_null() -> None:
    rows = frame(replication_rows(BLOCK, TOTALS))
    assert rows["regret_usd"].to_list() == [1.0, None, 3.0]
    assert rows["late_purchases"].to_list() == [7, 8, None]
    for name in set(COLUMNS) - {"late_purchases"}:
        assert rows[name].to_list() == [None] * 3, name


def test_a_curve_has_a_row_per_replication_and_point() -> None:
    """Arrays of a block are (points, replications); rows go by replication, then by point."""
    regret = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    curves: dict[str, Any] = {"regret": regret, "reward": 10.0 * regret, "revenue_micros": 1_000_000 * regret}
    nothing: Any = None
    rows = frame(_curves(BLOCK, BlockTables(TOTALS, np.array([7.0, 14.0]), {}, curves, nothing)))
    assert rows.columns == curves_schema().names
    assert rows["replication"].to_list() == [5, 5, 6, 6, 7, 7]
    assert rows["at"].to_list() == [7.0, 14.0] * 3
    assert rows["regret"].to_list() == [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    assert rows["reward"].to_list() == [10.0, 40.0, 20.0, 50.0, 30.0, 60.0]
    assert rows["revenue_usd"].to_list() == pytest.approx(rows["regret"].to_list())
