"""Files are whole or not there."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.errors import StorageError, out_of_memory
from sim.files import (
    KEPT_SECONDS,
    Unchanged,
    digest,
    is_full_disk,
    is_running,
    link_or_copy,
    make_folder,
    remove_left_over,
    replacing,
    reporting_full_disk,
    sha256,
    this_machine,
    write_bytes,
    write_text,
)


def test_a_file_written_well_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table"
    target.write_text("old")
    write_text(target, "neu – ü\n")
    assert target.read_bytes() == "neu – ü\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("half-way")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


def test_two_processes_that_write_one_file_at_once_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "table"
    with replacing(target) as first:
        first.write_text("half of the fir")
        monkeypatch.setattr(os, "getpid", lambda: -7)
        write_text(target, "second, whole")
        assert target.read_text() == "second, whole"
        first.write_text("first, whole")
    assert target.read_text() == "first, whole"
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


WRITER = """
import os, signal, sys
from pathlib import Path
from sim.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_there(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", WRITER, str(tmp_path / "table")], cwd=root, check=False)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    write_text(tmp_path / "table", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


def test_nothing_but_files_of_dead_processes_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here, dead = this_machine(), gone.pid
    left_over = [f".table.{here}-{dead}.part", f".other\n.svg.{here}-{dead}.part", ".table.00000000-1.part"]
    kept = [
        f".table.{here}-{os.getpid()}.part",  # another thread of this process
        f".table.{here}-1.part",  # a process that runs, of another user
        f".new.00000000-{dead}.part",  # of another machine, written just now
        f"table.{here}-{dead}.part",
        f".table.{here}-{dead}.part.csv",
        f".table.{here.upper()}X-{dead}.part",
        f".table.{here}-{dead}x.part",
        f".{here}-{dead}.part",
        f".table.{dead}.part",
        f".table.{here}-.part",
        ".table.part",
    ]
    for name in [*left_over, *kept]:
        (tmp_path / name).write_text("rows")
    old = time.time() - KEPT_SECONDS - 60
    os.utime(tmp_path / ".table.00000000-1.part", (old, old))
    (tmp_path / f".folder.{here}-{dead}.part").mkdir()
    (tmp_path / f".link.{here}-{dead}.part").symlink_to(tmp_path / kept[0])
    remove_left_over(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *kept,
        f".folder.{here}-{dead}.part",
        f".link.{here}-{dead}.part",
    }


def test_a_folder_that_cannot_be_read_does_not_stop_a_writer(tmp_path: Path) -> None:
    remove_left_over(tmp_path / "missing")


@pytest.mark.parametrize("process", [2**22 + 1, 2**31, 2**40])
def test_a_number_of_no_process_is_not_running(process: int) -> None:
    assert not is_running(process)
    assert is_running(os.getpid())
    assert is_running(1)


def test_a_folder_in_the_place_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    with pytest.raises(StorageError, match="table: is a folder, where a file belongs"):
        write_text(tmp_path / "table", "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["table"]


def test_the_new_name_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "table"
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"


def test_folders_are_made_at_any_depth(deep_folder: Path) -> None:
    make_folder(deep_folder)
    make_folder(deep_folder)
    assert deep_folder.is_dir()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            make_folder(path)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        RuntimeError("IO error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_recognised_however_it_is_reported(error: Exception) -> None:
    assert is_full_disk(error)
    wrapped = ValueError("the writer failed")
    wrapped.__context__ = error
    assert is_full_disk(wrapped)


def test_other_errors_are_no_full_disk() -> None:
    assert not is_full_disk(OSError(errno.EACCES, "Permission denied"))
    assert not is_full_disk(ValueError("no rows left"))


def test_a_full_disk_becomes_one_message_and_other_errors_stay(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no space left on the disk") as caught, replacing(tmp_path / "t"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(tmp_path / "t") in str(caught.value)
    with pytest.raises(KeyError), reporting_full_disk(tmp_path):
        raise KeyError("x")
    assert list(tmp_path.iterdir()) == []


def test_digests_are_those_of_the_content(tmp_path: Path) -> None:
    write_bytes(tmp_path / "f", b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, appendix B.1
    assert digest(tmp_path / "f") == sha256(b"abc") == expected


def test_a_link_is_the_same_file_and_a_copy_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_text("content")
    link_or_copy(source, tmp_path / "link")
    assert (tmp_path / "link").samefile(source)

    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    link_or_copy(source, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "content"
    assert not (tmp_path / "copy").samefile(source)


@pytest.mark.parametrize(
    ("problem", "memory"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("can't start new thread"), True),
        (ImportError("libx.so: failed to map segment from shared object"), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (ValueError("memory must be a Memory"), False),
    ],
)
def test_a_lack_of_memory_is_recognised_however_it_is_reported(problem: BaseException, memory: bool) -> None:
    assert out_of_memory(problem) is memory


CHANGES = {
    "cut": lambda path: os.truncate(path, 3),
    "removed": Path.unlink,
    "replaced": lambda path: write_bytes(path, b"rows of B"),
    "rewritten": lambda path: (path.write_bytes(b"rows of B"), os.utime(path, (1, 1))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read_is_named(tmp_path: Path, change: str) -> None:
    for name in ("kept", "log"):
        (tmp_path / name).write_bytes(b"rows of A")
    with (
        pytest.raises(StorageError, match=r"log: was changed while it was read"),
        Unchanged(tmp_path.iterdir()).reading(),
    ):
        CHANGES[change](tmp_path / "log")


class Panic(BaseException):
    """As of Polars."""


@pytest.mark.parametrize("problem", [ValueError, Panic])
def test_a_change_explains_why_reading_failed_and_nothing_else_does(tmp_path: Path, problem: type) -> None:
    (tmp_path / "log").write_bytes(b"rows of A")
    held = Unchanged([tmp_path / "log", tmp_path / "missing"])
    with pytest.raises(problem), held.reading():
        raise problem
    os.truncate(tmp_path / "log", 3)
    with pytest.raises(StorageError, match="was changed"), held.reading():
        raise problem
    with pytest.raises(KeyboardInterrupt), held.reading():
        raise KeyboardInterrupt
