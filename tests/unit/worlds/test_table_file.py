"""Files as people have them: separators, encodings, blank lines, numerals; other kinds of files are recognised."""

import codecs
import gzip
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from sim.errors import InputError, SimError, StorageError
from sim.worlds.table.numerals import ambiguous, plain
from sim.worlds.table.source import Counted, Roles, read_counts

COLUMNS = ("page_name", "caption_id", "trials", "successes")
HEADER = ",".join(COLUMNS)
LINES = [HEADER, "a,1,100,10", "a,2,200,20", "b,3,300,30", "b,4,400,40"]
CASES = Path(__file__).parents[3] / ".." / "shared" / "cases"


def read(folder: Path, content: bytes | str, columns: Roles = COLUMNS, name: str = "counts.csv") -> Counted:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_counts(str(path), columns)


def expect(counted: Counted) -> None:
    assert counted.page_names == ("a", "b")
    assert counted.caption_ids.tolist() == [1, 2, 3, 4]
    assert counted.trials.tolist() == [100, 200, 300, 400]
    assert counted.successes.tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_separators_and_line_ends(tmp_path: Path, separator: str, ending: str) -> None:
    expect(read(tmp_path, ending.join(line.replace(",", separator) for line in LINES)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_their_marks(tmp_path: Path, encoding: str) -> None:
    expect(read(tmp_path, "\n".join(LINES).encode(encoding)))


def test_utf_16_of_either_byte_order(tmp_path: Path) -> None:
    text = "\n".join(LINES)
    expect(read(tmp_path, codecs.BOM_UTF16_BE + text.encode("utf-16-be")))
    expect(read(tmp_path, codecs.BOM_UTF16_LE + text.encode("utf-16-le"), name="le.csv"))


@pytest.mark.parametrize("blank", ["", "   ", ",,,", " , , , "])
def test_lines_without_content_are_left_out_and_counted(tmp_path: Path, blank: str) -> None:
    expect(read(tmp_path, "\n".join([LINES[0], blank, LINES[1], blank, *LINES[2:], blank, blank])))
    with pytest.raises(InputError, match="row 3: 9 successes of 5 trials"):
        read(tmp_path, "\n".join([HEADER, "a,1,100,10", blank, "a,2,5,9"]), name="wrong.csv")


def test_blank_lines_before_the_header(tmp_path: Path) -> None:
    expect(read(tmp_path, "\n\n" + "\n".join(LINES)))


def test_a_line_break_inside_quotes_is_text(tmp_path: Path) -> None:
    counted = read(tmp_path, f'{HEADER}\na,"one\n\ntwo",100,10\na,three,200,20\n')
    assert counted.caption_names == ("one\n\ntwo", "three")


def test_blanks_around_names_are_no_part_of_them(tmp_path: Path) -> None:
    expect(read(tmp_path, "\n".join([" page_name , caption_id,trials,successes ", "a ,1 ,100,10", *LINES[2:]])))


@pytest.mark.parametrize("text", ["1042", "1042.0", " 1042", "1042 ", "1042."])
def test_caption_ids_are_kept_however_they_are_written(tmp_path: Path, text: str) -> None:
    counted = read(tmp_path, f"{HEADER}\na,{text},100,10\na,981,200,20\n")
    assert counted.caption_ids.tolist() == [981, 1042]
    assert counted.caption_names is None


def test_caption_ids_of_floats_are_kept(tmp_path: Path) -> None:
    columns = {"page_name": ["a", "a"], "caption_id": [1042.0, 981.0], "trials": [9, 9], "successes": [1, 1]}
    pl.DataFrame(columns).write_parquet(tmp_path / "counts.parquet")
    assert read_counts(str(tmp_path / "counts.parquet"), COLUMNS).caption_ids.tolist() == [981, 1042]


def test_float_ids_that_a_float_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    columns = {"page_name": ["a", "a"], "caption_id": [2.0**60, 1.0], "trials": [9, 9], "successes": [1, 1]}
    pl.DataFrame(columns).write_parquet(tmp_path / "counts.parquet")
    with pytest.raises(InputError, match=r"row 1: `caption_id` is .*too large for a float"):
        read_counts(str(tmp_path / "counts.parquet"), COLUMNS)


@pytest.mark.parametrize(
    ("text", "number"), [("1e3", 1_000), ("1.042E+03", 1_042), ("2.5e1", 25), ("-3e0", -3), ("1e5", 100_000)]
)
def test_caption_ids_with_an_exponent_are_kept(tmp_path: Path, text: str, number: int) -> None:
    """R writes 100000 as 1e+05."""
    assert read(tmp_path, f"{HEADER}\na,{text},9,1\na,981,9,1\n").caption_ids.tolist() == sorted([number, 981])


@pytest.mark.parametrize("text", ["1.5e0", "007", "1_000", "+5", "１２", "inf", "1,5e3x", "0x10", "1e400", "true"])
def test_what_is_no_whole_number_is_a_text_with_its_name(tmp_path: Path, text: str) -> None:
    counted = read(tmp_path, f'{HEADER}\na,"{text}",9,1\na,981,9,1\n')
    assert counted.caption_ids.tolist() == [1, 2]
    assert sorted(counted.caption_names or ()) == sorted([text, "981"])


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (pl.Series([float("nan"), 7.0]), "row 1: `caption_id` is missing"),
        (pl.Series([2.0**53, 7.0]), "too large for a float"),
        (pl.Series([2.0**24, 7.0], dtype=pl.Float32), "too large for a float"),
        (pl.Series(["7", "1e18"]), "row 2: `caption_id` is 1e18, too large for a float"),
        (pl.Series([[1], [2]]), r"`caption_id` holds List\(Int64\), not a name or number per row"),
        (pl.Series([{"a": 1}, {"a": 2}]), "`caption_id` holds Struct"),
    ],
)
def test_ids_that_cannot_be_kept_are_refused(tmp_path: Path, ids: pl.Series, message: str) -> None:
    path = tmp_path / "counts.parquet"
    frame = {"page_name": ["a", "a"], "caption_id": ids, "trials": [9, 9], "successes": [1, 1]}
    pl.DataFrame(frame).write_parquet(path)
    with pytest.raises(InputError, match=message):
        read_counts(str(path), COLUMNS)


