"""Of a folder of Parquet files only what this program wrote is replaced, and every reader can read the folder."""

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from sim.errors import InputError
from sim.seeding.loads import seed_load
from sim.warehouse.base import LOADS, STATS, TargetSpec
from sim.warehouse.load.loading import load
from sim.warehouse.parquet_folder import MANIFEST, files_in, foreign_file, listed, manifest_of, write_list
from sim.warehouse.targets import open_target
from twins.small_load import PLAN, seed, tree


def _partitioned(folder):
    (folder / "page_name=a").mkdir()
    pl.DataFrame({"caption_id": [1]}).write_parquet(folder / "page_name=a" / "part-0.parquet")


FOREIGN = {
    "another_file": lambda folder: (folder / "mine.csv").write_text("a,b\n1,2\n"),
    "parquet": lambda folder: pl.DataFrame({"a": [1]}).write_parquet(folder / "mine.parquet"),
    "hidden": lambda folder: (folder / ".notes").write_text("mine"),
    "partitioned": _partitioned,
    "empty_folder": lambda folder: (folder / "sub").mkdir(),
    "upper_case": lambda folder: (folder / "PART-000000.PARQUET").write_text("mine"),
    "link": lambda folder: (folder / "part-000000.parquet").symlink_to(folder.parent / "elsewhere"),
}


@pytest.mark.parametrize("replacing", [[], ["--replace"]])
@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("table", [STATS, LOADS])
def test_a_folder_with_anything_of_the_users_is_never_replaced(tmp_path, kind, replacing, table, capsys):
    folder = tmp_path / "w" / table
    folder.mkdir(parents=True)
    FOREIGN[kind](folder)
    before = tree(tmp_path / "w")
    assert seed(f"parquet:{tmp_path / 'w'}", *replacing) == 2
    assert "was not written by this program" in capsys.readouterr().err
    after = tree(tmp_path / "w")
    assert {name: after.get(name) for name in before} == before
    assert folder.is_dir()


@pytest.mark.parametrize("replacing", [[], ["--replace"]])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_put_among_ours_stops_a_replacement(tmp_path, kind, replacing, capsys):
    target = f"parquet:{tmp_path / 'w'}"
    assert seed(target, "--seed", "9") == 0
    FOREIGN[kind](tmp_path / "w" / STATS)
    before = tree(tmp_path / "w")
    assert seed(target, *replacing) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert tree(tmp_path / "w") == before


def test_a_file_of_ours_that_was_changed_is_the_users(tmp_path):
    target, folder = f"parquet:{tmp_path / 'w'}", tmp_path / "w" / STATS
    assert seed(target, "--seed", "9") == 0
    [file] = folder.glob("*.parquet")
    pl.read_parquet(file).head(5).write_parquet(file)
    assert seed(target, "--replace") == 2
    assert pl.read_parquet(file).height == 5


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"files": 3}', '{"files": {"a": 1}}', "\x00"])
def test_a_damaged_manifest_makes_nothing_ours(tmp_path, damage):
    target, folder = f"parquet:{tmp_path / 'w'}", tmp_path / "w" / STATS
    assert seed(target, "--seed", "9") == 0
    manifest_of(folder).write_text(damage)
    assert foreign_file(folder) is not None
    assert seed(target, "--replace") == 2
    assert len(list(folder.glob("*.parquet"))) == 1


@pytest.mark.parametrize("make", [lambda path: path.write_text("mine"), lambda path: path.symlink_to(path.parent)])
def test_a_file_or_link_in_the_place_of_the_folder_stays(tmp_path, make):
    (tmp_path / "w").mkdir()
    make(tmp_path / "w" / STATS)
    assert seed(f"parquet:{tmp_path / 'w'}", "--replace") == 2
    assert (tmp_path / "w" / STATS).is_symlink() or (tmp_path / "w" / STATS).read_text() == "mine"


def test_other_tables_folders_and_lock_files_of_the_user_stay(tmp_path):
    folder = tmp_path / "w"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "a.parquet").write_text("mine")
    (folder / ".lock").write_text("mine")
    before = tree(folder)
    assert seed(f"parquet:{folder}") == 0
    assert seed(f"parquet:{folder}", "--seed", "8", "--replace") == 0
    after = tree(folder)
    assert {name: after[name] for name in before} == before


def test_a_file_put_there_while_loading_stops_the_exchange(tmp_path):
    spec = TargetSpec("parquet", str(tmp_path / "w"))

    def meanwhile(done, folder):
        yield from seed_load(PLAN).write(done, folder)
        (tmp_path / "w" / STATS).mkdir()
        (tmp_path / "w" / STATS / "mine.csv").write_text("mine")

    with open_target(spec) as target, pytest.raises(InputError, match="not written by this program"):
        load(target, [replace(seed_load(PLAN), write=meanwhile)], replace=True)
    assert (tmp_path / "w" / STATS / "mine.csv").read_text() == "mine"


def test_an_exchange_killed_between_its_renames_is_recovered(tmp_path):
    target, folder = f"parquet:{tmp_path / 'w'}", tmp_path / "w"
    assert seed(target) == 0
    before = tree(folder / STATS)
    (folder / STATS).rename(folder / f".replaced-{STATS}")
    assert seed(target) == 0  # the same rows: found, not made again
    assert tree(folder / STATS) == before
    shutil.copytree(folder / STATS, folder / f".replaced-{STATS}")
    assert seed(target) == 0
    assert not (folder / f".replaced-{STATS}").exists()


