"""Rows of a large local table as Arrow columns, batch by batch, in the table's order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.warehouse.base import Target
from sim.warehouse.duckdb import DuckDBTarget
from sim.warehouse.parquet import ParquetTarget
from sim.warehouse.schema import arrow_schema, described
from sim.warehouse.verify.row_kernel import INTEGERS, REALS

LARGE = 2_000_000  # rows from which the pass is quicker than the check files, its compilation included
SLICE = 4_000_000  # rows of a DuckDB table that one thread takes at a time
BATCH = 131_072
Numbers = NDArray[Any]
_NAMES = (*INTEGERS, *REALS, "")


@dataclass(frozen=True)
class Batch:
    """Rows as columns of Arrow: INTEGERS, then REALS; and the pages in runs: how long, and which (None: NULL)."""

    columns: list[pa.Array]
    lengths: Numbers
    labels: list[Any]


Source = Callable[[], Iterator[Batch]]


def sources(target: Target, table: str) -> Sequence[Source] | None:
    """Where the batches come from; None for a small table, one of other columns, or one that is no local table."""
    found = target.describe(table)
    wanted = {one.name: one.type for one in described("caption_bandit_stats").columns}
    if found is None or (found.rows or 0) < LARGE or {one.name: one.type for one in found.columns} != wanted:
        return None
    if isinstance(target, ParquetTarget):
        return [partial(_files, *some) for some in _runs(target.files(table))]
    return _slices(target, table) if isinstance(target, DuckDBTarget) else None


def _runs(files: list[Path]) -> Iterator[tuple[list[str], int, int]]:
    """Files to read together, the row to begin at, how many rows: small files up to a slice, large ones in slices."""
    together: list[str] = []
    held = 0
    for file in files:
        rows = pq.read_metadata(file).num_rows
        if held and held + rows > SLICE:
            yield together, 0, held
            together, held = [], 0
        if rows > SLICE:
            yield from (([str(file)], start, min(SLICE, rows - start)) for start in range(0, rows, SLICE))
        else:
            together, held = [*together, str(file)], held + rows
    if held:
        yield together, 0, held


def _files(files: list[str], start: int, rows: int) -> Iterator[Batch]:
    """Read by Polars, which decodes Parquet quickest."""
    asked = pl.scan_parquet(files, glob=False).select(*INTEGERS, *REALS, "page_name").slice(start, rows)
    frames = asked.collect_batches(maintain_order=True)
    for frame in filter(len, frames):
        runs = frame["page_name"].rle().struct
        table = frame.rechunk().select(*INTEGERS, *REALS).to_arrow()
        columns = [_cast(column.chunk(0), name) for column, name in zip(table.columns, _NAMES[:-1], strict=True)]
        yield Batch(columns, runs.field("len").to_numpy(), runs.field("value").to_list())


def _slices(target: DuckDBTarget, table: str) -> Sequence[Source] | None:
    kinds = target.connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()
    if not kinds:
        return None  # a view has no row ids
    top = target.connection.execute(f'SELECT MAX(rowid) FROM "{table}"').fetchall()[0][0]  # noqa: S608  (in the catalog)
    return [partial(_slice, target, table, start) for start in range(0, int(top) + 1, SLICE)]


def _slice(target: DuckDBTarget, table: str, start: int) -> Iterator[Batch]:
    """Pages by their 64-bit hashes: texts would take a quarter of the time; two pages of one hash are 1 in 10**9."""
    names = ", ".join((*INTEGERS, *REALS))
    with target.connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        found = cursor.execute(
            f"SELECT {names}, CASE WHEN page_name IS NOT NULL THEN CAST(hash(page_name) >> 1 AS BIGINT) END"  # noqa: S608
            f' FROM "{table}" WHERE rowid >= ? AND rowid < ?',
            [start, start + SLICE],
        )
        for batch in found.to_arrow_reader(BATCH):
            *columns, pages = (_cast(column, name) for column, name in zip(batch.columns, _NAMES, strict=True))
            runs = pc.run_end_encode(pages)
            yield Batch(columns, np.diff(runs.run_ends.to_numpy(), prepend=0), runs.values.to_pylist())


def _cast(column: pa.Array, name: str) -> pa.Array:
    """In the type of the schema; times become their microseconds."""
    if not name:
        return column
    kind = arrow_schema("caption_bandit_stats").field(name).type
    return column if column.type == kind else column.cast(kind, safe=False)  # times in other units or zones
