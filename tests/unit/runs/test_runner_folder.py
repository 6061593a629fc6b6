"""Who may write into a run folder, and what is left of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import InputError, StorageError
from sim.runs.folder import FORMAT, RunFolder

ROOT = Path(__file__).parents[3]
MANIFEST = {"format": FORMAT, "status": "running", "digest": "a", "version": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def begin(folder: RunFolder, manifest: dict[str, str] | None = None, **how: bool) -> None:
    folder.path.mkdir(exist_ok=True)
    folder.require_free(manifest or MANIFEST, **{"resume": False, "fresh": False, **how})
    folder.begin(manifest or MANIFEST, "name: x\n", fresh=how.get("fresh", False))


def test_a_new_folder_holds_scenario_and_manifest(folder: RunFolder) -> None:
    begin(folder)
    assert sorted(path.name for path in folder.path.iterdir()) == ["manifest.json", "scenario.yaml"]
    assert folder.manifest() == MANIFEST


@pytest.mark.parametrize(("status", "ways"), [("running", ["--resume", "--fresh", "--out"]), ("complete", ["--fresh"])])
def test_a_run_is_not_overwritten_and_the_ways_out_are_named(folder: RunFolder, status: str, ways: list[str]) -> None:
    begin(folder, {**MANIFEST, "status": status})
    with pytest.raises(InputError, match="already holds a run") as caught:
        begin(folder)
    assert all(way in caught.value.hint for way in ways)


def test_fresh_replaces_the_run_and_touches_nothing_else(folder: RunFolder) -> None:
    begin(folder)
    (folder.path / "notes.txt").write_text("mine")
    (folder.path / "stats").mkdir()
    begin(folder, {**MANIFEST, "digest": "b"}, fresh=True)
    assert folder.manifest()["digest"] == "b"
    assert not (folder.path / "stats").exists()
    assert (folder.path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(("key", "message"), [("digest", "another scenario"), ("version", "another version")])
def test_only_the_same_run_is_resumed(folder: RunFolder, key: str, message: str) -> None:
    begin(folder)
    begin(folder, resume=True)
    with pytest.raises(InputError, match=message):
        begin(folder, {**MANIFEST, key: "other"}, resume=True)


def test_a_strangers_folder_is_refused(folder: RunFolder) -> None:
    folder.path.mkdir()
    (folder.path / ".DS_Store").touch()
    (folder.path / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"not empty \(it holds thesis\.tex\)"):
        begin(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}'])
def test_a_bad_manifest_is_an_error_not_an_empty_folder(folder: RunFolder, text: str) -> None:
    folder.path.mkdir()
    (folder.path / "manifest.json").write_text(text)
    with pytest.raises(StorageError, match=r"manifest\.json"):
        begin(folder)


def test_only_complete_runs_are_opened(folder: RunFolder) -> None:
    with pytest.raises(StorageError, match="holds no run"):
        folder.require_complete()
    begin(folder)
    with pytest.raises(StorageError, match="not complete"):
        folder.require_complete()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 cut off here", b"something else altogether"])
def test_a_table_that_is_cut_short_is_named(folder: RunFolder, content: bytes) -> None:
    begin(folder)
    folder.write_manifest({**MANIFEST, "status": "complete"})
    (folder.path / "curves.parquet").write_bytes(b"PAR1 data PAR1")
    folder.require_complete()
    (folder.path / "summary.parquet").write_bytes(content)
    with pytest.raises(StorageError, match=r"summary.parquet: not a Parquet file"):
        folder.require_complete()


def test_the_lock_leaves_nothing_behind(folder: RunFolder) -> None:
    with folder.locked():
        assert folder.path.is_dir()
    assert not folder.path.exists()


def test_an_existing_empty_folder_stays(folder: RunFolder) -> None:
    folder.path.mkdir()
    with folder.locked():
        pass
    assert list(folder.path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_an_error(folder: RunFolder) -> None:
    folder.path.write_text("a file")
    with pytest.raises(StorageError, match="not a folder"), folder.locked():
        pass


def test_two_programs_do_not_write_into_one_folder(folder: RunFolder) -> None:
    holder = (
        "import sys; from pathlib import Path; from sim.runs.folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", holder, str(folder.path)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match="another run is writing"), folder.locked():
            pass
        other.kill()
        other.wait()
    with folder.locked():  # the lock died with its holder
        pass
