"""What lies where in a run folder, and what damage to it leads to."""

from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError, StorageError
from sim.files import sha256
from sim.runs.folders.manifest import FORMAT
from sim.runs.folders.run_folder import RunFolder

YAML = "name: x\n"
MANIFEST: dict[str, Any] = {
    "format": FORMAT,
    "status": "running",
    "digest": "a",
    "files": {"scenario.yaml": sha256(YAML.encode())},
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def complete(folder: RunFolder, **files: bytes) -> RunFolder:
    """A complete run that consists of these files."""
    folder.begin(MANIFEST, YAML)
    for name, content in files.items():
        path = folder.path / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    digests = {name.replace("__", "/"): sha256(content) for name, content in files.items()}
    folder.write_manifest({**MANIFEST, "status": "complete", "files": {**MANIFEST["files"], **digests}})
    return folder


def test_a_new_folder_holds_scenario_and_manifest(folder: RunFolder) -> None:
    folder.begin(MANIFEST, YAML)
    assert sorted(path.name for path in folder.path.iterdir()) == ["manifest.json", "scenario.yaml"]
    assert folder.manifest() == MANIFEST


@pytest.mark.parametrize("left", [b"", b"name: y\n", None], ids=["empty", "other", "missing"])
def test_beginning_again_repairs_the_scenario(folder: RunFolder, left: bytes | None) -> None:
    folder.begin(MANIFEST, YAML)
    path = folder.path / "scenario.yaml"
    path.unlink() if left is None else path.write_bytes(left)
    folder.begin(MANIFEST, YAML)
    assert path.read_text() == YAML


def test_beginning_again_with_the_same_manifest_writes_nothing(folder: RunFolder) -> None:
    folder.begin(MANIFEST, YAML)
    before = {path.name: path.stat().st_ino for path in folder.path.iterdir()}
    folder.begin(MANIFEST, YAML)
    assert {path.name: path.stat().st_ino for path in folder.path.iterdir()} == before


def test_clearing_removes_what_runs_write_and_nothing_else(folder: RunFolder) -> None:
    complete(folder, curves__parquet=b"", stats__x=b"")
    (folder.path / "notes.txt").write_text("mine")
    (folder.path / "curves.parquet").touch()
    folder.clear()
    assert sorted(path.name for path in folder.path.iterdir()) == ["curves", "notes.txt"]


def test_a_folder_of_the_user_is_refused(folder: RunFolder) -> None:
    folder.path.mkdir()
    (folder.path / ".DS_Store").touch()
    (folder.path / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"not empty \(it holds thesis\.tex\)"):
        folder.refuse_strangers(YAML)


def test_the_scenario_that_a_stopped_run_left_is_no_obstacle_and_any_other_is(folder: RunFolder) -> None:
    folder.path.mkdir()
    (folder.path / "scenario.yaml").write_text(YAML)
    folder.refuse_strangers(YAML)
    with pytest.raises(InputError, match=r"scenario\.yaml"):
        folder.refuse_strangers("name: mine\n")


def test_only_complete_runs_are_opened(folder: RunFolder) -> None:
    with pytest.raises(StorageError, match="holds no run"):
        folder.require_complete()
    folder.begin(MANIFEST, YAML)
    with pytest.raises(StorageError, match="not complete"):
        folder.require_complete()


@pytest.mark.parametrize("content", [b"", b"rows", b"rowz", b"rows and more", None])
def test_a_damaged_or_missing_table_is_named_on_opening(folder: RunFolder, content: bytes | None) -> None:
    complete(folder, table=b"rows").require_complete()
    path = folder.path / "table"
    path.unlink() if content is None else path.write_bytes(content)
    if content == b"rows":
        folder.require_complete()
        return
    with pytest.raises(StorageError, match=r"run.table (is damaged|is missing)") as caught:
        folder.require_complete()
    assert "--resume" in caught.value.hint


def test_several_damaged_files_are_counted(folder: RunFolder) -> None:
    complete(folder, one=b"1", two=b"2", three=b"3")
    for name in ("one", "two", "three"):
        (folder.path / name).write_bytes(b"")
    with pytest.raises(StorageError, match=r"one \(and 2 more\) is damaged"):
        folder.require_complete()


def test_the_saved_scenario_is_held_to_its_digest(folder: RunFolder) -> None:
    complete(folder)
    (folder.path / "scenario.yaml").write_text("name: z\n")
    with pytest.raises(StorageError, match=r"scenario\.yaml is damaged"):
        folder.require_complete()


def test_a_log_is_verified_when_it_is_read(folder: RunFolder) -> None:
    name = folder.log("stats", "p", 0).relative_to(folder.path).as_posix()
    (folder.path / "stats" / "policy=p").mkdir(parents=True)
    complete(folder)
    manifest = folder.manifest()
    folder.write_manifest({**manifest, "files": {**manifest["files"], name: sha256(b"rows")}})
    log = folder.log("stats", "p", 0)
    log.write_bytes(b"rows")
    assert folder.verified_log("stats", "p", 0) == log
    log.write_bytes(b"rowz")
    folder.require_complete()  # logs are as many as replications
    with pytest.raises(StorageError, match="is damaged"):
        folder.verified_log("stats", "p", 0)
    assert folder.damaged(folder.manifest(), logs=True) == [name]
    assert folder.damaged(folder.manifest(), logs=False) == []


def test_a_log_that_the_manifest_does_not_know_is_refused(folder: RunFolder) -> None:
    complete(folder)
    log = folder.log("sends", "p", 7)
    log.parent.mkdir(parents=True)
    log.write_bytes(b"rows")
    with pytest.raises(StorageError, match="damaged"):
        folder.verified_log("sends", "p", 7)
