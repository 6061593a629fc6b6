"""How a table differs from its DDL, and names of types, ids and places, by hand."""

from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pytest
from sqlglot import exp

from sim.errors import InputError
from sim.warehouse.base import STATS, Column, TargetSpec, plain_id, staging_table
from sim.warehouse.drift import alters, table_difference, table_lines
from sim.warehouse.places import MARK, refuse_url, remove_scratch, scratch_folder
from sim.warehouse.schema import arrow_schema, arrow_type, described, duckdb_type, googlesql_type, normal_default

WANTED = described(STATS)
TABLE = f"ALTER TABLE `p`.`d`.`{STATS}`"


def target(*unsupported: str) -> SimpleNamespace:
    return SimpleNamespace(project="p", dataset="d", unsupported=frozenset(unsupported))


def with_column(name: str, **changed):
    """The table of the DDL with one column changed."""
    columns = tuple(replace(each, **changed) if each.name == name else each for each in WANTED.columns)
    return replace(WANTED, columns=columns)


def required() -> Column:
    return next(each for each in WANTED.columns if each.mode == "REQUIRED" and each.default is None)


def nullable() -> Column:
    return next(each for each in WANTED.columns if each.mode == "NULLABLE")


def defaulted() -> Column:
    return next(each for each in WANTED.columns if each.default is not None)


def test_a_table_as_in_the_ddl_has_no_difference() -> None:
    assert table_difference(WANTED, target()) == ""
    assert alters(WANTED, target()) == []


def test_a_missing_column_is_added_with_its_default() -> None:
    column = defaulted()
    found = replace(WANTED, columns=tuple(each for each in WANTED.columns if each.name != column.name))
    lines = alters(found, target())
    assert lines[0] == f"{TABLE} ADD COLUMN {column.name} {column.type};"
    assert f"{TABLE} ALTER COLUMN {column.name} SET DEFAULT {column.default};" in lines
    assert f"+{column.name} {column.type} {column.mode} DEFAULT {column.default}" in table_difference(found, target())


def test_a_missing_required_column_is_added_and_its_limit_is_told() -> None:
    column = required()
    found = replace(WANTED, columns=tuple(each for each in WANTED.columns if each.name != column.name))
    assert alters(found, target()) == [
        f"{TABLE} ADD COLUMN {column.name} {column.type};",
        f"-- {column.name}: NOT NULL cannot be added to a table: create it anew and copy its rows",
    ]


def test_another_type_cannot_be_mended() -> None:
    name = nullable().name
    (line,) = alters(with_column(name, type="BYTES"), target())
    assert line == f"-- {name}: BYTES cannot become {nullable().type}: create the table anew and copy its rows"


def test_not_null_can_be_dropped_but_not_added() -> None:
    assert alters(with_column(nullable().name, mode="REQUIRED"), target()) == [
        f"{TABLE} ALTER COLUMN {nullable().name} DROP NOT NULL;"
    ]
    (line,) = alters(with_column(required().name, mode="NULLABLE"), target())
    assert line.startswith(f"-- {required().name}: NOT NULL cannot be added")


def test_defaults_are_set_and_dropped_where_the_target_has_them() -> None:
    column = defaulted()
    assert alters(with_column(column.name, default=None), target()) == [
        f"{TABLE} ALTER COLUMN {column.name} SET DEFAULT {column.default};"
    ]
    plain = nullable() if nullable().default is None else required()
    assert alters(with_column(plain.name, default="1"), target()) == [
        f"{TABLE} ALTER COLUMN {plain.name} DROP DEFAULT;"
    ]
    assert alters(with_column(column.name, default=None), target("defaults")) == []
    assert table_difference(with_column(column.name, default=None), target("defaults")) == ""


def test_another_key_is_dropped_and_the_right_one_added() -> None:
    add = f"{TABLE} ADD PRIMARY KEY ({', '.join(WANTED.primary_key or ())}) NOT ENFORCED;"
    assert alters(replace(WANTED, primary_key=None), target()) == [add]
    assert alters(replace(WANTED, primary_key=("page_name",)), target()) == [f"{TABLE} DROP PRIMARY KEY;", add]
    assert alters(replace(WANTED, primary_key=None), target("primary_key")) == []


def test_partitions_and_clusters_have_their_remedies() -> None:
    assert alters(replace(WANTED, partition=None), target()) == [
        "-- partitioning cannot be altered: create the table anew and copy its rows"
    ]
    fields = ",".join(WANTED.cluster or ())
    assert alters(replace(WANTED, cluster=None), target()) == [f"-- bq update --clustering_fields={fields} {STATS}"]
    assert alters(replace(WANTED, partition=None, cluster=None), target("partition", "cluster")) == []


def test_lines_of_a_table_leave_out_what_the_target_does_not_keep() -> None:
    whole = table_lines(WANTED, target())
    assert len(whole) == len(WANTED.columns) + 3
    assert not any("DEFAULT" in line for line in table_lines(WANTED, target("defaults")))
    assert len(table_lines(WANTED, target("primary_key", "partition", "cluster"))) == len(WANTED.columns)


