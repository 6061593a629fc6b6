"""caption_bandit_stats: the schema is the DDL's, the rows are the formulas'."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.tables.caption_stats import SCHEMA, arrow_schema, percentile_by_page, stats_arrow
from sim.worlds.base import CaptionCounts
from twins.statistics_frame import stats_frame

DDL = Path(__file__).parents[3] / "sql" / "ddl" / "caption_bandit_stats.sql"
COLUMN = re.compile(r"^  (\w+) (INT64|STRING|FLOAT64|TIMESTAMP)( DEFAULT \S+)?( NOT NULL)?\b", re.MULTILINE)
SECOND = 1_000_000


def counts(**changes: object) -> CaptionCounts:
    """Three captions on two pages."""
    columns = {
        "page": np.array([2, 1, 1], np.int32),
        "caption_id": np.array([-(2**63), 9, 5]),
        "successes": np.array([0, 49, 3]),
        "failures": np.array([1, 49, 0]),
        "observations": np.array([1, 98, 3]),
        "sent": np.array([0, 200, 300]),
        "purchased": np.array([0, 50, 1]),
        "revenue_micros": np.array([0, 30_000_001, 5_000_000]),
        "mean_emv": np.array([np.nan, 2.0, 1.0]),
        "last_emv": np.array([np.nan, 1.5, np.nan]),
        "last_used_us": np.array([-1, 60 * SECOND, 0]),
        "last_updated_us": np.array([60 * SECOND] * 3),
    }
    return CaptionCounts(**{**columns, **changes})


def test_schema_is_that_of_the_ddl() -> None:
    declared = [(name, kind, bool(required)) for name, kind, _, required in COLUMN.findall(DDL.read_text("utf-8"))]
    assert [(c.name, c.type, c.required) for c in SCHEMA] == declared
    assert len(declared) == 15


def test_types_and_nullability_survive_parquet(tmp_path: Path) -> None:
    pq.write_table(stats_arrow(counts()), tmp_path / "stats.parquet")
    schema = pq.read_schema(tmp_path / "stats.parquet")
    assert schema.equals(arrow_schema())
    assert [field.name for field in schema if not field.nullable] == ["caption_id", "page_name"]
    assert schema.field("last_updated").type == pa.timestamp("us", "UTC")
    assert pl.read_parquet(tmp_path / "stats.parquet").schema["last_used"] == pl.Datetime("us", "UTC")


def test_rows_by_hand() -> None:
    rows = stats_frame(counts()).to_dicts()
    assert [(row["page_name"], row["caption_id"]) for row in rows] == [
        ("page_0001", 5),
        ("page_0001", 9),
        ("page_0002", -(2**63)),
    ]
    _, fifty, cold = rows
    assert (fifty["successes"], fifty["failures"], fifty["total_observations"]) == (50, 50, 98)
    # The reference row (50, 50) of the deployment.
    bounds = (fifty["confidence_lower_bound"], fifty["confidence_upper_bound"], fifty["exploration_score"])
    assert bounds == pytest.approx((0.4038, 0.5962, 0.0995), abs=5e-5)
    assert (fifty["total_revenue"], fifty["avg_conversion_rate"]) == (30.000001, 0.25)
    assert (fifty["avg_emv"], fifty["last_emv_observed"]) == (2.0, 1.5)
    assert fifty["last_used"] == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert (cold["avg_conversion_rate"], cold["avg_emv"], cold["last_used"]) == (0.0, None, None)
    assert [row["performance_percentile"] for row in rows] == [0, 100, 0]


def test_totals_and_labels_satisfy_the_tables_identity() -> None:
    frame = stats_frame(counts())
    assert (frame["successes"] + frame["failures"] - 2 == frame["total_observations"]).all()


def test_pages_of_a_file_keep_their_names() -> None:
    assert stats_frame(counts(page_names=("home", "offers")))["page_name"].to_list() == ["home", "home", "offers"]


def test_no_caption_is_an_empty_table_of_the_same_schema() -> None:
    empty = CaptionCounts(**{name: array[:0] for name, array in vars(counts()).items() if array is not None})
    assert stats_arrow(empty).schema.equals(arrow_schema())
    assert stats_arrow(empty).num_rows == 0


values = st.sampled_from([0.0, 0.5, 1.0, 2.0, float("nan")])


@given(st.lists(st.tuples(st.integers(1, 3), values), max_size=40))
def test_percentiles_are_percent_rank_by_definition(rows: list[tuple[int, float]]) -> None:
    page = np.array([p for p, _ in rows], np.int32)
    emv = np.array([v for _, v in rows], np.float64)

    def percent_rank(index: int) -> float:
        mine = [-np.inf if np.isnan(v) else v for p, v in rows if p == page[index]]
        value = -np.inf if np.isnan(emv[index]) else emv[index]
        return sum(other < value for other in mine) / (len(mine) - 1) if len(mine) > 1 else 0.0

    wanted = [int(percent_rank(index) * 100) for index in range(len(rows))]
    assert percentile_by_page(page, emv).tolist() == wanted
