"""Files that are either whole or not there: written under a temporary name, flushed to the disk, then renamed."""

import errno
import functools
import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.errors import StorageError
from sim.interrupts import Terminated

TEMPORARY = ".part"
LEFT_OVER = re.compile(r"\..+\.(?P<place>[0-9a-f]{8})-(?P<process>[0-9]{1,10})\.part", re.DOTALL)
KEPT_SECONDS = 7 * 86_400  # of a temporary file of another machine, whose processes cannot be asked
PARQUET_MAGIC = b"PAR1"
DUCKDB_MAGIC = b"DUCK"  # after a checksum of eight bytes
HEAD_BYTES = 4_096  # by which a file is recognised
_EXPORT = "export the rows as CSV or Parquet"
_UNPACK = "decompress it first"
# Other kinds of files by their first bytes: what they are, and what to do.
_KINDS = (
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file itself with `git lfs pull`"),
    (b"PK\x03\x04", "an Excel workbook (.xlsx) or another ZIP archive", _EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _EXPORT),
    (b"BZh", "compressed with bzip2", _UNPACK),
    (b"\x1f\x8b", "compressed with gzip", _UNPACK),
    (b"\xfd7zXZ", "compressed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", _UNPACK),
    (b"\x04\x22\x4d\x18", "compressed with lz4", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a", "a RAR archive", _UNPACK),
    (b"\xff\xff\xff\xff", "an Arrow stream", _EXPORT),
    (b"ARROW1", "an Arrow (Feather) file", _EXPORT),
    (b"FEA1", "an old Feather file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"SQLite format 3", "a SQLite database", _EXPORT),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"\x89PNG", "a picture (PNG)", _EXPORT),
    (b"\xff\xd8\xff", "a picture (JPEG)", _EXPORT),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"\x93NUMPY", "a NumPy file", _EXPORT),
    *((b"\x80" + bytes([version]) + b"\x95", "a pickle of Python", _EXPORT) for version in (4, 5)),
)
_NO_SPACE_TEXTS = ("no space left", "os error 28", "disk quota exceeded", "file too large")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it becomes `path` when the block ends well, and else is removed.

    Each process has a name of its own: two that write the same file at once do not mix their contents. What killed
    processes left in the folder is removed first. Raises StorageError when the disk is full, whatever the library in
    use raises then, and where `path` is a folder.
    """
    refuse_folder(path)
    remove_left_over(path.parent)
    temporary = path.with_name(f".{path.name}.{this_machine()}-{os.getpid()}{TEMPORARY}")
    try:
        with reporting_full_disk(path):
            yield temporary
            flush(temporary)
            temporary.replace(path)
            flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_folder(path: Path) -> None:
    """Raise StorageError where a folder is in the place of a file: it may be the user's, and is not removed."""
    if path.is_dir() and not path.is_symlink():
        raise StorageError(f"{path}: is a folder, where a file belongs", "Move it away, then try again.")


@functools.cache
def remove_left_over(folder: Path) -> None:
    """Remove temporary files of processes that were killed; once per folder and process, and as far as possible."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = LEFT_OVER.fullmatch(entry.name)
            if name and entry.is_file(follow_symlinks=False) and _is_left_over(entry, name["place"], name["process"]):
                with suppress(OSError):
                    Path(entry).unlink()


def _is_left_over(entry: "os.DirEntry[str]", place: str, process: str) -> bool:
    if place == this_machine() and os.name == "posix":
        return not is_running(int(process))
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > KEPT_SECONDS


@functools.cache
def this_machine() -> str:
    """Eight digits that differ between machines and between containers: within one, process numbers are unique."""
    try:
        processes = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it is a text, not a path
    except OSError:
        processes = ""  # not Linux
    return hashlib.sha256(f"{platform.node()} {processes}".encode()).hexdigest()[:8]


def is_running(process: int) -> bool:
    """Whether a process of this machine runs; POSIX only."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        return True
    return True


@contextmanager
def reporting_full_disk(path: Path) -> Iterator[None]:
    """Turn any exception that a full disk causes into a StorageError that names `path`."""
    try:
        yield
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise StorageError(f"{path}: no space left on the disk", "Free some space, then continue.") from error


def is_full_disk(error: BaseException) -> bool:
    """Whether the cause is a full disk; libraries report it in several ways, and hide it behind errors of their own."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    if any(text in str(error).lower() for text in _NO_SPACE_TEXTS):
        return True
    return error.__context__ is not None and is_full_disk(error.__context__)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, at any depth: `mkdir(parents=True)` recurses, and fails below about 900."""
    missing = [path]
    while not missing[-1].exists() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


class Unchanged:
    """Files that must not be replaced, cut or removed while they are read: what was read would be a mixture."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._before = {file: _stamp(file) for file in files}

    def require(self) -> None:
        """Raise StorageError where a file is not what it was at the beginning."""
        for file, before in self._before.items():
            if _stamp(file) != before:
                raise StorageError(f"{file}: was changed while it was read", "Try again when it is complete.")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Require it after the block, which reads some of the files, however the block ends."""
        try:
            yield
        except (KeyboardInterrupt, Terminated):
            raise
        except BaseException:  # a panic of Polars is not an Exception
            self.require()
            raise
        self.require()


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def flush(path: Path) -> None:
    """Wait until a file's (or folder's) contents are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def refuse_other_kinds(source: str, head: bytes) -> None:
    """Raise StorageError where the first bytes of a file of rows are those of another kind than text or Parquet."""
    for start, what, remedy in _KINDS:
        if head.startswith(start):
            raise StorageError(f"{source}: is {what}", remedy)
    if head[257:262] == b"ustar":
        raise StorageError(f"{source}: is a TAR archive", _UNPACK)
    if head[8:12] == DUCKDB_MAGIC:
        raise StorageError(f"{source}: is a DuckDB database", f"where a table of it is meant, write duckdb:{source}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        raise StorageError(f"{source}: is a web page (HTML) or XML", "was it saved from a page that asks for a login?")
    if text[:1] in (b"{", b"["):
        raise StorageError(f"{source}: is JSON", _EXPORT)


def text_head(path: Path, source: str) -> bytes | None:
    """The first bytes of a text file; None of a Parquet file, whatever its name.

    Raises StorageError where the content is of another kind, or not what the name says. A pipe or a device is refused:
    it would be waited for without end, and can be read once only.
    """
    if not path.is_file():
        raise StorageError(f"{source}: is not a regular file", "save the rows as a file first")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(PARQUET_MAGIC):
        return None
    refuse_other_kinds(source, head)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise StorageError(f"{source}: is not a Parquet file", "if it is CSV, give it a name that ends in .csv")
    return head


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, or a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
