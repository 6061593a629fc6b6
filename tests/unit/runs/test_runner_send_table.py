"""The send log keeps the columns of mass_messages, nulls included, and adds the propensity."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim.tables import send_log
from sim.tables.send_log import arrow_schema, sends_arrow, sends_slices
from sim.worlds.base import SendLog
from sim.worlds.bernoulli import pull_log

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


def log_of(size: int) -> SendLog:
    numbers = np.arange(1, size + 1)
    return SendLog(
        row_id=numbers,
        page=np.broadcast_to(np.int32(1), size),
        sending_time_us=numbers * 1_000_000,
        price=np.broadcast_to(np.float64(np.nan), size),
        sent_count=numbers,
        viewed_count=numbers,
        purchased_count=(numbers % 2).astype(np.int8),
        earnings=np.zeros(size),
        message_type=np.broadcast_to(np.int8(-1), size),
        caption_id=numbers,
        propensity=1.0 / numbers,
        attributed=numbers % 3 > 0,
        message=np.array([f"text {number}" for number in numbers], dtype=object),
    )


@pytest.mark.parametrize(("size", "sizes"), [(0, [0]), (3, [3]), (4, [4]), (5, [4, 1]), (9, [4, 4, 1])])
def test_a_long_log_is_written_in_slices(monkeypatch: pytest.MonkeyPatch, size: int, sizes: list[int]) -> None:
    whole = sends_arrow(log_of(size))
    monkeypatch.setattr(send_log, "SLICE_ROWS", 4)
    slices = list(sends_slices(log_of(size)))
    assert [len(each) for each in slices] == sizes
    assert sends_arrow(log_of(size)).equals(whole)
    assert whole["purchased_count"].to_pylist() == [float(number % 2) for number in range(1, size + 1)]
    assert whole["message"].to_pylist() == [f"text {number}" for number in range(1, size + 1)]
    assert whole["caption_id"].to_pylist() == [number if number % 3 else None for number in range(1, size + 1)]


def test_equal_values_of_a_log_of_pulls_take_the_memory_of_one() -> None:
    log = pull_log.send_log(pull_log.new_pulls(1, 50, 2, 1), range(1), np.arange(50))
    for column in (log.page, log.price, log.sent_count, log.viewed_count, log.earnings, log.message_type):
        assert column.strides == (0,)
        assert len(column) == 50
