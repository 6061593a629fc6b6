"""Nothing that a user keeps beside or in a target is deleted, whatever its name; every way that removes or replaces."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sim.cli import exit_code
from sim.errors import InputError, StorageError
from sim.seeding.loads import seed_load
from sim.warehouse.base import STATS, TargetSpec
from sim.warehouse.duckdb import DuckDBTarget
from sim.warehouse.load.loading import load
from sim.warehouse.places import MARK, remove_scratch, scratch_folder
from sim.warehouse.targets import open_target, parse_target
from twins.small_load import PLAN, SEED, seed, tree

USER_ROWS = 100_000


def user_table(file, name, columns="i AS caption_id, 'mine' AS page_name"):
    with duckdb.connect(str(file)) as connection:
        connection.execute(f'CREATE TABLE "{name}" AS SELECT {columns} FROM range({USER_ROWS}) r(i)')


def rows_of(file, name):
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchall()[0][0]


@pytest.mark.parametrize("name", ["CAPTION_BANDIT_STATS", "Caption_Bandit_Stats", "caption_bandit_STATS", STATS])
def test_a_table_whose_name_differs_in_case_is_the_table(tmp_path, name, capsys):
    file = tmp_path / "w.duckdb"
    user_table(file, name)
    assert seed(f"duckdb:{file}") == 2
    assert f"the columns of {STATS} differ: successes is missing" in capsys.readouterr().err
    assert rows_of(file, name) == USER_ROWS


def test_rows_of_the_users_in_a_table_of_the_right_columns_stay(tmp_path, capsys):
    file = tmp_path / "w.duckdb"
    assert seed(f"duckdb:{file}", "--seed", "9") == 0
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"ALTER TABLE {STATS} RENAME TO CAPTION_BANDIT_STATS")
    assert seed(f"duckdb:{file}") == 2
    assert "already holds 2,000 other rows" in capsys.readouterr().err
    assert rows_of(file, STATS) == 2_000


@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_a_view_of_that_name_stays(tmp_path, options, capsys):
    file = tmp_path / "w.duckdb"
    user_table(file, "mine")
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE VIEW Caption_Bandit_Stats AS SELECT * FROM mine")
    assert seed(f"duckdb:{file}", *options) == 2
    assert "is a view" in capsys.readouterr().err
    assert rows_of(file, "caption_bandit_stats") == USER_ROWS


def test_replacing_rows_keeps_what_a_user_added_to_the_table(tmp_path):
    file = tmp_path / "w.duckdb"
    assert seed(f"duckdb:{file}", "--seed", "9") == 0
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"ALTER TABLE {STATS} ADD COLUMN note VARCHAR DEFAULT 'kept'")
        connection.execute(f"CREATE INDEX mine ON {STATS} (caption_id)")
    assert seed(f"duckdb:{file}", "--replace") == 0
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(f"SELECT COUNT(*), MIN(note) FROM {STATS}").fetchall() == [(2_000, "kept")]
        assert connection.execute("SELECT index_name FROM duckdb_indexes()").fetchall() == [("mine",)]


def test_an_empty_table_with_a_column_more_keeps_its_layout(tmp_path):
    file = tmp_path / "w.duckdb"
    assert exit_code(["deploy", "--to", f"duckdb:{file}"]) == 0
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"ALTER TABLE {STATS} ADD COLUMN note VARCHAR")
    assert seed(f"duckdb:{file}") == 0
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(f"SELECT COUNT(*), COUNT(note) FROM {STATS}").fetchall() == [(2_000, 0)]


def test_a_table_or_view_of_that_name_in_another_schema_is_another_one(tmp_path):
    file = tmp_path / "a.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA mine; CREATE SCHEMA views")
        connection.execute(f"CREATE TABLE mine.{STATS} AS SELECT 1 AS a; CREATE INDEX i ON mine.{STATS} (a)")
        connection.execute(f"CREATE VIEW views.{STATS} AS SELECT 2 AS a")
    assert seed(f"duckdb:{file}") == 0
    assert seed(f"duckdb:{file}", "--replace") == 0
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(f"SELECT a FROM mine.{STATS} UNION ALL SELECT a FROM views.{STATS}").fetchall() == [
            (1,),
            (2,),
        ]
    assert rows_of(file, STATS) == 2_000


@pytest.mark.parametrize("place", ["parquet:~old/t", "duckdb:~old/t.duckdb"])
def test_a_folder_whose_name_begins_with_a_tilde_is_no_home(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~old").mkdir()
    assert seed(place) == 0
    assert seed(place) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["~old"]


def test_a_table_that_cannot_take_the_rows_is_left_as_it_was(tmp_path, capsys):
    file = tmp_path / "w.duckdb"
    user_table(file, STATS)
    assert seed(f"duckdb:{file}", "--replace") == 2
    assert "Traceback" not in capsys.readouterr().err
    assert rows_of(file, STATS) == USER_ROWS


@pytest.mark.parametrize("name", ["w.scratch", "w.duckdb.scratch", ".w.duckdb.scratch", ".w.duckdb.scratch-mine"])
def test_folders_beside_the_file_stay_whatever_they_are_called(tmp_path, name):
    mine = tmp_path / name
    mine.mkdir()
    (mine / "part-000000.parquet").write_text("mine")
    before = tree(mine)
    assert seed(f"duckdb:{tmp_path / 'w.duckdb'}") == 0
    assert tree(mine) == before


def test_two_files_of_one_stem_do_not_share_a_scratch_folder(tmp_path):
    """x.db loads while x.duckdb loads: neither clears the parts of the other."""
    other = TargetSpec("duckdb", str(tmp_path / "x.db"))

    def nested(done, folder):
        for index, made in enumerate(seed_load(PLAN, 1_000).write(done, folder)):
            if index == 0:
                with open_target(other) as target:
                    load(target, [seed_load(replace(PLAN, seed=8), 1_000)])
            yield made

    with open_target(TargetSpec("duckdb", str(tmp_path / "x.duckdb"))) as target:
        load(target, [replace(seed_load(PLAN, 1_000), write=nested)])
    assert rows_of(tmp_path / "x.duckdb", STATS) == rows_of(tmp_path / "x.db", STATS) == 2_000


def test_a_scratch_folder_is_private_and_an_old_one_of_ours_is_removed(tmp_path):
    file = tmp_path / "w.duckdb"
    first = scratch_folder(file)
    second = scratch_folder(file)
    assert first != second
    assert not first.exists()  # it was left by an earlier process
    (second / MARK).unlink()
    remove_scratch(second)
    assert second.is_dir()  # without the mark it is not ours


@pytest.mark.parametrize(
    "place", ["gs://bucket/x", "s3://b/x", "gs:/b", "https://h/x", "file:///tmp/x", "abfs://c@a/x"]
)
@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
@pytest.mark.parametrize("command", ["seed", "load", "verify"])
def test_a_url_is_refused_and_leaves_nothing(tmp_path, monkeypatch, place, kind, command, capsys):
    monkeypatch.chdir(tmp_path)
    words = {"seed": SEED, "load": ["load", "run"], "verify": ["verify"]}[command]
    expected = 3 if command == "load" else 2  # there is no run folder: said first
    assert exit_code([*words, "--to", f"{kind}:{place}"]) in (2, expected)
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_question_mark_in_a_duckdb_path_is_refused(tmp_path):
    assert seed(f"duckdb:{tmp_path / 'w?.duckdb'}") == 2
    assert list(tmp_path.iterdir()) == []


def test_only_local_code_paths_delete_and_each_is_named_here():
    """A new rmtree, unlink, DROP or replace in the warehouse must come with a test of what it may remove."""
    root = Path(__file__).parents[3] / "sim" / "warehouse"
    words = ("rmtree(", ".unlink(", ".rmdir(", "DROP TABLE", "DELETE FROM", "delete_table(", "CREATE OR REPLACE")
    found = {
        f"{file.relative_to(root)} {word}"
        for file in root.rglob("*.py")
        if "verify" not in file.parts
        for word in words
        if word in file.read_text(encoding="utf-8")
    }
    assert found == {
        "bigquery/lease.py delete_table(",
        "bigquery/staging.py DELETE FROM",
        "bigquery/staging.py .unlink(",
        "bigquery/staging.py delete_table(",
        "bigquery/target.py delete_table(",
        "deploy.py CREATE OR REPLACE",
        "duckdb_staging.py .unlink(",
        "duckdb_staging.py DELETE FROM",
        "duckdb_staging.py DROP TABLE",
        "embedded.py CREATE OR REPLACE",
        "export/content.py CREATE OR REPLACE",  # text for files of other tools; nothing is run
        "jobs.py CREATE OR REPLACE",
        "parquet_folder.py .rmdir(",
        "parquet_folder.py .unlink(",
        "parquet_staging.py .unlink(",
        "places.py rmtree(",
    }


def test_a_full_disk_is_a_storage_error(tmp_path, monkeypatch):
    """DuckDB reports a full disk as an error of several kinds; each is exit code 3."""
    from sim.warehouse.embedded import local_errors

    for error in (duckdb.IOException("No space left on device"), duckdb.Error("Failed to commit: No space left")):
        with pytest.raises(StorageError, match="No space left") as caught, local_errors("duckdb:x"):
            raise error
        assert caught.value.exit_code == 3
        assert "free some space" in caught.value.hint


@pytest.mark.parametrize(
    ("head", "what"), [(b"SQLite format 3\0", "a SQLite database"), (b"PK\x03\x04", "Excel"), (b"{", "JSON")]
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_another_kind_stays_as_it_is(tmp_path, head, what, read_only):
    """DuckDB would fetch its extension for SQLite, and make the table in that database."""
    file = tmp_path / "w.duckdb"
    file.write_bytes(head + bytes(5_000))
    with pytest.raises(StorageError, match=what):
        DuckDBTarget(TargetSpec("duckdb", str(file)), read_only=read_only)
    assert file.read_bytes() == head + bytes(5_000)


@pytest.mark.parametrize("place", ["md:mine", "sqlite:mine.db", "ducklake:x", "postgres:dbname=x"])
def test_what_duckdb_takes_for_a_service_is_not_a_file(place):
    with pytest.raises(InputError, match="is not a local file") as refused:
        parse_target(f"duckdb:{place}")
    assert refused.value.hint.endswith(f"./{place}")
    assert parse_target(f"duckdb:./{place}").place == f"./{place}"
