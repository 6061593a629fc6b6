"""Loading into a folder of Parquet files.

    DIR/.staging-<table>-<load id>/scratch/…     parts while they are written
    DIR/.staging-<table>-<load id>/<part>.parquet   parts that have arrived
    DIR/<table>/<part>.parquet                   the table: the staging folder under another name
    DIR/.replaced-<table>/                       what the table was, between the two renames
    DIR/.<table>.caption-sim.json                the files of the table; during an exchange, the old and the new ones

Only files that this program wrote are removed; see `parquet_folder`.
"""

import os
import platform
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import InputError, StorageError
from sim.files import TEMPORARY, flush, make_folder
from sim.warehouse.base import LOADS, NO_ROWS, STATS, RowTotals, plain_id
from sim.warehouse.embedded import file_totals
from sim.warehouse.parquet_folder import (
    MANIFEST,
    Files,
    files_in,
    foreign_file,
    foreign_in,
    listed,
    part_files,
    remove_files,
    remove_if_empty,
    row_count,
    write_list,
)
from sim.warehouse.schema import arrow_schema

REPLACED = ".replaced-"
SCRATCH = "scratch"


def recover(folder: Path) -> None:
    """Bring a folder of tables into order before it is written to; the caller has it for itself.

    An exchange that was killed between its two renames is finished: the old table returns, or is removed. A list that
    an earlier version kept in the folder of its table moves out of it. Records that were never published, and half
    lists, are removed.
    """
    for old in sorted(folder.glob(f"{REPLACED}*")):
        final = folder / old.name.removeprefix(REPLACED)
        if final.exists():
            remove_files(old, listed(final) | listed(old))
        else:
            old.replace(final)
    for inside in sorted(folder.glob(f"*/{MANIFEST}")):
        if not inside.parent.is_symlink() and (files := listed(inside.parent)):
            write_list(inside.parent, files)
    for record in sorted(folder.glob(f"{_staging(LOADS, '*')}/")):
        discard(record)  # of a command that was killed; the next one records its load anew
    for half in folder.glob(f".*{MANIFEST}.*{TEMPORARY}"):
        half.unlink()


def _staging(table: str, load_id: str) -> str:
    return f".staging-{table}-{load_id}"


def discard(staging: Path) -> None:
    """Remove the part files of a staging folder, and the folder."""
    remove_scratch(staging / SCRATCH)
    for file in part_files(staging):
        file.unlink()
    remove_if_empty(staging)


def remove_scratch(folder: Path) -> None:
    """Remove the part files of a scratch folder, and the folder; our temporary names begin with a dot."""
    if folder.is_dir():
        for file in folder.iterdir():
            if file.name.endswith((".parquet", ".part")):
                file.unlink()
        remove_if_empty(folder)


def left_over(table: Path) -> Path | None:
    """A file of somebody else in the folder that an exchange moved out of the way, if any."""
    old = table.with_name(f"{REPLACED}{table.name}")
    return foreign_in(old, listed(table) | listed(old)) if old.is_dir() else None


class ParquetStaging:
    """A load into a folder of Parquet files; see `Staging`."""

    def __init__(self, folder: Path, table: str, load_id: str) -> None:
        self._table, self._final = table, folder / table
        self._folder = folder / _staging(table, load_id)
        self._old = folder / f"{REPLACED}{table}"
        make_folder(self.scratch)

    @property
    def scratch(self) -> Path:
        """See `Staging.scratch`: a folder within the staging folder."""
        return self._folder / SCRATCH

    def parts(self) -> dict[str, int]:
        """See `Staging.parts`."""
        return {file.name.removesuffix(".parquet"): row_count(file) for file in part_files(self._folder)}

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """See `Staging.append`: a part arrives under its own name by one rename."""
        final = self._folder / f"{plain_id(part_id)}.parquet"
        if not final.exists():
            written = self._written(source)
            flush(written)
            written.replace(final)
            flush(self._folder)
        return row_count(final)

    def totals(self) -> RowTotals:
        """See `Staging.totals`."""
        files = part_files(self._folder)
        if self._table != STATS:
            return file_totals(self._table, files) if files else NO_ROWS
        # Parts hold whole pages, so keys add up too.
        from sim.warehouse.load.checksum import stats_totals  # noqa: PLC0415  (imports Numba)

        return sum((stats_totals(file) for file in files), NO_ROWS)

    def publish(self, *, replace: bool) -> None:
        """See `Staging.publish`: the staging folder takes the place of the table's by a rename."""
        self._refuse_foreign()
        if not replace and part_files(self._final):
            raise InputError(f"{self._final} is not empty", "--replace replaces its rows")
        self._exchange()

    def publish_beside(self) -> None:
        """See `Staging.publish_beside`: the files of the table move in by hard link first."""
        self._refuse_foreign()
        for file in part_files(self._final):
            kept = self._folder / file.name
            if kept.exists() and not kept.samefile(file):
                raise StorageError(f"{file} would be overwritten", "load it under another id, or replace the table")
            if not kept.exists():
                os.link(file, kept)
        self._exchange(listed(self._final))

    def discard(self) -> None:
        """See `Staging.discard`."""
        discard(self._folder)

    def _exchange(self, kept: Files = frozenset()) -> None:
        """Take the place of the table's folder; `kept` files of it were linked into this one.

        The list names both folders' files until the old one is gone: after a death at any step, all are known as ours.
        """
        remove_scratch(self.scratch)
        new, old = files_in(self._folder, kept), listed(self._final)
        write_list(self._final, old | new)
        if self._final.exists():
            self._final.replace(self._old)
        self._folder.replace(self._final)
        flush(self._final.parent)
        remove_files(self._old, old)
        write_list(self._final, new)

    def _refuse_foreign(self) -> None:
        """Look again just before the exchange: the check at the start of a load may be hours old."""
        if (foreign := foreign_file(self._final) or left_over(self._final)) is not None:
            raise InputError(f"{foreign} was not written by this program", "move it away; nothing was changed")

    def _written(self, source: Path | pa.Table) -> Path:
        if isinstance(source, Path) and source.parent == self.scratch:
            return source
        file = self.scratch / f"part-{platform.node()}-{os.getpid()}.parquet"
        if isinstance(source, Path):
            shutil.copyfile(source, file)
        else:
            pq.write_table(source.cast(arrow_schema(self._table)), file)
        return file
