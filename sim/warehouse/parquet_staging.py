"""Loading into a folder of Parquet files.

    DIR/.staging-<table>-<load id>/scratch/…     parts while they are written
    DIR/.staging-<table>-<load id>/<part>.parquet   parts that have arrived
    DIR/<table>/<part>.parquet                   the table: the staging folder under another name
    DIR/.replaced-<table>/                       what the table was, between the two renames

Only files that this program wrote are removed; see `parquet_folder`.
"""

import os
import platform
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import InputError, StorageError
from sim.files import flush, make_folder
from sim.warehouse.base import NO_ROWS, STATS, RowTotals, plain_id
from sim.warehouse.embedded import file_totals
from sim.warehouse.parquet_folder import (
    MANIFEST,
    foreign_file,
    inherit_manifest,
    part_files,
    remove_if_empty,
    remove_listed,
    row_count,
    write_manifest,
)
from sim.warehouse.schema import arrow_schema

REPLACED = ".replaced-"


def recover(folder: Path) -> None:
    """Finish an exchange that was killed between its two renames: the old table returns, or is removed."""
    for old in sorted(folder.iterdir()):
        if old.name.startswith(REPLACED):
            final = folder / old.name.removeprefix(REPLACED)
            if final.exists():
                remove_listed(old)
            else:
                old.replace(final)


class ParquetStaging:
    """A load into a folder of Parquet files; see `Staging`."""

    def __init__(self, folder: Path, table: str, load_id: str) -> None:
        self._table, self._final = table, folder / table
        self._folder = folder / f".staging-{table}-{load_id}"
        self._old = folder / f"{REPLACED}{table}"
        make_folder(self.scratch)

    @property
    def scratch(self) -> Path:
        """See `Staging.scratch`: a folder within the staging folder."""
        return self._folder / "scratch"

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
        inherit_manifest(self._final, self._folder)
        for file in part_files(self._final):
            kept = self._folder / file.name
            if kept.exists() and not kept.samefile(file):
                raise StorageError(f"{file} would be overwritten", "load it under another id, or replace the table")
            if not kept.exists():
                os.link(file, kept)
        self._exchange()

    def discard(self) -> None:
        """See `Staging.discard`."""
        self._remove_scratch()
        for file in part_files(self._folder):
            file.unlink()
        (self._folder / MANIFEST).unlink(missing_ok=True)
        remove_if_empty(self._folder)

    def _exchange(self) -> None:
        self._remove_scratch()
        write_manifest(self._folder)
        if self._final.exists():
            remove_listed(self._old)
            self._final.replace(self._old)
        self._folder.replace(self._final)
        flush(self._final.parent)
        remove_listed(self._old)

    def _refuse_foreign(self) -> None:
        """Look again just before the exchange: the check at the start of a load may be hours old."""
        if (foreign := foreign_file(self._final)) is not None:
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

    def _remove_scratch(self) -> None:
        """Remove the part files of the scratch folder; our temporary names begin with a dot."""
        if self.scratch.is_dir():
            for file in self.scratch.iterdir():
                if file.name.endswith((".parquet", ".part")):
                    file.unlink()
            remove_if_empty(self.scratch)
