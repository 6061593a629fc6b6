"""Faulty tables: each fails a check of the table, on the warehouse that can have the fault."""

from dataclasses import replace

import duckdb
import polars as pl
import pytest

from sim.warehouse.base import STATS, Column, Routine, TargetSpec
from sim.warehouse.schema import described
from sim.warehouse.targets import open_target
from sim.warehouse.verify.identity import SAMPLE, check_identity
from sim.warehouse.verify.table import check_table
from verify.rows import right_rows

pytestmark = pytest.mark.slow

OURS = described(STATS)


class Described:
    """A BigQuery dataset that keeps everything, with one table described as given."""

    unsupported = frozenset()
    spec = TargetSpec("bigquery", "my-project-1.caption_test")

    def __init__(self, table, routine=None):
        self.table, self.found = table, routine

    def describe(self, name):
        return self.table

    def require_dataset(self):
        pass

    def routine(self, name):
        return self.found

    def expected_body(self, name):
        return "body"

    def same_body(self, one, other):
        return one == other


def column(which, **changes):
    return replace(OURS, columns=tuple(replace(one, **changes) if one.name == which else one for one in OURS.columns))


def columns(change):
    return replace(OURS, columns=tuple(change(list(OURS.columns))))


def renamed(old, new):
    return column(old, name=new)


