"""The folder of one table: its part files, and the manifest that says which files this program wrote.

    DIR/<table>/part-000000-….parquet
    DIR/<table>/.caption-sim.json        {"files": {name: {"bytes": N, "sha256": "…"}}}

A folder may be replaced only if everything in it is listed there and unchanged. Nothing else in a user's folder is
ever deleted.
"""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import StorageError
from sim.files import flush, write_text
from sim.warehouse.embedded import NO_PARQUET_HINT

MANIFEST = ".caption-sim.json"


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


def foreign_file(folder: Path) -> Path | None:
    """Something at or in `folder` that this program did not write, or that was changed since; None if there is none."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        return folder
    if not folder.exists():
        return None
    ours = _listed(folder)
    for file in sorted(folder.iterdir()):
        if file.name != MANIFEST and not (file.name in ours and _is_unchanged(file, ours[file.name])):
            return file
    return None


def write_manifest(folder: Path) -> None:
    """List the Parquet files of `folder`, all of which this program wrote, in its manifest."""
    known = _listed(folder)
    files = {file.name: known.get(file.name) or _entry(file) for file in part_files(folder)}
    write_text(folder / MANIFEST, json.dumps({"files": files}, indent=1, sort_keys=True) + "\n")


def inherit_manifest(old: Path, new: Path) -> None:
    """Start the manifest of `new` with the entries of `old`, whose files were linked into it."""
    write_text(new / MANIFEST, json.dumps({"files": _listed(old)}, indent=1, sort_keys=True) + "\n")


def remove_listed(folder: Path) -> None:
    """Remove the listed files of a folder, and the folder if nothing else is in it."""
    for name in _listed(folder):
        (folder / name).unlink(missing_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder with nothing in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        flush(folder.parent)


Entry = dict[str, int | str]


def _listed(folder: Path) -> dict[str, Entry]:
    """The entries of a folder's manifest; none where it is absent or damaged, so that nothing counts as ours."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files: dict[str, Entry] = content["files"]
        return {name: dict(entry) for name, entry in files.items() if "/" not in name}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _entry(file: Path) -> Entry:
    with file.open("rb") as opened:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}


def _is_unchanged(file: Path, entry: Entry) -> bool:
    plain = file.is_file() and not file.is_symlink()
    return plain and file.stat().st_size == entry.get("bytes") and _entry(file) == entry