def test_line_ends_of_old_files_and_a_named_separator(tmp_path: Path) -> None:
    expect(read(tmp_path, "\r".join(LINES)))
    expect(read(tmp_path, "\n".join(LINES) + "\n\x1a"))
    expect(read(tmp_path, "sep=;\r\n" + "\r\n".join(LINES).replace(",", ";")))


def test_a_separator_at_the_end_of_every_line(tmp_path: Path) -> None:
    expect(read(tmp_path, "\n".join(f"{line}," for line in LINES)))
    expect(read(tmp_path, "\n".join([HEADER, *(f"{line},," for line in LINES[1:])])))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEADER}\na,1,9,1\na,2,9,1,5\n", r"row 2 \(line 3\) has 5 fields, the header has 4"),
        (f"# from a tool\n{HEADER}\na,1,9,1\n", r"row 1 \(line 2\) has 4 fields, the header has 1"),
        (f'{HEADER}\n"a,1,9,1\na,2,9,1\n', r"counts\.csv:2: cannot be read: a quotation mark is not closed"),
        (f'{HEADER}\na,1,9,1\na"b,2,9,1\n', r"counts\.csv:3: cannot be read: a quotation mark is not closed"),
        (f"{HEADER.replace('trials', 'successes')}\na,1,9,1\n", "has the column `successes` twice"),
        (f"{HEADER.replace(',', ' ')}\na 1 9 1\n", r"has no column `page_name`; known: page_name caption_id trials"),
    ],
)
def test_what_is_wrong_with_the_rows_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SimError, match=message):
        read(tmp_path, text)


def test_captions_that_are_texts_keep_their_names(tmp_path: Path) -> None:
    counted = read(tmp_path, f"{HEADER}\nb,Hello ,100,10\nb,1.5,200,20\na,Hello,300,30\na,New,300,30\n")
    assert counted.caption_ids.tolist() == [2, 3, 1, 2]
    assert counted.caption_names == ("Hello", "New", "1.5", "Hello")


def test_one_number_written_in_two_ways_is_one_caption_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 2: page 'a' has this caption already"):
        read(tmp_path, f"{HEADER}\na,7,100,10\na,7.0,200,20\n")


NUMERALS = [
    (",", "1000", 1000),
    (",", "1000.0", 1000),
    (",", '"1,000"', 1000),
    (",", '"1,234,567"', 1_234_567),
    (",", '"1,234.0"', 1234),
    (",", "1.234.567", 1_234_567),
    (",", "1 000", 1000),
    (",", "1\u202f000", 1000),
    (",", "1'000", 1000),
    (",", '"1000,0"', 1000),
    (";", "1.000", 1000),
    (";", "1.234.567", 1_234_567),
    (";", "1.234,0", 1234),
    (";", "1000,00", 1000),
    (";", "1\u00a0000", 1000),
    ("\t", "1,234.0", 1234),
    ("\t", "1.234,0", 1234),
]


@pytest.mark.parametrize(("separator", "text", "number"), NUMERALS)
def test_counts_as_people_write_them(tmp_path: Path, separator: str, text: str, number: int) -> None:
    rows = [COLUMNS, ("a", "1", text, "5"), ("a", "2", text, "7")]
    counted = read(tmp_path, "\n".join(separator.join(row) for row in rows))
    assert counted.trials.tolist() == [number, number]


@pytest.mark.parametrize(("separator", "text"), [(",", "1.000"), ("\t", "1.000"), ("\t", "1,000"), (";", "1,000")])
def test_what_may_be_a_thousand_or_one_is_refused(tmp_path: Path, separator: str, text: str) -> None:
    rows = [COLUMNS, ("a", "1", "1000", "1"), ("a", "2", text, "1")]
    with pytest.raises(InputError, match=r"row 2: `trials` is .1.000., which can be a thousand times") as caught:
        read(tmp_path, "\n".join(separator.join(row) for row in rows))
    assert "without separators" in caught.value.hint