@pytest.mark.slow
def test_a_death_at_any_step_of_an_exchange_leaves_one_whole_table_and_nothing_else(tmp_path, monkeypatch):
    """The n-th rename, link or removal never happens, for every n; the next command finishes the exchange."""
    steps = ("replace", "unlink", "rmdir")
    for target in range(1, 100):
        folder, seen = tmp_path / str(target), [0]
        assert seed(f"parquet:{folder}", "--seed", "9") == 0
        with monkeypatch.context() as patch:
            for name in steps:
                patch.setattr(Path, name, dying(getattr(Path, name), target, seen))
            with suppress(Death), open_target(TargetSpec("parquet", str(folder))) as opened:
                load(opened, [seed_load(PLAN)], replace=True)
        assert seed(f"parquet:{folder}", "--replace") == 0
        names = {file.name for file in folder.iterdir()}
        lists = {manifest_of(folder / table).name for table in (STATS, LOADS)}
        assert names == {STATS, LOADS, ".caption-sim.lock", *lists}, target
        assert listed(folder / STATS) >= files_in(folder / STATS)
        assert foreign_file(folder / STATS) is None
        assert pl.read_parquet(folder / STATS).height == 2_000
        if seen[0] < target:
            return
    raise AssertionError("the exchange never ended")


class Death(BaseException):
    """The end of a process, which no code may catch."""


def dying(do, target, seen):
    def step(*arguments, **options):
        seen[0] += 1
        if seen[0] >= target:
            raise Death
        return do(*arguments, **options)

    return step


def test_a_file_put_into_the_folder_that_moves_away_is_kept_and_said(tmp_path, capsys):
    target, old = f"parquet:{tmp_path / 'w'}", tmp_path / "w" / f".replaced-{STATS}"
    assert seed(target, "--seed", "9") == 0
    shutil.copytree(tmp_path / "w" / STATS, old)
    (old / "mine.parquet").write_text("mine")
    assert seed(target, "--replace") == 2
    assert "mine.parquet was not written by this program" in capsys.readouterr().err
    assert (old / "mine.parquet").read_text() == "mine"
    (old / "mine.parquet").unlink()
    assert seed(target, "--replace") == 0
    assert not old.exists()


def as_earlier_versions(folder):
    """Put the list of a table's files into its folder, as versions before this one did."""
    files = {name: {"bytes": size, "sha256": sha256} for name, size, sha256 in listed(folder)}
    (folder / MANIFEST).write_text(json.dumps({"files": files}))
    manifest_of(folder).unlink()


@pytest.mark.parametrize("options", [["--seed", "9"], ["--replace"]])
def test_a_folder_of_an_earlier_version_is_ours_and_its_list_moves_out(tmp_path, options):
    folder = tmp_path / "w"
    assert seed(f"parquet:{folder}", "--seed", "9") == 0
    for table in (STATS, LOADS):
        as_earlier_versions(folder / table)
        assert foreign_file(folder / table) is None
    assert seed(f"parquet:{folder}", *options) == 0
    assert {file.suffix for table in (STATS, LOADS) for file in (folder / table).iterdir()} == {".parquet"}
    assert all(foreign_file(folder / table) is None for table in (STATS, LOADS))


def _pandas(folder):
    return len(pytest.importorskip("pandas").read_parquet(folder))


def _duckdb(source):
    return lambda folder: duckdb.sql(f"SELECT COUNT(*) FROM read_parquet('{folder}/{source}')").fetchall()[0][0]


READERS = {
    "polars": lambda folder: pl.read_parquet(folder).height,
    "polars, lazy": lambda folder: pl.scan_parquet(folder).collect().height,
    "pandas": _pandas,
    "pyarrow": lambda folder: pq.read_table(folder).num_rows,
    "pyarrow dataset": lambda folder: pyarrow.dataset.dataset(folder).count_rows(),
    "duckdb": _duckdb("*.parquet"),
    "duckdb, every file": _duckdb("*"),
    "duckdb, every level": _duckdb("**"),
}


@pytest.fixture(scope="module")
def written_twice(tmp_path_factory):
    """A folder of tables after a load and a replacement."""
    folder = tmp_path_factory.mktemp("tables")
    assert seed(f"parquet:{folder}", "--seed", "9") == 0
    assert seed(f"parquet:{folder}", "--replace") == 0
    return folder


@pytest.mark.parametrize("reader", READERS)
def test_readers_that_are_given_the_folder_find_the_rows_and_nothing_else(written_twice, reader):
    assert READERS[reader](written_twice / STATS) == 2_000
    assert READERS[reader](written_twice / LOADS) == 2


def test_a_list_with_two_files_of_one_name_knows_both(tmp_path):
    """During an exchange an old file and a new one may have the same name."""
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.parquet").write_text("old")
    old = files_in(folder)
    (folder / "a.parquet").write_text("new")
    write_list(folder, old | files_in(folder))
    assert foreign_file(folder) is None
    (folder / "a.parquet").write_text("old")
    assert foreign_file(folder) is None
    (folder / "a.parquet").write_text("odd")
    assert foreign_file(folder) == folder / "a.parquet"
