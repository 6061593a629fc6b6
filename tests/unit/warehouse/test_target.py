"""Targets: what a TARGET may be, what a warehouse says of its tables, staging that loads once and publishes whole."""

import datetime as dt

import duckdb
import pyarrow as pa
import pytest

from sim.errors import InputError, RemoteError, StorageError
from sim.warehouse.base import STATS, LocalStatementError, Staging, Target, TargetSpec
from sim.warehouse.bigquery.client import DEFAULT_BYTE_CAP, byte_cap
from sim.warehouse.schema import arrow_schema, described
from sim.warehouse.targets import open_target, parse_target


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("parquet:out", "parquet", "out"),
        ("duckdb:/tmp/a:b.duckdb", "duckdb", "/tmp/a:b.duckdb"),
        ("bigquery:my-project-1.caption_test", "bigquery", "my-project-1.caption_test"),
    ],
)
def test_the_three_forms_of_target(text, kind, place):
    spec = parse_target(text)
    assert (spec.kind, spec.place, str(spec)) == (kind, place, text)


@pytest.mark.parametrize(
    "text",
    ["", "out", "duckdb:", "duckdb: ", "mysql:x", "bigquery:p", "bigquery:my-project-1.d.t", "DUCKDB:x", "duckdb:a\0"],
)
def test_anything_else_is_bad_usage(text):
    with pytest.raises(InputError):
        parse_target(text)


def part(first, rows=10, page="page_0001"):
    schema = arrow_schema(STATS)
    moment = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    values = {"page_name": [page] * rows, "last_used": [None] * rows, "last_updated": [moment] * rows}
    numbers = list(range(first, first + rows))
    return pa.table({one.name: values.get(one.name, numbers) for one in schema}).cast(schema)


@pytest.fixture(params=["parquet", "duckdb"])
def spec(request, tmp_path):
    return TargetSpec(request.param, str(tmp_path / "warehouse"))


def test_targets_and_stagings_keep_to_the_interface(spec):
    with open_target(spec) as target:
        assert isinstance(target, Target)
        assert isinstance(target.staging(STATS, "load-1"), Staging)


def test_a_part_arrives_once_and_nothing_shows_before_publishing(spec):
    with open_target(spec) as target:
        staging = target.staging(STATS, "load-1")
        assert [staging.append("part-1", part(0)), staging.append("part-1", part(0))] == [10, 10]
        staging.append("part-2", part(10))
        assert staging.parts() == {"part-1": 10, "part-2": 10}
        found = target.describe(STATS)
        assert found is None or found.rows == 0
        staging.publish(replace=True)
        assert target.describe(STATS).rows == 20


def test_an_interrupted_load_is_taken_up_where_it_stood(spec):
    with open_target(spec) as target:
        target.staging(STATS, "load-1").append("part-1", part(0))
    with open_target(spec) as target:
        staging = target.staging(STATS, "load-1")
        assert staging.parts() == {"part-1": 10}
        assert target.staging(STATS, "load-2").parts() == {}
        staging.append("part-2", part(10))
        staging.publish_beside()
        assert target.describe(STATS).rows == 20


def test_replacing_and_appending(spec):
    with open_target(spec) as target:
        publish = {"beside": lambda one: one.publish_beside(), "replace": lambda one: one.publish(replace=True)}
        for load_id, first, how, rows in (("a", 0, "replace", 10), ("b", 10, "beside", 20), ("c", 20, "replace", 10)):
            staging = target.staging(STATS, load_id)
            staging.append(f"part-{load_id}", part(first))
            publish[how](staging)
            assert target.totals(STATS).rows == rows


def test_a_table_that_is_not_empty_is_never_replaced_unasked(spec):
    with open_target(spec) as target:
        stagings = [target.staging(STATS, load_id) for load_id in ("a", "b")]
        for number, staging in enumerate(stagings):
            staging.append("part-1", part(10 * number))
        stagings[0].publish(replace=False)
        before = target.totals(STATS)
        with pytest.raises(InputError, match="not empty"):
            stagings[1].publish(replace=False)
        assert target.totals(STATS) == before


def test_a_discarded_load_leaves_nothing(spec):
    with open_target(spec) as target:
        staging = target.staging(STATS, "load-1")
        staging.append("part-1", part(0))
        staging.discard()
        assert target.staging(STATS, "load-1").parts() == {}


