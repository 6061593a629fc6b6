"""A run folder's tables as loads: the statistics and the send log of one policy and replication, and all curves."""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import InputError, StorageError
from sim.files import Unchanged, replacing
from sim.runs.folders.run_folder import RunFolder
from sim.runs.merge import CURVES
from sim.warehouse.base import CURVES as CURVES_TABLE
from sim.warehouse.base import SENDS, STATS
from sim.warehouse.load.loading import Load, Made
from sim.warehouse.schema import arrow_schema

PART_ROWS = 1_000_000
RECORD_SENDS = "run the scenario again with --set record.sends=true"
TABLES = (STATS, SENDS, CURVES_TABLE)


def run_loads(
    run: RunFolder, policy: str | None = None, replication: int | None = None, tables: Collection[str] = TABLES
) -> list[Load]:
    """Loads of a complete run; the send log is left out where the run recorded none.

    `policy` may be left out when the run has one, `replication` is the first whose statistics were kept.
    Raises StorageError for a folder that holds no complete run or not what is asked for, InputError for unknown names.
    """
    run.require_complete()
    chosen = _policy(run, policy)
    number = _replication(run, chosen, replication)
    files = {STATS: run.log("stats", chosen, number), SENDS: run.log("sends", chosen, number)}
    files[CURVES_TABLE] = run.path / CURVES
    if STATS in tables and not files[STATS].is_file():
        raise StorageError(
            f"{files[STATS]} is not there", "choose a replication whose statistics were kept (record.stats)"
        )
    wanted = [table for table in TABLES if table in tables and files[table].is_file()]
    if not wanted:
        raise StorageError(f"{run.path} holds no send log of {chosen}, replication {number}", RECORD_SENDS)
    for kind, table in (("stats", STATS), ("sends", SENDS)):
        if table in wanted:
            run.verified_log(kind, chosen, number)
    about = {"run": run.manifest()["digest"], "policy": chosen, "replication": number}
    return [file_load(table, files[table], about) for table in wanted]


def _policy(run: RunFolder, asked: str | None) -> str:
    there: list[str] = run.manifest()["policies"]
    if asked is None and len(there) == 1:
        return there[0]
    if asked not in there:
        problem = "which policy?" if asked is None else f"no policy {asked!r} in this run"
        raise InputError(problem, f"--policy is one of: {', '.join(there)}")
    return asked


def _replication(run: RunFolder, policy: str, asked: int | None) -> int:
    if asked is not None:
        return asked
    kept = sorted(
        int(file.stem.removeprefix("replication=")) for file in run.log("stats", policy, 0).parent.glob("*.parquet")
    )
    return kept[0] if kept else 0


def file_load(table: str, file: Path, about: dict[str, object]) -> Load:
    """One Parquet file as a load into `table`, which takes the columns that it has; its id comes from the content."""
    held = Unchanged([file])
    parts = _parts(table, file)

    def write(done: Collection[int], folder: Path) -> Iterator[Made]:
        for index, batches in enumerate(parts):
            if index not in done:
                with held.reading():  # the load is known by the digest of the file as it was
                    part = _write(table, file, batches, folder / f"part-{index:06d}.parquet")
                yield index, part, None

    load_id = f"run-{_digest(file)[:16]}"
    return Load(table, load_id, str(PART_ROWS), len(parts), write, {**about, "file": file.name})


def _parts(table: str, file: Path) -> list[range]:
    """Row groups of each part: whole ones, about PART_ROWS rows; statistics stay together, since a page must."""
    metadata = _metadata(file)
    if table == STATS:
        return [range(metadata.num_row_groups)]
    parts, start, rows = [], 0, 0
    for group in range(metadata.num_row_groups):
        rows += metadata.row_group(group).num_rows
        if rows >= PART_ROWS:
            parts.append(range(start, group + 1))
            start, rows = group + 1, 0
    return [*parts, range(start, metadata.num_row_groups)] if rows or not parts else parts


def _metadata(file: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", "is the run folder damaged?") from error


def _write(table: str, file: Path, groups: range, path: Path) -> Path:
    schema = arrow_schema(table)
    with (
        pq.ParquetFile(file) as source,
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="snappy") as writer,
    ):
        for group in groups:
            writer.write_table(_cast(source.read_row_group(group), schema, file))
    return path


def _cast(rows: pa.Table, schema: pa.Schema, file: Path) -> pa.Table:
    missing = [name for name in schema.names if name not in rows.schema.names]
    if missing:
        raise StorageError(f"{file}: no column {', '.join(missing)}", "was it written by this program?")
    try:
        return rows.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, ValueError) as error:
        raise StorageError(f"{file}: {str(error).splitlines()[0]}", "was it written by this program?") from error


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
