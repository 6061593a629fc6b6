"""A new run takes the place of an old one; a death at any moment leaves one of the two, whole."""

import shutil
from pathlib import Path

import pytest

from sim.errors import StorageError
from sim.files import sha256
from sim.runs.folders import exchange as module
from sim.runs.folders.exchange import discard, exchange, finish
from sim.runs.folders.manifest import FORMAT
from sim.runs.folders.run_folder import RunFolder


def fill(folder: RunFolder, text: str, *names: str) -> None:
    """A complete run of some tables that say `text`."""
    folder.path.mkdir(parents=True, exist_ok=True)
    for name in ("scenario.yaml", *names):
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = {name: sha256(text.encode()) for name in ("scenario.yaml", *names)}
    folder.write_manifest({"format": FORMAT, "status": "complete", "said": text, "files": files})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    fill(folder, "old", "curves.parquet", "stats/a", "sends/a")
    fill(folder.next, "new", "curves.parquet", "pairs.parquet", "stats/a")
    (folder.path / "notes.txt").write_text("mine")
    return folder


def content(folder: RunFolder) -> dict[str, str]:
    names = ("curves.parquet", "pairs.parquet", "stats/a", "sends/a", "notes.txt")
    return {name: (folder.path / name).read_text() for name in names if (folder.path / name).exists()}


NEW = {"curves.parquet": "new", "pairs.parquet": "new", "stats/a": "new", "notes.txt": "mine"}


def test_the_new_run_replaces_the_old_one_and_nothing_else(folder: RunFolder) -> None:
    exchange(folder)
    assert content(folder) == NEW
    assert folder.require_complete().manifest()["said"] == "new"
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(("name", "what"), [("pairs.parquet", "is a folder"), ("tables", "is a file")])
def test_what_is_in_the_way_is_named_before_anything_is_removed(folder: RunFolder, name: str, what: str) -> None:
    way = folder.path / name
    way.mkdir() if what == "is a folder" else way.write_text("mine")
    with pytest.raises(StorageError, match=f"{name}: {what}"):
        exchange(folder)
    assert folder.require_complete().manifest()["said"] == "old"
    way.rmdir() if way.is_dir() else way.unlink()
    exchange(folder)
    assert content(folder) == NEW


def test_a_link_that_leads_to_itself_is_a_damaged_file(folder: RunFolder) -> None:
    table = folder.path / "curves.parquet"
    table.unlink()
    table.symlink_to(table.name)
    with pytest.raises(StorageError, match=r"curves\.parquet is (missing|damaged)"):
        folder.require_complete()
    exchange(folder)
    assert content(folder) == NEW


def test_discarding_keeps_the_old_run(folder: RunFolder) -> None:
    discard(folder)
    assert not folder.next.path.exists()
    assert folder.require_complete().manifest()["said"] == "old"


def test_finishing_does_nothing_before_the_new_run_is_complete(folder: RunFolder) -> None:
    finish(folder)
    assert folder.require_complete().manifest()["said"] == "old"
    assert folder.next.path.exists()


class Died(BaseException):
    """Stands for the end of the process."""


def steps(monkeypatch: pytest.MonkeyPatch, last: int) -> list[str]:
    """Let all but the first `last` changes of the disk fail."""
    done: list[str] = []

    def guarded(original: object, name: str) -> object:
        def act(*args: object, **options: object) -> object:
            if len(done) >= last:
                raise Died
            done.append(name)
            return original(*args, **options)  # type: ignore[operator]

        return act

    for owner, name in ((Path, "rename"), (Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree"), (module, "flush")):
        monkeypatch.setattr(owner, name, guarded(getattr(owner, name), name))
    return done


def test_a_death_at_any_step_leaves_the_old_run_or_is_finished_later(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for last in range(200):
        copy = RunFolder(tmp_path / f"copy{last}")
        shutil.copytree(folder.path, copy.path)
        with monkeypatch.context() as patch:
            steps(patch, last)
            try:
                exchange(copy)
            except Died:
                finished = False
            else:
                finished = True
        said = copy.manifest().get("said")
        if said == "old":
            assert content(copy) == content(folder)
        elif said is None:
            with pytest.raises(StorageError, match="holds no run") as caught:
                copy.require_complete()
            assert "--resume" in caught.value.hint
        finish(copy)
        if said != "old":
            assert content(copy) == NEW
            assert copy.require_complete().manifest()["said"] == "new"
        if finished:
            assert last > 10
            return
    raise AssertionError("the exchange did not end")