def test_a_column_that_the_project_does_not_know_is_removed_by_hand_alone() -> None:
    found = replace(WANTED, columns=(*WANTED.columns, Column("own", "STRING", "NULLABLE")))
    assert "-own STRING NULLABLE" in table_difference(found, target())
    (remedy,) = alters(found, target())
    assert remedy.startswith("-- own: not of the project") and remedy.endswith("DROP COLUMN own;")


@pytest.mark.parametrize(
    ("text", "name"),
    [("BIGINT", "INT64"), ("DOUBLE", "FLOAT64"), ("VARCHAR", "STRING"), ("BOOLEAN", "BOOL"), ("INTEGER", "INTEGER"),
     ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP"), ("TIMESTAMP", "DATETIME"), ("DATE", "DATE")],
)  # fmt: skip
def test_types_of_duckdb(text: str, name: str) -> None:
    assert duckdb_type(text) == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.int64(), "INT64"),
        (pa.int32(), "int32"),
        (pa.large_string(), "STRING"),
        (pa.string_view(), "STRING"),
        (pa.dictionary(pa.int32(), pa.string()), "STRING"),
        (pa.timestamp("ns", "Europe/Berlin"), "TIMESTAMP"),
        (pa.timestamp("us"), "DATETIME"),
        (pa.date32(), "DATE"),
        (pa.bool_(), "BOOL"),
        (pa.float64(), "FLOAT64"),
    ],
)
def test_types_of_arrow(kind: pa.DataType, name: str) -> None:
    assert arrow_type(kind) == name


def test_types_that_the_ddl_does_not_use_keep_their_name() -> None:
    assert googlesql_type(exp.DataType.build("INT64", dialect="bigquery")) == "INT64"
    assert googlesql_type(exp.DataType.build("BYTES", dialect="bigquery")) == "BYTES"


@pytest.mark.parametrize(
    ("text", "plain"),
    [(None, None), ("NULL", None), ("0.0", "0"), ("0e0", "0"), ("CAST(0 AS FLOAT64)", "0"), ("(1)", "1"),
     ("1.50", "1.5"), ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP()"),
     ("current_timestamp()", "CURRENT_TIMESTAMP()"), ("'a'", "'A'")],
)  # fmt: skip
def test_defaults_have_one_spelling(text: str | None, plain: str | None) -> None:
    assert normal_default(text) == plain


def test_the_arrow_schema_has_the_columns_and_modes_of_the_ddl() -> None:
    schema = arrow_schema(STATS)
    assert schema.names == [each.name for each in WANTED.columns]
    assert [field.nullable for field in schema] == [each.mode == "NULLABLE" for each in WANTED.columns]


@pytest.mark.parametrize("value", ["a", "seed-7_1", "0", "x" * 63])
def test_plain_ids(value: str) -> None:
    assert plain_id(value) == value


@pytest.mark.parametrize("value", ["", "A", "a b", "ä", "x" * 64, "a/b", "a\n"])
def test_ids_that_a_statement_could_not_hold_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="a load or part id"):
        plain_id(value)


def test_staging_tables_differ_by_table_and_load() -> None:
    names = {staging_table(table, load) for table in ("t", "u") for load in ("a", "b")}
    assert len(names) == 4
    assert staging_table("t", "a") == staging_table("t", "a")
    assert all(name.startswith("_staging_") for name in names)
    with pytest.raises(ValueError, match="a load or part id"):
        staging_table("t", "A")


def test_a_target_is_written_as_it_was_named() -> None:
    spec = TargetSpec("duckdb", "data/x.duckdb")
    assert str(spec) == "duckdb:data/x.duckdb"
    assert spec.path.name == "x.duckdb"


@pytest.mark.parametrize("place", ["gs://bucket/x", "s3://b", "https://h/x", "a+b.c-d:/x"])
def test_object_stores_are_no_local_paths(place: str) -> None:
    with pytest.raises(InputError, match="object stores") as caught:
        refuse_url("parquet", place)
    assert "parquet:./name" in caught.value.hint


@pytest.mark.parametrize("place", ["x", "./gs", "C:\\x", "/a/b", "a:b"])
def test_paths_are_no_urls(place: str) -> None:
    refuse_url("parquet", place)


def test_a_scratch_folder_replaces_older_ones_and_leaves_others_alone(tmp_path) -> None:
    path = tmp_path / "new" / "w.duckdb"
    first = scratch_folder(path)
    (first / "file").touch()
    foreign = path.parent / f".{path.name}.scratch-mine"
    foreign.mkdir()
    second = scratch_folder(path)
    assert not first.exists()
    assert (second / MARK).is_file()
    assert foreign.is_dir()  # without the mark
    remove_scratch(second)
    remove_scratch(foreign)
    assert sorted(each.name for each in path.parent.iterdir()) == [foreign.name]


def test_a_link_to_a_scratch_folder_is_not_followed(tmp_path) -> None:
    folder = scratch_folder(tmp_path / "w")
    link = tmp_path / "link"
    link.symlink_to(folder)
    remove_scratch(link)
    assert folder.is_dir()
