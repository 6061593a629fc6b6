"""Totals of caption_bandit_stats rows, computed here: the compiled twin of `sql/load/fingerprint_stats.sql`.

Compiled, it costs a loader almost nothing and no memory, so the totals of every part are taken as it is made; a
warehouse answers the same question by the SQL. A test compares the two.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.errors import StorageError
from sim.kernels import specialise
from sim.warehouse.base import CHECKSUM_MODULUS, RowTotals
from sim.warehouse.embedded import NO_PARQUET_HINT

MODULUS = CHECKSUM_MODULUS
NULL = -1  # stands for NULL in every column, as COALESCE makes it in the SQL
OUT_OF_RANGE = -3  # a float that is no INT64 after scaling
INT64_END = 2.0**63
MONEY, RATE, EMV = 2.0**20, 2.0**40, 2.0**30  # scales of floats: powers of two, so that the products are exact

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Columns(NamedTuple):
    """All columns but page_name, arrays (rows,): int64 or float64; times in microseconds since 1970; −1 for NULL."""

    caption_id: Ints
    successes: Ints
    failures: Ints
    total_observations: Ints
    total_revenue: Floats
    avg_conversion_rate: Floats
    avg_emv: Floats
    last_emv_observed: Floats
    confidence_lower_bound: Floats
    confidence_upper_bound: Floats
    exploration_score: Floats
    last_used: Ints
    last_updated: Ints
    performance_percentile: Ints


def remainder(value: int, modulus: int) -> int:
    """MOD of SQL: the result has the sign of the value."""
    rest = value % modulus
    return rest - modulus if rest != 0 and value < 0 else rest


def scaled(value: float, scale: float) -> int:
    """The integer part of `value` times `scale`, modulo MODULUS; a product outside INT64 or NaN is OUT_OF_RANGE."""
    product = np.floor(value * scale)
    if not -INT64_END <= product < INT64_END:
        return OUT_OF_RANGE
    return remainder(int(product), MODULUS)


def row_number(row: int, columns: Columns) -> int:
    """The number that stands for a row, below MODULUS in size."""
    total = remainder(columns.caption_id[row], MODULUS) * 100000007
    total += remainder(columns.successes[row], MODULUS) * 100000037
    total += remainder(columns.failures[row], MODULUS) * 100000039
    total += remainder(columns.total_observations[row], MODULUS) * 100000049
    total += scaled(columns.total_revenue[row], MONEY) * 100000073
    total += scaled(columns.avg_conversion_rate[row], RATE) * 100000081
    total += scaled(columns.avg_emv[row], EMV) * 100000123
    total += scaled(columns.last_emv_observed[row], EMV) * 100000127
    total += scaled(columns.confidence_lower_bound[row], RATE) * 100000193
    total += scaled(columns.confidence_upper_bound[row], RATE) * 100000213
    total += scaled(columns.exploration_score[row], RATE) * 100000217
    total += remainder(columns.last_used[row], MODULUS) * 100000223
    total += remainder(columns.last_updated[row], MODULUS) * 100000231
    total += remainder(columns.performance_percentile[row], MODULUS) * 100000237
    number = remainder(total, MODULUS)
    return remainder(number * number, MODULUS)


def summed(pages: NDArray[np.int32], weights: Ints, columns: Columns) -> int:
    """The checksum of rows whose page has the weight `weights[pages[row]]`."""
    total = 0
    for row in range(pages.size):
        total += remainder(weights[pages[row]] * row_number(row, columns), MODULUS)
    return remainder(total, MODULUS)


@cache
def _summed() -> Callable[[NDArray[np.int32], Ints, Columns], int]:
    compiled: Callable[[NDArray[np.int32], Ints, Columns], int] = specialise(summed, "fingerprint")
    return compiled


def checksum(pages: NDArray[np.int32], names: Iterable[str], columns: Columns) -> int:
    """Checksum of rows; `pages` int32 (rows,) index the page `names`."""
    weights = np.array([page_weight(name) for name in names], dtype=np.int64)
    return int(_summed()(pages, weights, columns))


def page_weight(name: str) -> int:
    """A number from 1 to MODULUS − 1 that depends on the page's name."""
    digits = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:12]
    return 1 + int(digits, 16) % (MODULUS - 1)


def stats_totals(file: Path) -> RowTotals:
    """Totals of a Parquet file with the columns of caption_bandit_stats; StorageError where it is none."""
    try:
        names = ["page_name", *Columns._fields]
        table = pq.read_table(file, columns=names, read_dictionary=["page_name"], partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", NO_PARQUET_HINT) from error
    pages = table["page_name"].unify_dictionaries().combine_chunks()
    codes = pages.indices.to_numpy()
    columns = Columns(*(_numbers(table[name]) for name in Columns._fields))
    order = np.lexsort((columns.caption_id, codes))
    repeats = (np.diff(codes[order]) == 0) & (np.diff(columns.caption_id[order]) == 0)
    distinct = len(codes) - int(repeats.sum())
    return RowTotals(len(codes), distinct, checksum(codes, pages.dictionary.to_pylist(), columns))


def _numbers(column: pa.ChunkedArray) -> Any:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return np.ascontiguousarray(column.fill_null(NULL).to_numpy())
