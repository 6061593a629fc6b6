"""Reading a log of messages: what is understood, and one line with the row for each kind of problem."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from sim.calibration.log import NO_CAPTION, read_sends
from sim.errors import InputError, StorageError

HEADER = "row_id,page_name,sending_time,price,sent_count,viewed_count,purchased_count,caption_id"
GOOD = (
    "1,page_0002,2025-01-06 10:00:00Z,9.5,100,4,1,7",
    "2,page_0001,2025-01-06 12:00:00Z,,100,1,0,",
    "3,page_0001,2025-01-06 11:00:00Z,14,100,3,0,7",
)


def written(folder: Path, *rows: str, header: str = HEADER) -> str:
    file = folder / "log.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return str(file)


def test_messages_are_in_order_of_page_and_time(tmp_path: Path) -> None:
    sends = read_sends(written(tmp_path, *GOOD))
    assert sends.pages == ("page_0001", "page_0002")
    assert sends.page.tolist() == [0, 0, 1]
    assert sends.price.tolist() == [14.0, 0.0, 9.5]
    assert sends.viewed.tolist() == [3, 1, 4]
    assert sends.time[0] == datetime(2025, 1, 6, 11, tzinfo=UTC).timestamp()
    assert sends.priced.tolist() == [True, False, True]
    # Caption 7 of one page is not caption 7 of the other.
    assert sends.caption[1] == NO_CAPTION
    assert sends.caption[0] != sends.caption[2]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_that_of_the_header(tmp_path: Path, separator: str) -> None:
    want = read_sends(written(tmp_path, *GOOD))
    got = read_sends(
        written(tmp_path, *(row.replace(",", separator) for row in GOOD), header=HEADER.replace(",", separator))
    )
    assert np.array_equal(got.time, want.time)
    assert np.array_equal(got.price, want.price)


def test_empty_lines_are_left_out_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    assert read_sends(written(tmp_path, GOOD[0], "", *GOOD[1:], "", "")).rows == 3
    bad = GOOD[1].replace("100,1,0", "100,-1,0")
    with pytest.raises(InputError, match="row 3: viewed_count is '-1', negative"):
        read_sends(written(tmp_path, GOOD[0], "", bad))


def test_a_part_keeps_pages_and_chosen_messages(tmp_path: Path) -> None:
    sends = read_sends(written(tmp_path, *GOOD))
    part = sends.part(sends.priced)
    assert part.rows == 2
    assert part.pages == sends.pages


def test_parquet_and_duckdb_give_the_same_as_csv(tmp_path: Path) -> None:
    source = written(tmp_path, *GOOD)
    table = pl.read_csv(source).with_columns(
        pl.col("sending_time").str.to_datetime("%Y-%m-%d %H:%M:%SZ", time_zone="UTC")
    )
    table.write_parquet(tmp_path / "log.parquet")
    with duckdb.connect(str(tmp_path / "log.duckdb")) as connection:
        connection.execute(f"CREATE TABLE mass_messages AS FROM '{tmp_path}/log.parquet'")
    want = read_sends(source)
    for other in (str(tmp_path / "log.parquet"), f"duckdb:{tmp_path}/log.duckdb"):
        got = read_sends(other)
        assert np.array_equal(got.time, want.time)
        assert np.array_equal(got.price, want.price)
        assert got.pages == want.pages


def test_offsets_become_utc(tmp_path: Path) -> None:
    source = written(tmp_path, "1,p,2025-01-06T12:00:00+02:00,9,100,4,1,7")
    assert read_sends(source).time[0] == datetime(2025, 1, 6, 10, tzinfo=UTC).timestamp()
    at = datetime(2025, 1, 6, 12, tzinfo=timezone(timedelta(hours=2)))
    table = pl.read_csv(source).with_columns(pl.lit(at).dt.convert_time_zone("Europe/Athens").alias("sending_time"))
    table.write_parquet(tmp_path / "log.parquet")
    assert read_sends(str(tmp_path / "log.parquet")).time[0] == at.timestamp()


def test_times_without_a_zone_are_utc_with_a_note(tmp_path: Path) -> None:
    sends = read_sends(written(tmp_path, "1,p,2025-01-06 12:00:00,9,100,4,1,7"))
    assert sends.time[0] == datetime(2025, 1, 6, 12, tzinfo=UTC).timestamp()
    assert sends.notes == ("sending_time has no time zone: read as UTC",)


def test_purchases_that_are_null_and_never_zero_mean_unsold(tmp_path: Path) -> None:
    rows = ("1,p,2025-01-06 12:00:00Z,9,100,4,,7", "2,p,2025-01-06 13:00:00Z,9,100,4,2,7")
    sends = read_sends(written(tmp_path, *rows))
    assert sends.unsold_missing
    assert sends.purchased.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("9,,2025-01-06 10:00:00Z,9.5,100,4,1,7", "row 4: page_name is NULL"),
        ("9,p,,9.5,100,4,1,7", "row 4: sending_time is NULL"),
        ("9,p,6.1.2025,9.5,100,4,1,7", "row 4: sending_time is '6.1.2025', not a time such as"),
        ("9,p,2025-01-06 10:00:00,9.5,100,4,1,7", "row 4: sending_time is '2025-01-06 10:00:00', without a time zone"),
        (
            '9,p,2025-01-06 10:00:00Z,"9,50",100,4,1,7',
            "row 4: price is '9,50', with a comma: write decimals with a point",
        ),
        ("9,p,2025-01-06 10:00:00Z,cheap,100,4,1,7", "row 4: price is 'cheap', not a number"),
        ("9,p,2025-01-06 10:00:00Z,inf,100,4,1,7", "row 4: price is 'inf', not finite"),
        ("9,p,2025-01-06 10:00:00Z,-3,100,4,1,7", "row 4: price is '-3', negative"),
        ("9,p,2025-01-06 10:00:00Z,90000,100,4,1,7", "row 4: price is '90000', above 10,000 dollars"),
        ("9,p,2025-01-06 10:00:00Z,9.5,200000000,4,1,7", "row 4: sent_count is '200000000', above 100,000,000 fans"),
        ("9,p,2025-01-06 10:00:00Z,9.5,1e300,4,1,7", "row 4: sent_count is '1e300', above 100,000,000 fans"),
        ("9,p,2025-01-06 10:00:00Z,9.5,,4,1,7", "row 4: sent_count is NULL"),
        ("9,p,2025-01-06 10:00:00Z,9.5,0,0,0,7", "row 4: sent_count is '0', 0: a message to no one"),
        ("9,p,2025-01-06 10:00:00Z,9.5,100,-4,0,7", "row 4: viewed_count is '-4', negative"),
        ("9,p,2025-01-06 10:00:00Z,9.5,100,400,0,7", "row 4: viewed_count is '400', more than sent_count"),
        ("9,p,2025-01-06 10:00:00Z,9.5,100,4,,7", "row 4: purchased_count is NULL"),
        ("9,p,2025-01-06 10:00:00Z,9.5,100,4,5,7", "row 4: purchased_count is '5', more than viewed_count"),
        ("9,p,2025-01-06 10:00:00Z,9.5,100,4,0.5,7", "row 4: purchased_count is '0.5', not a whole number"),
        ("3,p,2025-01-06 10:00:00Z,9.5,100,4,1,7", "row 4: row_id is '3', a duplicate of an earlier row"),
    ],
)
def test_a_bad_value_is_named_once_with_its_row(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_sends(written(tmp_path, *GOOD, row))
    lines = caught.value.message.splitlines()[1:]
    assert len(lines) == 1
    assert message in lines[0]


def test_every_kind_of_problem_is_in_one_message(tmp_path: Path) -> None:
    bad = ("9,p,2025-01-06 10:00:00Z,9.5,-1,4,5,7", "10,p,2025-01-06 11:00:00Z,9.5,-1,4,5,7")
    with pytest.raises(InputError) as caught:
        read_sends(written(tmp_path, *GOOD, *bad))
    assert "row 4: sent_count is '-1', negative (and 1 more row)" in caught.value.message
    assert "row 4: purchased_count is '5', more than viewed_count (and 1 more row)" in caught.value.message


def test_rows_without_an_id_that_agree_in_every_value_are_duplicates(tmp_path: Path) -> None:
    row = "p,2025-01-06 10:00:00Z,9.5,100,4,1"
    header = "page_name,sending_time,price,sent_count,viewed_count,purchased_count"
    with pytest.raises(InputError, match="row 2: page_name is 'p', in a duplicate"):
        read_sends(written(tmp_path, row, row, header=header))


def test_a_missing_column_is_named_with_a_suggestion(tmp_path: Path) -> None:
    source = written(tmp_path, *GOOD, header=HEADER.replace("viewed_count", "view_count"))
    with pytest.raises(InputError, match=r"missing column 'viewed_count'.*\"view_count\""):
        read_sends(source)


def test_earnings_that_differ_are_noted(tmp_path: Path) -> None:
    rows = ("1,p,2025-01-06 12:00:00Z,9,100,4,2,7,18", "2,p,2025-01-06 13:00:00Z,9,100,4,2,7,10")
    sends = read_sends(written(tmp_path, *rows, header=HEADER + ",earnings"))
    assert "earnings differ from price × purchases in 1 rows (first row 2)" in sends.notes[0]


def test_an_empty_or_absent_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the log has no rows"):
        read_sends(written(tmp_path))
    with pytest.raises(StorageError, match="no such file"):
        read_sends(str(tmp_path / "none.parquet"))
    (tmp_path / "text.parquet").write_text("not a table")
    with pytest.raises(StorageError, match="is not a Parquet file"):
        read_sends(str(tmp_path / "text.parquet"))


def test_columns_of_other_names_are_found_by_theirs(tmp_path: Path) -> None:
    want = read_sends(written(tmp_path, *GOOD))
    header = HEADER.replace("page_name", "page").replace("viewed_count", "views").replace("row_id", "viewed_count")
    names = {"page_name": "page", "viewed_count": "views"}
    got = read_sends(written(tmp_path, *GOOD, header=header), columns=names)
    assert got.pages == want.pages
    for name in ("page", "time", "price", "sent", "viewed", "purchased"):
        assert np.array_equal(getattr(got, name), getattr(want, name)), name


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"view_count": "viewed_count"}, "no column 'view_count'.*viewed_count"),
        ({"viewed_count": "viewd_count"}, "no column 'viewd_count' \\(viewed_count\\).*viewed_count"),
    ],
)
def test_names_that_are_none_are_refused(tmp_path: Path, columns: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_sends(written(tmp_path, *GOOD), columns=columns)


def test_a_database_that_is_named_as_a_file_is_recognised(tmp_path: Path) -> None:
    file = tmp_path / "pages.duckdb"
    duckdb.connect(str(file)).close()
    with pytest.raises(StorageError, match="is a DuckDB database") as caught:
        read_sends(str(file))
    assert f"duckdb:{file}" in caught.value.hint
