"""The folder of one table: its part files, and the list beside it that says which files this program wrote.

    DIR/<table>/part-000000-….parquet
    DIR/.<table>.caption-sim.json        {"files": [[name, bytes, sha256], …]}

Only Parquet files lie in the folder: Polars refuses a folder with a file of any other name, and `read_parquet('DIR/*')`
of DuckDB reads each. Earlier versions kept the list in the folder, as `.caption-sim.json`; it is still read there.

A folder may be replaced only if everything in it is listed and unchanged. Nothing else in a user's folder is ever
deleted.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import StorageError
from sim.files import digest, flush, write_text
from sim.warehouse.embedded import NO_PARQUET_HINT

MANIFEST = ".caption-sim.json"


class Written(NamedTuple):
    """A file that this program wrote: its name, its size in bytes and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str


Files = frozenset[Written]


def manifest_of(table: Path) -> Path:
    """The list of the files in the folder of a table: beside it, where no reader of the folder meets it."""
    return table.with_name(f".{table.name}{MANIFEST}")


def part_files(folder: Path) -> list[Path]:
    """The Parquet files directly in a folder, in order of their names; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.name.endswith(".parquet") and file.is_file())


def row_count(file: Path) -> int:
    """Rows of a Parquet file, from its footer; StorageError where it is none."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", NO_PARQUET_HINT) from error


def foreign_file(table: Path) -> Path | None:
    """Something at or in the folder `table` that this program did not write, or that was changed since; else None."""
    if table.is_symlink() or (table.exists() and not table.is_dir()):
        return table
    return foreign_in(table, listed(table)) if table.exists() else None


def foreign_in(folder: Path, ours: Files) -> Path | None:
    """The first file in `folder` that is not as `ours` has it, if any."""
    names = {file.name for file in ours}
    for file in sorted(folder.iterdir()):
        if file.name != MANIFEST and not (file.name in names and _is_listed(file, ours)):
            return file
    return None


def listed(table: Path) -> Files:
    """What the list of a table's folder names; nothing where it is absent or damaged, so that nothing counts as ours.

    During an exchange it names the files of the old folder and of the new one.
    """
    return _read(manifest_of(table)) | _read(table / MANIFEST)


def write_list(table: Path, files: Files) -> None:
    """Make `files` the list of the table's folder, and remove a list within it."""
    write_text(manifest_of(table), json.dumps({"files": sorted(files)}, indent=1) + "\n")
    (table / MANIFEST).unlink(missing_ok=True)


def files_in(folder: Path, known: Iterable[Written] = ()) -> Files:
    """The Parquet files of a folder that this program alone writes to; those `known` by name are not read again."""
    names = {file.name: file for file in known}
    return frozenset(names.get(file.name) or _written(file) for file in part_files(folder))


def remove_files(folder: Path, ours: Files) -> None:
    """Remove the files of `folder` that are as `ours` has them, and the folder if nothing else is in it."""
    if folder.is_dir():
        for file in part_files(folder):
            if _is_listed(file, ours):
                file.unlink()
        (folder / MANIFEST).unlink(missing_ok=True)
        remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder with nothing in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        flush(folder.parent)


def _read(manifest: Path) -> Files:
    try:
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        if isinstance(files, dict):  # of earlier versions
            files = [(name, entry["bytes"], entry["sha256"]) for name, entry in files.items()]
        return frozenset(Written(str(name), int(size), str(sha256)) for name, size, sha256 in files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return frozenset()


def _written(file: Path) -> Written:
    return Written(file.name, file.stat().st_size, digest(file))


def _is_listed(file: Path, ours: Files) -> bool:
    """Whether a file is one of `ours`; its content is read only where name and size are."""
    if file.is_symlink() or not file.is_file():
        return False
    size = file.stat().st_size
    same = {one.sha256 for one in ours if (one.name, one.size) == (file.name, size)}
    return bool(same) and digest(file) in same
