"""The send log: the columns of mass_messages, then the propensity of the caption sent."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sim.tables.caption_stats import page_names
from sim.worlds.base import MESSAGE_TYPES, SendLog

if TYPE_CHECKING:
    import pyarrow as pa

SLICE_ROWS = 1_048_576
"""Rows of a group in the file, and of a log that are in memory as a table at a time."""


@cache
def arrow_schema() -> "pa.Schema":
    """All columns are nullable, as in production; `sending_time` in microseconds UTC."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(
        {
            "row_id": pa.int64(),
            "page_name": pa.string(),
            "message": pa.string(),
            "sending_time": pa.timestamp("us", "UTC"),
            "price": pa.float64(),
            "sent_count": pa.int64(),
            "viewed_count": pa.int64(),
            "purchased_count": pa.float64(),
            "earnings": pa.float64(),
            "message_type": pa.string(),
            "caption_id": pa.int64(),
            "propensity": pa.float64(),
        }
    )


def sends_arrow(log: SendLog) -> "pa.Table":
    """The rows of a send log, in its order."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.concat_tables(sends_slices(log))


def sends_slices(log: SendLog) -> "Iterator[pa.Table]":
    """The same, at most `SLICE_ROWS` rows at a time; at least one table, which may be empty."""
    for start in range(0, max(1, len(log.row_id)), SLICE_ROWS):
        yield _slice(log, slice(start, start + SLICE_ROWS))


def _slice(log: SendLog, rows: slice) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    types = np.array([*MESSAGE_TYPES, None], dtype=object)[log.message_type[rows]]  # −1 is the last: NULL
    columns = {
        "row_id": log.row_id[rows],
        "page_name": page_names(log.page[rows], log.page_names),
        "message": np.full(len(types), None, dtype=object) if log.message is None else log.message[rows],
        "sending_time": log.sending_time_us[rows],
        "price": log.price[rows],
        "sent_count": log.sent_count[rows],
        "viewed_count": log.viewed_count[rows],
        "purchased_count": log.purchased_count[rows].astype(np.float64),
        "earnings": log.earnings[rows],
        "message_type": types,
        "caption_id": log.caption_id[rows],
        "propensity": log.propensity[rows],
    }
    schema = arrow_schema()
    hidden = {} if log.attributed is None else {"caption_id": ~log.attributed[rows]}
    arrays = [
        pa.array(columns[field.name], field.type, from_pandas=True, mask=hidden.get(field.name))  # NaN is NULL
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