@pytest.mark.parametrize("text", ["1,5", "12.5", "1,00,000", "1..000", "0.500", "-1", "1e3x", "", "0x10", "１"])
def test_other_texts_stay_as_they_are_or_plainly_no_count(text: str) -> None:
    for separator in ",;\t|":
        series = pl.Series([text])
        assert not ambiguous(series, separator).any()
        number = plain(series, separator).cast(pl.Float64, strict=False)[0]
        assert number is None or number != int(number) or number < 0


def zipped(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "book.zip", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return (folder / "book.zip").read_bytes()


@pytest.mark.parametrize("name", ["counts.csv", "counts.xlsx", "counts"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped, "is an Excel workbook"),
        (lambda folder: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old Excel"),
        (lambda folder: b"BZh91AY&SY" + b"x" * 50, "compressed with bzip2"),
        (lambda folder: gzip.compress("\n".join(LINES).encode()), "compressed with gzip"),
        (lambda folder: json.dumps([{"page_name": "a"}]).encode(), "is JSON"),
        (lambda folder: b'\xef\xbb\xbf {"rows": []}', "is JSON"),
        (lambda folder: b"\n<!DOCTYPE html><html><body>Log in</body></html>", "is a web page"),
        (lambda folder: b"SQLite format 3\x00" + b"\x00" * 50, "SQLite"),
        (lambda folder: "\n".join(LINES).encode("utf-16-le"), "NUL characters, as UTF-16 without its mark"),
        (lambda folder: "\n".join([*LINES, "ü,5,1,1"]).encode("cp1252"), r":6: cannot be read: the text is not UTF-8"),
    ],
)
def test_other_kinds_of_files_are_recognised(tmp_path: Path, name: str, content: object, message: str) -> None:
    with pytest.raises(StorageError, match=message) as caught:
        read(tmp_path, content(tmp_path), name=name)  # type: ignore[operator]
    assert caught.value.hint
    assert caught.value.message.startswith(str(tmp_path / name))


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_a_file_cut_anywhere_is_read_or_refused(tmp_path: Path, cut: int) -> None:
    for encoding in ("utf-8", "utf-16"):
        try:
            read(tmp_path, "\n".join(LINES).encode(encoding)[:cut], name=f"{encoding}.csv")
        except SimError as error:
            assert error.exit_code in (2, 3)


def test_pages_without_a_choice_are_counted_and_a_file_of_them_is_refused(tmp_path: Path) -> None:
    some = read(tmp_path, f"{HEADER}\na,1,100,10\nb,2,200,20\nb,3,200,20\n")
    assert some.choiceless_pages == 1
    with pytest.raises(InputError, match="no page has two captions, so there is nothing to choose") as caught:
        read(tmp_path, f"{HEADER}\na,1,100,10\nb,2,200,20\n", name="alone.csv")
    assert "world.columns.page" in caught.value.hint


FORMS = {
    "composed and decomposed": ("caf\u00e9", "cafe\u0301"),
    "a zero-width space": ("alpha", "al\u200bpha"),
    "a mark of direction": ("alpha", "alpha\u200e"),
    "a no-break space": ("page one", "page\u00a0one"),
    "two blanks": ("page one", "page  one"),
}


@pytest.mark.parametrize("form", FORMS)
def test_names_that_look_the_same_are_refused(tmp_path: Path, form: str) -> None:
    one, other = FORMS[form]
    with pytest.raises(InputError, match="looks the same as") as caught:
        read(tmp_path, f"{HEADER}\n{one},1,100,10\nb,1,100,10\nb,2,100,10\n{other},2,100,10\n")
    assert "row 4" in caught.value.message
    assert caught.value.message.isascii()
    with pytest.raises(InputError, match="looks the same as"):
        read(tmp_path, f"{HEADER}\nb,{one},100,10\nc,{other},100,10\nc,x,1,1\n", name="captions.csv")


def test_names_that_look_different_are_kept(tmp_path: Path) -> None:
    names = ["page", "Page", "pag\u00e9", "page\u00b2", "page2", "\u30da\u30fc\u30b8"]
    rows = "\n".join(f"{name},{caption},100,10" for name in names for caption in (1, 2))
    assert sorted(read(tmp_path, f"{HEADER}\n{rows}\n").page_names) == sorted(names)


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not there: an installation from a source archive")
def test_the_files_that_failed_once() -> None:
    for name in ("float", "good", "space"):
        assert read_counts(str(CASES / "caption_ids" / f"{name}.csv"), COLUMNS).caption_ids.tolist() == [
            981,
            1042,
            1077,
        ]
    for name in ("blank_between", "tab", "trailing_blank"):
        assert len(read_counts(str(CASES / "csv" / f"{name}.csv"), COLUMNS).trials) == 2
    other = ("Page", "Caption", "Sends", "Purchases")
    assert read_counts(str(CASES / "csv" / "semicolon_thousands.csv"), other).trials.tolist() == [1000, 1000]
    with pytest.raises(InputError, match="nothing to choose"):
        read_counts(str(CASES / "one_arm" / "news.csv"), ("campaign", "subject", "sent", "clicks"))
