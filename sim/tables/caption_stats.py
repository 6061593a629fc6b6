"""The table caption_bandit_stats: its 15 columns, and its rows from the counts of one replication.

A row is what the update job leaves behind for a caption with at least one observed message. The authority for names,
types and nullability is `sql/ddl/caption_bandit_stats.sql`; a test holds `SCHEMA` to it.

The prior entered when the row was made (successes = 1 + s, failures = 1 + f). exploration_score is
1 / sqrt(successes + failures + 1) over the stored totals, as every update after the first leaves it; where the world
says which rows are new it is 1 / sqrt(successes + failures) for these, as the deployed job has it.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.units import MICROS
from sim.worlds.base import CaptionCounts

if TYPE_CHECKING:
    import pyarrow as pa

PRIOR_SUCCESSES = 1
PRIOR_FAILURES = 1


@dataclass(frozen=True)
class Column:
    """One column: its GoogleSQL type, and whether it is NOT NULL."""

    name: str
    type: str
    required: bool = False


SCHEMA = (
    Column("caption_id", "INT64", required=True),
    Column("page_name", "STRING", required=True),
    Column("successes", "INT64"),
    Column("failures", "INT64"),
    Column("total_observations", "INT64"),
    Column("total_revenue", "FLOAT64"),
    Column("avg_conversion_rate", "FLOAT64"),
    Column("avg_emv", "FLOAT64"),
    Column("last_emv_observed", "FLOAT64"),
    Column("confidence_lower_bound", "FLOAT64"),
    Column("confidence_upper_bound", "FLOAT64"),
    Column("exploration_score", "FLOAT64"),
    Column("last_used", "TIMESTAMP"),
    Column("last_updated", "TIMESTAMP"),
    Column("performance_percentile", "INT64"),
)


@cache
def arrow_schema() -> "pa.Schema":
    """`SCHEMA` for Arrow and Parquet: timestamps in microseconds UTC, NOT NULL columns non-nullable."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and not needed to know the names

    types = {
        "INT64": pa.int64(),
        "STRING": pa.string(),
        "FLOAT64": pa.float64(),
        "TIMESTAMP": pa.timestamp("us", "UTC"),
    }
    return pa.schema([pa.field(c.name, types[c.type], nullable=not c.required) for c in SCHEMA])


def stats_arrow(counts: CaptionCounts) -> "pa.Table":
    """The rows of caption_bandit_stats as an Arrow table, ordered by page and caption."""
    import pyarrow as pa  # noqa: PLC0415

    order = np.lexsort((counts.caption_id, counts.page))
    columns = [_arrow(values[order], field) for values, field in zip(_values(counts), arrow_schema(), strict=True)]
    return pa.Table.from_arrays(columns, schema=arrow_schema())


def _values(counts: CaptionCounts) -> list[NDArray[Any]]:
    """The columns in the order of `SCHEMA`; NaN and −1 (times) still stand for NULL."""
    from policies.maths.wilson import wilson_bounds  # noqa: PLC0415

    successes = counts.successes + PRIOR_SUCCESSES
    failures = counts.failures + PRIOR_FAILURES
    lower, upper = wilson_bounds(successes, failures)
    return [
        counts.caption_id,
        page_names(counts.page, counts.page_names),
        successes,
        failures,
        counts.observations,
        _revenue(counts),
        _rate(counts.purchased, counts.sent) if counts.conversion_rate is None else counts.conversion_rate,
        counts.mean_emv,
        counts.last_emv,
        lower,
        upper,
        exploration_score(successes, failures, counts.new),
        counts.last_used_us,
        counts.last_updated_us,
        percentile_by_page(counts.page, counts.mean_emv),
    ]


def _arrow(values: NDArray[Any], field: "pa.Field[pa.DataType]") -> "pa.Array[pa.Scalar[pa.DataType]]":
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_timestamp(field.type):
        return pa.array(values, field.type, mask=values < 0)
    if pa.types.is_floating(field.type):
        return pa.array(values, field.type, mask=np.isnan(values))
    return pa.array(values, field.type)


def page_names(page: NDArray[np.int32], names: tuple[str, ...] | None) -> NDArray[np.object_]:
    """Names of 1-based pages: `page_0001`, … unless the world has its own."""
    known = np.unique(page)
    table = {int(k): names[k - 1] if names is not None else f"page_{k:04d}" for k in known}
    listed = np.array([table[int(k)] for k in known], dtype=object)
    named: NDArray[np.object_] = listed[np.searchsorted(known, page)]
    return named


def exploration_score(
    successes: NDArray[np.int64], failures: NDArray[np.int64], new: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """1 / sqrt(successes + failures + 1), over the stored totals; without the + 1 for `new` rows."""
    one = 1.0 if new is None else np.where(new, 0.0, 1.0)
    score: NDArray[np.float64] = 1.0 / np.sqrt(successes + failures + one)
    return score


def _revenue(counts: CaptionCounts) -> NDArray[np.float64]:
    revenue = counts.revenue_micros / MICROS
    return revenue if counts.revenue_null is None else np.where(counts.revenue_null, np.nan, revenue)


def _rate(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def percentile_by_page(page: NDArray[np.int32], avg_emv: NDArray[np.float64]) -> NDArray[np.int64]:
    """INT(PERCENT_RANK() OVER (PARTITION BY page ORDER BY avg_emv) * 100): 0 … 100, equals rank equally, NULLs first.

    PERCENT_RANK is (rank − 1) / (rows of the page − 1), and 0 for a page of one row.
    """
    value = np.where(np.isnan(avg_emv), -np.inf, avg_emv)
    order = np.lexsort((value, page))
    new_page = np.diff(page[order], prepend=page.dtype.type(-1)) != 0
    new_value = new_page | np.append(True, value[order][1:] != value[order][:-1])[: len(order)]
    index = np.arange(len(order))
    start = np.maximum.accumulate(np.where(new_page, index, 0))
    rank = np.maximum.accumulate(np.where(new_value, index, 0)) - start
    rows = np.bincount(np.cumsum(new_page) - 1)[np.cumsum(new_page) - 1] if len(order) else index
    result = np.empty(len(order), dtype=np.int64)
    result[order] = (np.divide(rank, rows - 1, out=np.zeros(len(order)), where=rows > 1) * 100).astype(np.int64)
    return result
