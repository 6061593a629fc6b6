"""A run is read as it was opened: tables that another command replaces meanwhile are not mixed with earlier ones."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.errors import StorageError
from sim.files import digest
from sim.runs.folders.manifest import COMPLETE, FORMAT
from sim.runs.folders.run_folder import RunFolder
from sim.runs.run import StoredRun
from sim.warehouse.load.run_tables import file_load

ROWS = pl.DataFrame({"policy": ["a", "b"], "share": [0.25, 0.75]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A complete run, as its manifest says, with two tables and one log."""
    log = tmp_path / "sends" / "policy=a" / "replication=0.parquet"
    log.parent.mkdir(parents=True)
    for path in (tmp_path / "ranks.parquet", tmp_path / "beats.parquet", log):
        ROWS.write_parquet(path)
    files = {path.relative_to(tmp_path).as_posix(): digest(path) for path in tmp_path.rglob("*.parquet")}
    RunFolder(tmp_path).write_manifest({"format": FORMAT, "status": COMPLETE, "policies": ["a"], "files": files})
    return tmp_path


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def replaced(file: Path) -> None:
    ROWS.reverse().write_parquet(file)


@pytest.mark.parametrize("change", [cut, replaced, Path.unlink])
@pytest.mark.parametrize("name", ["beats.parquet", "ranks.parquet", "manifest.json"])
def test_a_table_that_is_replaced_after_the_run_was_opened_is_refused(
    folder: Path, name: str, change: Callable[[Path], None]
) -> None:
    run = StoredRun.open(folder)
    assert run.table("ranks").equals(ROWS)
    change(folder / name)
    with pytest.raises(StorageError, match=rf"{name}: was changed while it was read|holds no table 'beats'"):
        run.table("beats")


def test_logs_are_read_one_by_one_and_other_files_may_change(folder: Path) -> None:
    run = StoredRun.open(folder)
    (folder / "report.html").write_text("new")
    log = RunFolder(folder).log("sends", "a", 0)
    assert run.sends("a", 0).equals(ROWS)
    assert run.table("beats").equals(ROWS)
    replaced(log)
    with pytest.raises(StorageError, match=r"replication=0\.parquet is damaged"):
        run.sends("a", 0)


def test_a_file_that_changes_after_its_load_was_planned_is_not_loaded(folder: Path) -> None:
    """The load has the digest of the first content for its id: the other rows would count as loaded under it."""
    file = folder / "ranks.parquet"
    load = file_load("ranks", file, {})
    replaced(file)
    with pytest.raises(StorageError, match=r"ranks\.parquet: was changed while it was read"):
        list(load.write([], folder))