FAULTS = {
    "no table": (None, "table_exists"),
    "a view": (replace(OURS, kind="VIEW"), "table_kind"),
    "a materialised view": (replace(OURS, kind="MATERIALIZED_VIEW"), "table_kind"),
    "an external table": (replace(OURS, kind="EXTERNAL"), "table_kind"),
    "a snapshot": (replace(OURS, kind="SNAPSHOT"), "table_kind"),
    "an extra column": (columns(lambda all_: [*all_, Column("x", "INT64", "NULLABLE")]), "table_columns"),
    "an extra column in the middle": (
        columns(lambda all_: [*all_[:3], Column("x", "STRING", "NULLABLE"), *all_[3:]]),
        "table_columns",
    ),
    "a missing column": (columns(lambda all_: all_[:-1]), "table_columns"),
    "no columns of times": (columns(lambda all_: [c for c in all_ if c.type != "TIMESTAMP"]), "table_columns"),
    "two columns exchanged": (columns(lambda all_: [all_[1], all_[0], *all_[2:]]), "table_columns"),
    "reversed": (columns(lambda all_: all_[::-1]), "table_columns"),
    "another name": (renamed("page_name", "page"), "table_columns"),
    "another case": (renamed("caption_id", "Caption_ID"), "table_columns"),
    "FLOAT64 counts": (column("successes", type="FLOAT64"), "table_types"),
    "NUMERIC counts": (column("failures", type="NUMERIC"), "table_types"),
    "STRING ids": (column("caption_id", type="STRING"), "table_types"),
    "FLOAT64 ids": (column("caption_id", type="FLOAT64"), "table_types"),
    "BYTES names": (column("page_name", type="BYTES"), "table_types"),
    "STRING(10)": (column("page_name", type="STRING(10)"), "table_types"),
    "NUMERIC(10, 2) revenue": (column("total_revenue", type="NUMERIC(10, 2)"), "table_types"),
    "naive times": (column("last_updated", type="DATETIME"), "table_types"),
    "times as dates": (column("last_used", type="DATE"), "table_types"),
    "times as text": (column("last_used", type="STRING"), "table_types"),
    "percentile as FLOAT64": (column("performance_percentile", type="FLOAT64"), "table_types"),
    "a nullable key": (column("caption_id", mode="NULLABLE"), "table_modes"),
    "repeated counts": (column("caption_id", mode="REPEATED"), "table_modes"),
    "no prior": (column("successes", default=None), "table_defaults"),
    "a prior of 0": (column("failures", default="0"), "table_defaults"),
    "a prior of 2": (column("failures", default="2"), "table_defaults"),
    "no time stamp": (column("last_updated", default=None), "table_defaults"),
    "a default where none is": (column("last_used", default="CURRENT_TIMESTAMP()"), "table_defaults"),
    "no key": (replace(OURS, primary_key=None), "table_key"),
    "half the key": (replace(OURS, primary_key=("caption_id",)), "table_key"),
    "a longer key": (replace(OURS, primary_key=("caption_id", "page_name", "last_updated")), "table_key"),
    "no partitions": (replace(OURS, partition=None), "table_partition"),
    "hourly partitions": (replace(OURS, partition="TIMESTAMP_TRUNC(last_updated, HOUR)"), "table_partition"),
    "monthly partitions": (replace(OURS, partition="TIMESTAMP_TRUNC(last_updated, MONTH)"), "table_partition"),
    "partitions of last_used": (replace(OURS, partition="DATE(last_used)"), "table_partition"),
    "not clustered": (replace(OURS, cluster=None), "table_cluster"),
    "clustered in another order": (replace(OURS, cluster=OURS.cluster[::-1]), "table_cluster"),
    "clustered by one column": (replace(OURS, cluster=OURS.cluster[:1]), "table_cluster"),
    "the table expires": (replace(OURS, expires="the table on 2026-01-01"), "table_expiry"),
    "the table expires in a hundred years": (replace(OURS, expires="the table on 2126-01-01"), "table_expiry"),
    "partitions expire after an hour": (replace(OURS, expires="each partition after 0.04 days"), "table_expiry"),
    "STRING(255)": (column("page_name", type="STRING(255)"), "table_types"),
    "BIGNUMERIC EMV": (column("avg_emv", type="BIGNUMERIC"), "table_types"),
    "a naive last use": (column("last_used", type="DATETIME"), "table_types"),
    "a clone": (replace(OURS, kind="CLONE"), "table_kind"),
    "a column of the partition": (
        columns(lambda all_: [*all_, Column("day", "DATE", "NULLABLE")]),
        "table_columns",
    ),
    "partitions expire": (replace(OURS, expires="each partition after 60 days"), "table_expiry"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_table_fails_the_check_meant_for_it(fault):
    table, check = FAULTS[fault]
    failing = [one.name for one in check_table(Described(table), STATS) if one.status == "fail"]
    assert failing == [check]


def test_the_table_of_the_ddl_passes():
    assert {one.status for one in check_table(Described(OURS), STATS)} == {"pass"}


SIGNATURES = {
    "any type": (("successes", "ANY"), ("failures", "ANY")),
    "floats": (("successes", "FLOAT64"), ("failures", "FLOAT64")),
    "one any": (("successes", "INT64"), ("failures", "ANY")),
    "three arguments": (("successes", "INT64"), ("failures", "INT64"), ("rate", "FLOAT64")),
    "no arguments": (),
}


@pytest.mark.parametrize("fault", SIGNATURES)
def test_another_signature_fails_though_the_body_is_ours(fault):
    routine = Routine("wilson_sample", "body", SIGNATURES[fault])
    result = check_identity(Described(OURS, routine), SAMPLE)
    assert result.status == "fail"
    assert "in place of" in result.cause


def duckdb_results(tmp_path, statements):
    file = tmp_path / "a.duckdb"
    with open_target(TargetSpec("duckdb", str(file))) as target:
        target.execute(target.statement(f"ddl/{STATS}", table=STATS))
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement.format(table=STATS))
    with open_target(TargetSpec("duckdb", str(file)), read_only=True) as target:
        return check_table(target, STATS)


ALTERED = {
    "naive times": (["ALTER TABLE {table} ALTER last_updated TYPE TIMESTAMP"], ["table_types"]),
    "32-bit counts": (["ALTER TABLE {table} ALTER successes TYPE INTEGER"], ["table_types"]),
    "a decimal": (["ALTER TABLE {table} ALTER total_revenue TYPE DECIMAL(18, 2)"], ["table_types"]),
    "no prior": (["ALTER TABLE {table} ALTER successes DROP DEFAULT"], ["table_defaults"]),
    "a nullable key": (["ALTER TABLE {table} ALTER page_name DROP NOT NULL"], ["table_modes"]),
    "an extra column": (["ALTER TABLE {table} ADD COLUMN x BIGINT"], ["table_columns"]),
    "naive times in nanoseconds": (["ALTER TABLE {table} ALTER last_used TYPE TIMESTAMP_NS"], ["table_types"]),
    "a column renamed": (["ALTER TABLE {table} RENAME COLUMN avg_emv TO emv"], ["table_columns"]),
    "a view": (
        ["ALTER TABLE {table} RENAME TO behind", "CREATE VIEW {table} AS SELECT * FROM behind"],
        ["table_kind", "table_modes", "table_defaults"],
    ),
}


@pytest.mark.parametrize("fault", ALTERED)
def test_a_fault_of_a_duckdb_table_fails(tmp_path, fault):
    statements, expected = ALTERED[fault]
    assert [one.name for one in duckdb_results(tmp_path, statements) if one.status == "fail"] == expected


PARQUET = {
    "naive times": (lambda rows: [rows.with_columns(pl.col("last_updated").dt.replace_time_zone(None))], "table_types"),
    "32-bit counts": (lambda rows: [rows.with_columns(pl.col("successes").cast(pl.Int32))], "table_types"),
    "float ids": (lambda rows: [rows.with_columns(pl.col("caption_id").cast(pl.Float64))], "table_types"),
    "times as text": (lambda rows: [rows.with_columns(pl.col("last_used").cast(pl.String))], "table_types"),
    "a later file of another type": (
        lambda rows: [rows[:100], rows[100:].with_columns(pl.col("failures").cast(pl.Float64))],
        "table_files",
    ),
    "a later file of 32-bit counts": (
        lambda rows: [rows[:100], rows[100:].with_columns(pl.col("successes").cast(pl.Int32))],
        "table_files",
    ),
    "a later file of naive times": (
        lambda rows: [rows[:100], rows[100:].with_columns(pl.col("last_updated").dt.replace_time_zone(None))],
        "table_files",
    ),
    "a later file without rows, of another column": (
        lambda rows: [rows, rows[:0].rename({"successes": "wins"})],
        "table_files",
    ),
    "an extra column in every file": (lambda rows: [rows.with_columns(pl.lit(1).alias("x"))], "table_columns"),
    "a later file without a column": (lambda rows: [rows[:100], rows[100:].drop("last_used")], "table_files"),
    "a later file with another column": (
        lambda rows: [rows[:100], rows[100:].with_columns(pl.lit(1).alias("x"))],
        "table_files",
    ),
    "a later file in another order": (
        lambda rows: [rows[:100], rows[100:].select(reversed(rows.columns))],
        "table_files",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PARQUET)
def test_a_fault_of_parquet_files_fails(tmp_path, fault):
    make, check = PARQUET[fault]
    (tmp_path / STATS).mkdir()
    for at, rows in enumerate(make(right_rows(rows=200))):
        rows.write_parquet(tmp_path / STATS / f"{at}.parquet")
    with open_target(TargetSpec("parquet", str(tmp_path)), read_only=True) as target:
        assert [one.name for one in check_table(target, STATS) if one.status == "fail"] == [check]
