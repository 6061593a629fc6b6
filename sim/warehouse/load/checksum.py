"""What rows of caption_bandit_stats add up to, computed here: the twin of `sql/load/fingerprint_stats.sql`.

Compiled, it costs a loader next to nothing and no memory, so every part can be summed up as it is made; a warehouse
answers the same question by the SQL. A test holds the two to each other.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import StorageError
from sim.kernels import specialise
from sim.warehouse.base import CHECKSUM_MODULUS, Facts

NULL = -1  # stands for NULL in every column, as COALESCE makes it in the SQL
SCALE = 1024.0
OFFSET = 4_294_967_296
MODULUS = CHECKSUM_MODULUS


class Columns(NamedTuple):
    """The columns that count, arrays (rows,): int64, then float64; times in microseconds since 1970; −1 for NULL."""

    caption_id: Any
    successes: Any
    failures: Any
    observations: Any
    percentile: Any
    last_updated: Any
    last_used: Any
    avg_emv: Any
    revenue: Any


NAMES = Columns(
    "caption_id", "successes", "failures", "total_observations", "performance_percentile", "last_updated", "last_used",
    "avg_emv", "total_revenue",
)  # fmt: skip


def remainder(value: int, modulus: int) -> int:
    """MOD of SQL: the sign is the value's."""
    rest = value % modulus
    return rest - modulus if rest != 0 and value < 0 else rest


def scaled(value: float, modulus: int) -> int:
    """MOD of a float times 1024, cut downwards: exact, since 1024 is a power of two."""
    return remainder(int(np.floor(value * SCALE)), modulus)


def row_number(row: int, columns: Any) -> int:
    """The number that stands for a row, below MODULUS in size."""
    counts = remainder(columns.successes[row], 32749) * 7 + remainder(columns.failures[row], 32719) * 11
    counts += remainder(columns.observations[row], 16381) * 13 + columns.percentile[row] * 17
    times = remainder(columns.last_updated[row], 1048573) + remainder(columns.last_used[row], 1048571) * 3
    money = scaled(columns.avg_emv[row], 65519) * 19 + scaled(columns.revenue[row], 65497) * 23
    return remainder((remainder(columns.caption_id[row], 65521) + 65522) * (counts + times + money + OFFSET), MODULUS)


def summed(pages: Any, weights: Any, columns: Any) -> int:
    """The checksum of rows whose page has the weight `weights[pages[row]]`."""
    total = 0
    for row in range(pages.size):
        total += remainder(weights[pages[row]] * row_number(row, columns), MODULUS)
    return remainder(total, MODULUS)


@cache
def _summed() -> Any:
    return specialise(summed, "fingerprint")


def checksum(pages: Any, names: Iterable[str], columns: Columns) -> int:
    """Checksum of rows; `pages` int32 (rows,) index the page `names`."""
    weights = np.array([page_weight(name) for name in names], dtype=np.int64)
    return int(_summed()(pages, weights, columns))


def page_weight(name: str) -> int:
    """A number from 1 to MODULUS − 1 that depends on the page's name."""
    digits = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:12]
    return 1 + int(digits, 16) % (MODULUS - 1)


def file_facts(file: Path) -> Facts:
    """Facts of a Parquet file with the columns of caption_bandit_stats; StorageError where it is none."""
    try:
        table = pq.read_table(file, columns=["page_name", *NAMES], read_dictionary=["page_name"], partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", "a CSV, or a file that was cut short?") from error
    pages = table["page_name"].unify_dictionaries().combine_chunks()
    if isinstance(pages, pa.ChunkedArray):
        pages = pages.chunk(0)
    codes = pages.indices.to_numpy()
    columns = Columns(*(_numbers(table[name]) for name in NAMES))
    order = np.lexsort((columns.caption_id, codes))
    repeats = (np.diff(codes[order]) == 0) & (np.diff(columns.caption_id[order]) == 0)
    distinct = len(codes) - int(repeats.sum())
    return Facts(len(codes), distinct, checksum(codes, pages.dictionary.to_pylist(), columns))


def _numbers(column: pa.ChunkedArray) -> Any:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return np.ascontiguousarray(column.fill_null(NULL).to_numpy())
