"""The send log: the columns of mass_messages, then the propensity of the caption sent."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sim.tables.caption_stats import page_names
from sim.worlds.base import MESSAGE_TYPES, SendLog

if TYPE_CHECKING:
    import pyarrow as pa


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

    types = np.array([*MESSAGE_TYPES, None], dtype=object)[log.message_type]  # −1 is the last: NULL
    columns = {
        "row_id": log.row_id,
        "page_name": page_names(log.page, log.page_names),
        "message": np.full(len(log.row_id), None, dtype=object),
        "sending_time": log.sending_time_us,
        "price": log.price,
        "sent_count": log.sent_count,
        "viewed_count": log.viewed_count,
        "purchased_count": log.purchased_count,
        "earnings": log.earnings,
        "message_type": types,
        "caption_id": log.caption_id,
        "propensity": log.propensity,
    }
    schema = arrow_schema()
    hidden = {} if log.attributed is None else {"caption_id": ~log.attributed}
    arrays = [
        pa.array(columns[field.name], field.type, from_pandas=True, mask=hidden.get(field.name))  # NaN is NULL
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
