"""One program at a time writes into a run folder; a second one is told who does.

The lock is the operating system's, on the file `.lock` in the folder, and ends with its process, however that ends.
The file holds the process number, the host and the time, and is removed at the end.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sim.errors import StorageError
from sim.files import is_running, make_folder, this_machine

LOCK = ".lock"
RETRY_SECONDS = 0.1
NAME_TRIES = 30  # to read who holds the folder: a holder that has just started has not written it yet


@contextmanager
def locked(folder: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the folder, making it where needed, and remove it at the end if it is empty then.

    Raises StorageError when another program still holds it after `wait_seconds`, or when it is not a folder.
    """
    handle, made = None, not folder.exists()
    try:
        handle = _acquire(folder, time.monotonic() + wait_seconds)
        yield
    finally:
        if handle is not None:
            _release(folder / LOCK, handle)
        if made:
            remove_if_empty(folder)


def _acquire(folder: Path, deadline: float) -> int:
    """An open file, locked; tries again when another program removed the file, or the folder, at the same moment."""
    nameless = 0
    while True:
        try:
            make_folder(folder)
        except (FileExistsError, NotADirectoryError):
            raise StorageError(f"{folder} is not a folder") from None
        try:
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue
        if not _lock(handle):
            os.close(handle)
            if time.monotonic() >= deadline:
                if (holder := _holder(folder / LOCK)) or nameless >= NAME_TRIES:
                    raise _held(folder, holder)
                nameless += 1
            time.sleep(RETRY_SECONDS)
            continue
        if _is_file(handle, folder / LOCK):
            _write_holder(handle)
            return handle
        os.close(handle)


def _is_file(handle: int, path: Path) -> bool:
    """Whether `path` is still the file that was opened, and not a new one in its place."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _lock(handle: int) -> bool:
    """Lock without waiting; False when another process holds the lock."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return _lock_on_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(handle: int) -> bool:
    import msvcrt  # noqa: PLC0415

    os.lseek(handle, HOLDER_BYTES, os.SEEK_SET)  # beyond the text, which others read
    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True


HOLDER_BYTES = 1_000


def _write_holder(handle: int) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    text = json.dumps({"process": os.getpid(), "host": platform.node(), "machine": this_machine(), "since": now})
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, text.encode()[:HOLDER_BYTES])


def _held(folder: Path, holder: dict[str, str | int]) -> StorageError:
    who = f" (process {holder['process']} on {holder['host']}, since {holder['since']})" if holder else ""
    return StorageError(f"another run is writing into {folder}{who}", "Wait for it to end, or choose another --out.")


def _holder(lock: Path) -> dict[str, str | int]:
    """What the holder wrote; nothing where it is just starting or ending: no text, or one of a process that ended."""
    try:
        holder = json.loads(lock.read_text(encoding="utf-8"))
        known = {name: holder[name] for name in ("process", "host", "since")}
        ended = os.name == "posix" and holder.get("machine") == this_machine() and not is_running(known["process"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {} if ended else known


def _release(path: Path, handle: int) -> None:
    """Remove the file while it is still locked: a process that has it open notices the change."""
    try:
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that is there and holds nothing."""
    if folder.is_dir() and not any(folder.iterdir()):
        try:
            folder.rmdir()
        except OSError:  # another program has just put something into it
            return
