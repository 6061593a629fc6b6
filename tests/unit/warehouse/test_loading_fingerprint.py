"""The compiled fingerprint against the SQL that warehouses answer."""

import polars as pl
import pytest

import sql
from sim.errors import StorageError
from sim.seeding import SeedPlan
from sim.seeding.writing import batch, make_batch, write_part
from sim.warehouse.base import CHECKSUM_MODULUS, RowTotals
from sim.warehouse.embedded import connect
from sim.warehouse.load.checksum import remainder, stats_totals
from sim.warehouse.translate import to_duckdb

PLAN = SeedPlan(rows=6_000, seed=2, caption_ids="full")


def asked_in_sql(frame):
    with connect() as connection:
        connection.register("part", frame.to_arrow())
        statement = sql.read("load/fingerprint_stats", project="local-warehouse", dataset="main", table="part")
        [row] = connection.execute(to_duckdb(statement)).fetchall()
    return RowTotals(*map(int, row))


@pytest.fixture(scope="module")
def frame():
    return pl.from_arrow(batch(PLAN, range(PLAN.pages))).with_columns(pl.col("page_name").cast(pl.String))


def facts_of(frame, folder):
    frame.write_parquet(folder / "part.parquet")
    return stats_totals(folder / "part.parquet")


def test_the_twin_equals_the_sql_on_seeded_rows(frame, tmp_path):
    wanted = asked_in_sql(frame)
    assert facts_of(frame, tmp_path) == wanted
    assert make_batch(PLAN, range(PLAN.pages)).checksum() == wanted.checksum
    assert write_part(PLAN, PLAN.parts()[0], tmp_path / "seeded.parquet") == wanted


def test_the_twin_equals_the_sql_on_nulls_negatives_and_repeated_keys(frame, tmp_path):
    columns = [name for name in frame.columns if name not in ("caption_id", "page_name")]
    holes = frame.with_row_index().with_columns(
        pl.when(pl.col("index") % (3 + place) == 0).then(None).otherwise(pl.col(name)).alias(name)
        for place, name in enumerate(columns)
    )
    odd = pl.concat([holes.drop("index"), holes.drop("index").head(7)]).with_columns(
        pl.col("avg_emv") - 3.7, pl.col("total_revenue") * -1e6, pl.col("successes") - 5
    )
    facts = facts_of(odd, tmp_path)
    assert facts == asked_in_sql(odd)
    assert (facts.rows, facts.distinct_keys) == (6_007, 6_000)


def test_order_does_not_matter_and_parts_add_up(frame, tmp_path):
    whole = facts_of(frame, tmp_path)
    assert facts_of(frame.sample(fraction=1.0, shuffle=True, seed=1), tmp_path) == whole
    parts = [facts_of(frame[:2_500], tmp_path), facts_of(frame[2_500:], tmp_path)]
    assert sum(part.checksum for part in parts) % CHECKSUM_MODULUS == whole.checksum


@pytest.mark.parametrize(
    "change",
    [
        pl.col("successes") + 1,
        pl.col("failures") + 1,
        pl.col("total_observations") + 1,
        pl.col("avg_emv") + 0.001,
        pl.col("total_revenue") + 0.01,
        pl.col("performance_percentile") + 1,
        pl.col("last_updated").dt.offset_by("1us"),
        pl.col("last_used").fill_null(pl.col("last_updated")),
        pl.col("caption_id") + 1,
        pl.lit("page_9999").alias("page_name"),
    ],
)
def test_a_change_to_one_row_changes_the_checksum(frame, tmp_path, change):
    changed = pl.concat([frame[:100], frame[100:101].with_columns(change), frame[101:]])
    assert not changed.equals(frame)
    assert facts_of(changed, tmp_path).checksum != facts_of(frame, tmp_path).checksum


def test_swapping_the_counts_of_two_rows_changes_the_checksum(frame, tmp_path):
    """A plain sum of columns would not see it."""
    swapped = frame.with_columns(pl.col("failures").gather([1, 0, *range(2, len(frame))]))
    assert not swapped.equals(frame)
    assert facts_of(swapped, tmp_path).checksum != facts_of(frame, tmp_path).checksum


@pytest.mark.parametrize(("value", "rest"), [(7, 2), (-7, -2), (-5, 0), (0, 0), (-(2**63), -(2**63 % 5))])
def test_remainder_is_that_of_sql(value, rest):
    assert remainder(value, 5) == rest


def test_what_is_no_parquet_file_is_said_clearly(tmp_path):
    (tmp_path / "part.parquet").write_text("caption_id,page_name\n")
    with pytest.raises(StorageError, match="not a Parquet file"):
        stats_totals(tmp_path / "part.parquet")


def test_an_empty_file_adds_up_to_nothing(frame, tmp_path):
    assert facts_of(frame.clear(), tmp_path) == RowTotals(0, 0, 0)
