"""The send log keeps the columns of mass_messages, nulls included, and adds the propensity."""

import re
from pathlib import Path

import numpy as np
import polars as pl

from sim.tables.send_log import arrow_schema, sends_arrow
from sim.worlds.base import SendLog

DDL = Path(__file__).parents[3] / "sql" / "ddl" / "mass_messages.sql"


def test_columns_are_those_of_the_ddl_then_the_propensity() -> None:
    declared = re.findall(r"^  (\w+) (?:INT64|STRING|FLOAT64|TIMESTAMP)\b", DDL.read_text("utf-8"), re.MULTILINE)
    assert arrow_schema().names == [*declared, "propensity"]
    assert all(field.nullable for field in arrow_schema())


def test_rows() -> None:
    log = SendLog(
        row_id=np.array([1, 2]),
        page=np.array([1, 2], np.int32),
        sending_time_us=np.array([0, 5_000_000]),
        price=np.array([9.0, np.nan]),
        sent_count=np.array([100, 200]),
        viewed_count=np.array([10, 0]),
        purchased_count=np.array([1.0, 0.0]),
        earnings=np.array([9.0, 0.0]),
        message_type=np.array([0, -1], np.int8),
        caption_id=np.array([2**62, 4]),
        propensity=np.array([0.25, np.nan]),
    )
    first, second = pl.from_arrow(sends_arrow(log)).to_dicts()
    assert (first["message_type"], second["message_type"]) == ("PPV", None)
    assert (first["page_name"], second["page_name"]) == ("page_0001", "page_0002")
    assert (first["price"], second["price"], second["propensity"], first["message"]) == (9.0, None, None, None)
    assert first["caption_id"] == 2**62
    assert (second["sending_time"] - first["sending_time"]).total_seconds() == 5
