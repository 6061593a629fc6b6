"""A file of counts is read whatever its dress, and whatever is wrong with it is said with file and row."""

import numpy as np
import polars as pl
import pytest

from sim.errors import InputError, StorageError
from sim.worlds.table.source import read_counts

COLUMNS = ("page_name", "caption_id", "trials", "successes")
GOOD = {"page_name": ["b", "a", "b"], "caption_id": [7, 9, 3], "trials": [10, 20, 0], "successes": [1, 20, 0]}


def csv(folder, text, name="counts.csv"):
    path = folder / name
    path.write_text(text)
    return str(path)


def parquet(folder, columns, name="counts.parquet"):
    path = folder / name
    pl.DataFrame(columns).write_parquet(path)
    return str(path)


def changed(**columns):
    return {**GOOD, **columns}


def test_pages_and_captions_come_out_in_order(tmp_path):
    counted = read_counts(parquet(tmp_path, GOOD), COLUMNS)
    assert counted.page_names == ("a", "b")
    assert counted.offsets.tolist() == [0, 1, 3]
    assert counted.caption_ids.tolist() == [9, 3, 7]
    assert counted.trials.tolist() == [20, 0, 10]
    assert counted.successes.tolist() == [20, 0, 1]
    assert counted.rows.tolist() == [2, 3, 1]


@pytest.mark.parametrize(
    "columns",
    [
        changed(trials=[10.0, 20.0, 0.0]),
        changed(trials=["10", " 20", "0"], successes=["1", "20", "0"]),
        changed(page_name=["b", "a", "b"], week=[1, None, 3]),
        {name: values[::-1] for name, values in GOOD.items()},
    ],
    ids=["floats", "text", "more columns", "another order of rows"],
)
def test_the_same_counts_in_another_dress(tmp_path, columns):
    expected, got = (read_counts(parquet(tmp_path, c, f"{i}.parquet"), COLUMNS) for i, c in enumerate((GOOD, columns)))
    assert got.page_names == expected.page_names
    for field in ("offsets", "caption_ids", "trials", "successes"):
        assert np.array_equal(getattr(got, field), getattr(expected, field))


def test_csv_and_parquet_hold_the_same(tmp_path):
    lines = ["page_name,caption_id,trials,successes", "b,7,10,1", "a,9,20,20", "b,3,0,0"]
    from_csv = read_counts(csv(tmp_path, "\n".join(lines)), COLUMNS)
    from_parquet = read_counts(parquet(tmp_path, GOOD), COLUMNS)
    assert from_csv.caption_ids.tolist() == from_parquet.caption_ids.tolist()
    assert from_csv.page_names == from_parquet.page_names


def test_a_parquet_file_of_any_name_is_recognised(tmp_path):
    assert read_counts(parquet(tmp_path, GOOD, "counts.data"), COLUMNS).trials.sum() == 30


def test_columns_may_have_other_names(tmp_path):
    renamed = dict(zip("wxyz", GOOD.values(), strict=True))
    assert read_counts(parquet(tmp_path, renamed), ("w", "x", "y", "z")).trials.sum() == 30


def test_caption_ids_use_all_of_64_bits(tmp_path):
    ids = [-(2**63), 2**63 - 1, 0]
    assert sorted(read_counts(parquet(tmp_path, changed(caption_id=ids)), COLUMNS).caption_ids) == sorted(ids)


@pytest.mark.parametrize("ids", [["z", "y", "x"], ["007", "7", "x"], ["1.5", "2", "3"], [str(2**63), "1", "2"]])
def test_other_captions_are_numbered_by_their_text(tmp_path, ids):
    counted = read_counts(parquet(tmp_path, changed(caption_id=ids)), COLUMNS)
    ranks = {text: rank for rank, text in enumerate(sorted(ids), start=1)}
    expected = [ranks[ids[1]], *sorted([ranks[ids[0]], ranks[ids[2]]])]
    assert counted.caption_ids.tolist() == expected


WRONG = [
    (changed(trials=[10, -1, 0]), "row 2: `trials` is -1, below 0"),
    (changed(trials=[10.0, 20.5, 0.0]), r"row 2: `trials` is 20.5, not a count"),
    (changed(trials=["10", "many", "0"]), "row 2: `trials` is 'many', not a count"),
    (changed(trials=[10.0, 20.0, float("nan")]), "row 3: `trials` is missing"),
    (changed(trials=[10.0, 20.0, float("inf")]), "row 3: `trials` is inf, not a count"),
    (changed(trials=[10, 20, 2**60]), "row 3: `trials` is .*, above"),
    (changed(trials=[True, True, False]), "column `trials` holds Boolean, not counts"),
    (changed(successes=[1, 21, 0]), "row 2: 21 successes of 20 trials"),
    (changed(successes=[1, None, 0]), "row 2: `successes` is missing"),
    (changed(page_name=["b", None, "b"]), "row 2: `page_name` is missing"),
    (changed(caption_id=[7, 9, None]), "row 3: `caption_id` is missing"),
    (changed(caption_id=["7", "NaN", "9"]), "row 2: `caption_id` is 'NaN', which stands for a missing number"),
    (changed(caption_id=[7.0, float("inf"), 9.0]), "row 2: `caption_id` is inf, not a caption"),
    (changed(caption_id=["null", "8", "9"]), "row 1: `caption_id` is 'null', which stands for"),
    (changed(caption_id=[7, 9, 7]), "row 3: page 'b' has this caption already"),
    ({**GOOD, "trials_": GOOD["trials"], "trials": None}, "row 1: `trials` is missing"),
]


