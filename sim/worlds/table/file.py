"""A file of rows as a table: Parquet, or text with one row per line. What is neither is recognised and refused.

Text may be UTF-8 or UTF-16 (with a byte order mark), and separated by commas, semicolons, tabs or bars. Lines without
content are left out; rows keep their numbers.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import InputError, StorageError
from sim.files import text_head

if TYPE_CHECKING:
    import polars as pl

ROW = "row number of the file"
"""The column that counts the rows of the file from 1, a header apart."""
SEPARATORS = ",;\t|"
PARQUET = "parquet"
_NAMED_SEPARATOR = re.compile(r"\s*sep=([,;\t|])\r?\n", re.IGNORECASE)
_SAVE_AS = "save it as CSV in UTF-8"
_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, eq=False)
class FileTable:
    """The rows of a file, with a column `ROW`; `separator` is one of `SEPARATORS`, or `PARQUET`."""

    rows: "pl.DataFrame"
    separator: str


def read_table(source: str, wanted: tuple[str, ...]) -> FileTable:
    """The rows of the file `source`; the columns `wanted` help to find the separator of a text.

    Raises StorageError where it cannot be read, InputError where it is not a table.
    """
    path = Path(source)
    if text_head(path, source) is None:
        return FileTable(_numbered(_read_parquet(path)), PARQUET)
    text = _decoded(source, path.read_bytes())
    if not text.strip():
        raise InputError(f"{source}: is empty")
    text = _plain_lines(text)
    named = _NAMED_SEPARATOR.match(text)  # a first line of Excel
    separator = named[1] if named else _separator(text, wanted)
    frame = _read_text(source, text[named.end() :] if named else text, separator, wanted)
    return FileTable(_without_blank_rows(_numbered(frame)), separator)


def _plain_lines(text: str) -> str:
    """Lines that end as they do today, without the end mark of old files."""
    text = text.rstrip("\x1a")
    return text if "\n" in text else text.replace("\r", "\n")


def _decoded(source: str, content: bytes) -> str:
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StorageError(f"{source}:{line}: cannot be read: the text is not {encoding.upper()}", _SAVE_AS) from None
    if "\x00" in text:
        raise StorageError(
            f"{source}: cannot be read: it holds NUL characters, as UTF-16 without its mark and binary files do",
            _SAVE_AS,
        )
    return text


def _separator(text: str, wanted: tuple[str, ...]) -> str:
    """The separator whose header has most of the columns wanted, and else the most columns; a comma when in doubt."""
    header = next(line for line in text.splitlines() if line.strip())

    def fit(separator: str) -> tuple[int, int]:
        names = next(csv.reader([header], delimiter=separator), [])
        return len({name.strip() for name in names}.intersection(wanted)), len(names)

    return max(SEPARATORS, key=fit)


def _read_text(source: str, text: str, separator: str, wanted: tuple[str, ...]) -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415
    from polars.exceptions import ComputeError  # noqa: PLC0415

    text = text.lstrip("\r\n")
    _refuse_repeated(source, text, separator, wanted)
    content = text.encode()
    with _reading(source):
        try:
            frame = pl.read_csv(BytesIO(content), infer_schema=False, separator=separator, glob=False)
        except ComputeError:
            _refuse_malformed(source, text, separator)
            # Some programs end every row with a separator, but not the header.
            frame = pl.read_csv(
                BytesIO(content), infer_schema=False, separator=separator, glob=False, truncate_ragged_lines=True
            )
    return frame.rename({name: name.strip() for name in frame.columns} if _unique(frame.columns) else {})


def _refuse_repeated(source: str, text: str, separator: str, wanted: tuple[str, ...]) -> None:
    header = [name.strip() for name in next(csv.reader(text.splitlines(), delimiter=separator), [])]
    if repeated := next((name for name in header if name in wanted and header.count(name) > 1), None):
        raise InputError(f"{source}: has the column `{repeated}` twice", "give each column a name of its own")


def _refuse_malformed(source: str, text: str, separator: str) -> None:
    """Raise where a row has more fields than the header, or a quotation mark is not closed or not doubled."""
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    width, number = len(next(rows)), 0
    for number, row in enumerate(rows, start=1):
        if any(field.strip() for field in row[width:]):
            raise StorageError(
                f"{source}: cannot be read: row {number} (line {rows.line_num}) has {len(row)} fields, "
                f"the header has {width}",
                "a text that holds the separator stands in quotation marks",
            )
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count('"') % 2:
            raise StorageError(
                f"{source}:{number}: cannot be read: a quotation mark is not closed, or stands within a text",
                'within a text in quotation marks, it is doubled: ""',
            )


def _unique(names: list[str]) -> bool:
    return len({name.strip() for name in names}) == len(names)


def _read_parquet(path: Path) -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415

    with _reading(str(path)):
        return pl.read_parquet(path, glob=False, hive_partitioning=False)


@contextmanager
def _reading(source: str) -> Iterator[None]:
    from polars.exceptions import NoDataError, PolarsError  # noqa: PLC0415

    try:
        yield
    except NoDataError as error:
        raise InputError(f"{source}: is empty") from error
    except (PolarsError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise StorageError(
            f"{source}: cannot be read: {reason}", "expected a Parquet file, or CSV with a header"
        ) from error


def _numbered(frame: "pl.DataFrame") -> "pl.DataFrame":
    return frame.with_row_index(ROW, offset=1)


def _without_blank_rows(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Spreadsheets end a file with rows of empty cells, and some programs put empty lines between rows."""
    import polars as pl  # noqa: PLC0415

    content = pl.exclude(ROW).str.strip_chars()
    return frame.filter(pl.any_horizontal(content.is_not_null() & (content != "")))
