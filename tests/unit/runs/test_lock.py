"""One owner per folder; the others are told who it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import StorageError
from sim.runs.folders import lock
from sim.runs.folders.lock import LOCK, locked

ROOT = Path(__file__).parents[3]


def test_the_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "run"):
        assert (tmp_path / "a" / "run").is_dir()
    assert not (tmp_path / "a" / "run").exists()


def test_an_existing_empty_folder_stays(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_content_stays(tmp_path: Path) -> None:
    with locked(tmp_path / "run"):
        (tmp_path / "run" / "table").touch()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["table"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(StorageError, match="not a folder"), locked(tmp_path / place):
        pass


def test_the_second_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with locked(tmp_path):
        holder = json.loads((tmp_path / LOCK).read_text())
        assert holder["process"] == os.getpid()
        with (
            pytest.raises(StorageError, match=rf"process {os.getpid()} on .+, since \d{{4}}-") as told,
            locked(tmp_path),
        ):
            pass
        assert "--out" in told.value.hint
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"process": 1}'])
def test_a_holder_that_never_says_its_name_still_holds(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "RETRY_SECONDS", 0.0)
    with locked(tmp_path):
        (tmp_path / LOCK).write_text(text)
        with pytest.raises(StorageError, match="another run is writing into") as told, locked(tmp_path):
            pass
        assert told.value.message.endswith(str(tmp_path))


@pytest.mark.parametrize("before", ["", "of a process that was killed"])
def test_the_second_waits_until_the_holder_has_said_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    with locked(tmp_path):
        name = (tmp_path / LOCK).read_text()
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                (tmp_path / LOCK).write_text(name)

        monkeypatch.setattr(lock.time, "sleep", wait)
        killed = subprocess.Popen([sys.executable, "-c", ""])
        killed.wait()
        text = json.dumps({**json.loads(name), "process": killed.pid}) if before else ""
        (tmp_path / LOCK).write_text(text)
        with pytest.raises(StorageError, match=rf"\(process {os.getpid()} on"), locked(tmp_path):
            pass
        assert len(waits) == 3


def test_a_holder_of_another_machine_is_named_whatever_runs_here(tmp_path: Path) -> None:
    with locked(tmp_path):
        elsewhere = {"process": 2**22 + 1, "host": "other", "machine": "0" * 8, "since": "2026-01-01 00:00:00 UTC"}
        (tmp_path / LOCK).write_text(json.dumps(elsewhere))
        with pytest.raises(StorageError, match=r"\(process 4194305 on other, since 2026"), locked(tmp_path):
            pass


def test_a_long_text_of_the_last_holder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("x" * 5_000)  # left by a process that was killed
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["process"] == os.getpid()


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    holder = (
        "import sys; from pathlib import Path; from sim.runs.folders.lock import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match=f"process {other.pid} "), locked(tmp_path / "run"):
            pass
        other.kill()
        other.wait()
    with locked(tmp_path / "run"):
        pass


STARTER = """
import sys, time
from pathlib import Path
from sim.errors import StorageError
from sim.runs.folders.lock import locked
folder, owners = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(200):
    try:
        with locked(folder):
            mine = owners / "owner"
            mine.touch(exist_ok=False)  # fails when somebody else is inside
            mine.unlink()
    except StorageError:
        pass
"""


def test_many_starters_never_hold_a_folder_together(tmp_path: Path) -> None:
    (tmp_path / "owners").mkdir()
    command = [sys.executable, "-c", STARTER, str(tmp_path / "run"), str(tmp_path / "owners")]
    starters = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in starters] == [("", 0)] * 4
    assert not (tmp_path / "run" / LOCK).exists()


def test_the_lock_ends_also_when_its_file_cannot_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(OSError, match="Input/output"), locked(tmp_path):
            pass
    with locked(tmp_path):
        pass