@pytest.mark.parametrize(("columns", "message"), WRONG, ids=[message[:30] for _, message in WRONG])
def test_wrong_content_is_named_by_file_and_row(tmp_path, columns, message):
    path = parquet(tmp_path, columns)
    with pytest.raises(InputError, match=message) as caught:
        read_counts(path, COLUMNS)
    assert caught.value.message.startswith(path)


def test_a_missing_column_is_named_with_a_suggestion(tmp_path):
    path = parquet(tmp_path, {("trails" if name == "trials" else name): values for name, values in GOOD.items()})
    with pytest.raises(InputError, match=r'no column `trials`.*did you mean "trails"') as caught:
        read_counts(path, COLUMNS)
    assert "world.columns.trials" in caught.value.hint


PRICES = {
    "dollars": [12.5, 0, 7],
    "whole dollars": [12, 0, 7],
    "text": ["12.50", "$0", " $ 7.00"],
}


@pytest.mark.parametrize("prices", PRICES.values(), ids=PRICES)
def test_prices_come_out_in_the_order_of_captions_in_millionths_of_a_dollar(tmp_path, prices):
    counted = read_counts(parquet(tmp_path, changed(price=prices)), COLUMNS, "price")
    first = 12_000_000 if prices[0] == 12 else 12_500_000
    assert counted.price_micros.tolist() == [0, 7_000_000, first]


def test_a_decimal_comma_is_read_where_the_file_has_semicolons(tmp_path):
    rows = ["page_name;caption_id;trials;successes;price", "a;1;10;1;12,50", "a;2;10;1;1.250,00"]
    counted = read_counts(csv(tmp_path, "\n".join(rows)), COLUMNS, "price")
    assert counted.price_micros.tolist() == [12_500_000, 1_250_000_000]


def test_without_a_column_of_prices_there_are_none(tmp_path):
    assert read_counts(parquet(tmp_path, changed(price=[1, 2, 3])), COLUMNS).price_micros is None


WRONG_PRICES = [
    ([1.0, -2.0, 3.0], "row 2: `price` is -2.0, below 0"),
    ([1.0, None, 3.0], "row 2: `price` is missing"),
    ([1.0, float("nan"), 3.0], "row 2: `price` is missing"),
    ([1.0, float("inf"), 3.0], "row 2: `price` is inf, not a price"),
    (["1", "cheap", "3"], "row 2: `price` is 'cheap', not a price"),
    (["1", "1,250", "3"], "row 2: `price` is '1,250', which can be a thousand times"),
    ([1.0, 2.0, 1e6], "row 3: `price` is 1000000.0, above 100,000 dollars"),
    ([0, 0, 0], "every `price` is 0"),
    ([True, True, False], "column `price` holds Boolean, not prices"),
    ([[1], [2], [3]], r"column `price` holds List\(Int64\), not a name or number"),
]


@pytest.mark.parametrize(("prices", "message"), WRONG_PRICES, ids=[message[:34] for _, message in WRONG_PRICES])
def test_a_wrong_price_is_named_by_file_and_row(tmp_path, prices, message):
    path = parquet(tmp_path, changed(price=prices))
    with pytest.raises(InputError, match=message) as caught:
        read_counts(path, COLUMNS, "price")
    assert caught.value.message.startswith(path)


def test_a_missing_column_of_prices_is_named_with_its_key(tmp_path):
    with pytest.raises(InputError, match=r'no column `prise`.*did you mean "price"') as caught:
        read_counts(parquet(tmp_path, changed(price=[1, 2, 3])), COLUMNS, "prise")
    assert "`world.columns.price`" in caught.value.hint
    with pytest.raises(InputError, match="names one column twice"):
        read_counts(parquet(tmp_path, GOOD), COLUMNS, "trials")


def test_one_column_for_two_roles_is_refused(tmp_path):
    with pytest.raises(InputError, match="names one column twice"):
        read_counts(parquet(tmp_path, GOOD), ("page_name", "caption_id", "trials", "trials"))


@pytest.mark.parametrize("text", ["", "page_name,caption_id,trials,successes\n"])
def test_an_empty_file_is_refused(tmp_path, text):
    with pytest.raises(InputError, match=r"is empty|has no rows"):
        read_counts(csv(tmp_path, text), COLUMNS)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("counts.parquet", b"page_name,caption_id,trials,successes\na,1,2,1\n", "is not a Parquet file"),
        ("counts.parquet", b"PAR1 and nothing more", "cannot be read"),
        ("counts.csv", b"page_name,caption_id,trials,successes\n\xff\xfe,1,2,1\n", "cannot be read"),
        ("counts.csv", b"page_name,caption_id,trials,successes\na,1,2,1,9,9\n", "cannot be read"),
    ],
)
def test_an_unreadable_file_is_a_local_error(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StorageError, match=message):
        read_counts(str(path), COLUMNS)


def test_a_missing_file_and_a_folder_are_local_errors(tmp_path):
    with pytest.raises(StorageError, match="cannot be read"):
        read_counts(str(tmp_path / "absent.csv"), COLUMNS)
    with pytest.raises(StorageError, match="is a folder"):
        read_counts(str(tmp_path), COLUMNS)


def test_a_changed_file_is_read_again(tmp_path):
    first = read_counts(parquet(tmp_path, GOOD), COLUMNS)
    again = read_counts(parquet(tmp_path, changed(trials=[1_000, 2_000, 30_000])), COLUMNS)
    assert (first.trials.sum(), again.trials.sum()) == (30, 33_000)