def test_totals_add_up_over_parts_and_tell_changes(spec):
    with open_target(spec) as target:
        totals = []
        for load_id, parts in (("a", [part(0)]), ("b", [part(10)]), ("c", [part(0), part(10)]), ("d", [part(0, 9)])):
            staging = target.staging(STATS, load_id)
            for at, one in enumerate(parts):
                staging.append(f"part-{at}", one)
            totals.append(staging.totals())
        one, two, both, fewer = totals
        assert (both.rows, both.distinct_keys) == (20, 20)
        assert both.checksum == (one.checksum + two.checksum) % 2147483629
        assert fewer.checksum != one.checksum
        staging = target.staging(STATS, "e")
        staging.append("part-0", part(0, page="page_0002"))
        assert staging.totals().checksum != one.checksum


def test_both_local_targets_give_the_same_totals(tmp_path):
    found = set()
    for kind in ("parquet", "duckdb"):
        with open_target(TargetSpec(kind, str(tmp_path / kind))) as target:
            staging = target.staging(STATS, "a")
            staging.append("part-0", part(-5))
            found.add(staging.totals())
    assert len(found) == 1


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "A", "x" * 64, "a;b", "ä"])
def test_ids_that_are_not_plain_are_refused(spec, name):
    with open_target(spec) as target, pytest.raises(ValueError, match="load or part id"):
        target.staging(STATS, name)


def test_a_published_duckdb_table_is_the_one_of_the_ddl(tmp_path):
    with open_target(TargetSpec("duckdb", str(tmp_path / "a.duckdb"))) as target:
        staging = target.staging(STATS, "a")
        staging.append("part-0", part(0))
        staging.publish(replace=True)
        assert target.describe(STATS).columns == described(STATS).columns


def test_a_failing_part_leaves_no_rows_and_no_mark(spec):
    wrong = part(0).drop_columns(["successes"])
    with open_target(spec) as target:
        staging = target.staging(STATS, "a")
        with pytest.raises((StorageError, pa.ArrowInvalid, ValueError)):
            staging.append("part-0", wrong)
        assert staging.parts() == {}


def test_reading_wants_what_is_read_to_exist(spec):
    with pytest.raises(StorageError, match="no "):
        open_target(spec, read_only=True)


def test_what_is_no_database_is_said_so(tmp_path):
    file = tmp_path / "a.duckdb"
    file.write_text("page_name,caption_id\n")
    with pytest.raises(StorageError) as caught:
        open_target(TargetSpec("duckdb", str(file)), read_only=True)
    assert "\n" not in caught.value.message


def test_a_csv_in_place_of_parquet_is_said_so(tmp_path):
    (tmp_path / STATS).mkdir()
    (tmp_path / STATS / "a.parquet").write_text("page_name,caption_id\n")
    target = open_target(TargetSpec("parquet", str(tmp_path)), read_only=True)
    with target, pytest.raises(StorageError, match="not a Parquet file"):
        target.describe(STATS)


def test_a_failing_statement_is_told_from_a_failing_machine(tmp_path):
    with open_target(TargetSpec("duckdb", str(tmp_path / "a.duckdb"))) as target:
        with pytest.raises(LocalStatementError):
            target.query("SELECT * FROM nowhere")
        with pytest.raises(LocalStatementError):
            target.query("SELECT FROM WHERE")


def test_a_file_in_use_elsewhere_is_a_local_error(tmp_path):
    file = str(tmp_path / "a.duckdb")
    with duckdb.connect(file), pytest.raises(StorageError):
        open_target(TargetSpec("duckdb", file), read_only=True)


@pytest.fixture
def closed_port(monkeypatch):
    pytest.importorskip("google.cloud.bigquery")
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")


def test_a_port_where_nobody_listens_is_a_remote_error(closed_port):
    target = open_target(parse_target("bigquery:my-project-1.caption_test"))
    with target, pytest.raises(RemoteError) as caught:
        target.describe(STATS)
    assert "nobody listens at 127.0.0.1:9" in caught.value.message
    assert "reachable" in caught.value.hint


def test_no_credentials_are_said_so(monkeypatch, tmp_path):
    pytest.importorskip("google.cloud.bigquery")
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(RemoteError) as caught:
        open_target(parse_target("bigquery:my-project-1.caption_test"))
    assert "log in" in caught.value.hint


def test_a_missing_client_library_is_said_so(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery", raising=False)
    with pytest.raises(InputError, match="BigQuery client") as caught:
        open_target(parse_target("bigquery:my-project-1.caption_test"))
    assert "bigquery]" in caught.value.hint


@pytest.mark.parametrize(("text", "bytes_"), [("", DEFAULT_BYTE_CAP), ("1073741824", 2**30)])
def test_the_byte_cap(monkeypatch, text, bytes_):
    monkeypatch.setenv("CAPTION_SIM_MAX_BYTES_BILLED", text)
    assert byte_cap() == bytes_


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "1 GB", "١"])
def test_a_byte_cap_that_is_no_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("CAPTION_SIM_MAX_BYTES_BILLED", text)
    with pytest.raises(InputError):
        byte_cap()
