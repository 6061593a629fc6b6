"""Where logs of messages come from: a Parquet or CSV file, a folder of Parquet files, a run folder, a warehouse."""

import csv
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import polars as pl

from sim.errors import InputError, StorageError
from sim.files import Unchanged, text_head
from sim.runs.folders.run_folder import RunFolder
from sim.warehouse.base import SENDS
from sim.wording import did_you_mean

SAVE_AS = "Save it as CSV in UTF-8."
SEPARATORS = ",;\t|"
HEAD_ROWS = 10_000  # whose types a text file has, if all other values fit
TARGETS = ("duckdb", "bigquery", "parquet")
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
ROWS_OF_A_REPLICATION = 2**40  # more than one has: row ids of a run folder stay distinct

_P = ParamSpec("_P")
_T = TypeVar("_T")


def of_unchanged(read: Callable[Concatenate[str, _P], _T]) -> Callable[Concatenate[str, _P], _T]:
    """A function that reads a log whole, in several passes; StorageError where the log is changed meanwhile."""

    @functools.wraps(read)
    def reading(source: str, /, *arguments: _P.args, **more: _P.kwargs) -> _T:
        with Unchanged(files_of(source)).reading():
            return read(source, *arguments, **more)

    return reading


def files_of(source: str) -> list[Path]:
    """The local files of a log or target that a reader needs unchanged."""
    kind, colon, place = source.partition(":")
    path = Path(place if colon and kind in TARGETS else source)
    return list(path.glob("**/*.parquet")) if path.is_dir() else [path]


def scan_log(source: str, policy: str | None = None, *, as_text: bool = False, table: str = SENDS) -> pl.LazyFrame:
    """The rows of a log, not yet read; nothing is written to `source`.

    `source` is a file, a folder or a target such as `duckdb:FILE`, of which `table` is read. `policy`: whose sends of
    a run folder. `as_text`: leave every value of a CSV file a text. Raises StorageError where there is no log,
    InputError where `source` or `policy` makes no sense.
    """
    if source.partition(":")[0] in TARGETS:
        return _from_target(source, table)
    path = Path(source)
    if (path / "scenario.yaml").is_file():
        return _run_folder(path, policy)
    if policy is not None:
        raise InputError(f"{source}: --logged-by is for run folders only")
    if not path.exists():
        raise StorageError(f"{source}: no such file", "A log is a Parquet or CSV file, a run folder or duckdb:FILE.")
    files = sorted(path.glob("**/*.parquet")) if path.is_dir() else [path]
    if not files:
        raise StorageError(f"{source}: the folder holds no Parquet file")
    if _is_text(files[0]):
        return _scan_text(files[0], _separator(files[0]), as_text=as_text)
    return pl.scan_parquet(files, glob=False, hive_partitioning=False)


def _is_text(file: Path) -> bool:
    """Whether the content is text, whatever the name says; StorageError where it is neither text nor Parquet."""
    head = text_head(file, str(file))
    if head is None:
        return False
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise StorageError(f"{file}: is empty", "A log has a header and at least one row.")
    if b"\x00" in head:
        raise StorageError(f"{file}: holds NUL characters, as UTF-16 and binary files do", SAVE_AS)
    if b"\r" in head and b"\n" not in head:
        raise StorageError(f"{file}: its lines end as those of old files, with CR alone", SAVE_AS)
    return True


def column_names(source: str, rows: pl.LazyFrame) -> list[str]:
    """The columns of a log; StorageError where the file is not what its name says."""
    try:
        return rows.collect_schema().names()
    except UNREADABLE as error:
        raise _unreadable(source, error) from error


def collect_log(source: str, rows: pl.LazyFrame) -> pl.DataFrame:
    """Read the rows; StorageError where the file is not what its name says."""
    try:
        return rows.collect(engine="streaming")
    except UNREADABLE as error:
        raise _unreadable(source, error) from error


def _unreadable(source: str, error: BaseException) -> StorageError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)  # advice for programmers follows
    quoted = "malformed" in reason or 'parse `"' in reason
    hint = (
        'Is a quotation mark not closed? Within a text it is doubled: "".' if quoted else "Is it a Parquet or CSV file?"
    )
    return StorageError(f"{source}: cannot be read: {reason}", hint)


def _separator(file: Path) -> str:
    """The separator that is most frequent in the header; a comma when in doubt."""
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        header = next((line.strip() for line in lines if line.strip()), "")
    separator = max(SEPARATORS, key=header.count)
    names = next(csv.reader([header], delimiter=separator), [])
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{file}: has the column {repeated!r} twice", "Give each column a name of its own.")
    return separator


def _scan_text(file: Path, separator: str, *, as_text: bool) -> pl.LazyFrame:
    def scan(length: int | None, *, longer: bool = False, schema: pl.Schema | None = None) -> pl.LazyFrame:
        # A text after many numbers would end the reading without the row. Finding types by all rows takes memory.
        return pl.scan_csv(
            file, separator=separator, glob=False, schema=schema, infer_schema=not as_text,
            infer_schema_length=length, null_values=["", "NULL"] if as_text else None, truncate_ragged_lines=longer,
        )  # fmt: skip

    rows = scan(HEAD_ROWS)
    readable = _is_readable(rows)
    if not readable:
        _refuse_long_rows(file, separator)
    if as_text:
        return scan(HEAD_ROWS, longer=not readable)
    if not readable or _has_empty_column(rows):
        rows = scan(None, longer=not readable)
    column_names(str(file), rows)  # StorageError where it is no text
    return scan(None, longer=not readable, schema=rows.collect_schema())


def _is_readable(rows: pl.LazyFrame) -> bool:
    """Whether every value of every column can be read: Polars does not look at the columns that nobody asks for."""
    try:
        rows.select(pl.all().null_count()).collect(engine="streaming")
    except pl.exceptions.PolarsError:
        return False
    return True


def _has_empty_column(rows: pl.LazyFrame) -> bool:
    """Whether the first rows show no type of some column."""
    return bool(rows.head(HEAD_ROWS).select(pl.any_horizontal(pl.all().count() == 0)).collect().item())


def _refuse_long_rows(file: Path, separator: str) -> None:
    """Raise StorageError for a row of more fields than the header, as decimal commas make them: its values are shifted.

    Empty fields beyond the header are no harm: some programs end every row with a separator.
    """
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = csv.reader(lines, delimiter=separator)
        width = len(next(filter(None, rows), []))
        for number, row in enumerate(filter(None, rows), start=1):
            if any(field.strip() for field in row[width:]):
                raise StorageError(
                    f"{file}: cannot be read: row {number} (line {rows.line_num}) has {len(row)} fields, "
                    f"the header has {width}",
                    "A text or number that holds the separator stands in quotation marks.",
                )


def _from_target(source: str, table: str) -> pl.LazyFrame:
    from sim.warehouse.targets import open_target, parse_target  # noqa: PLC0415 - DuckDB is slow to import

    with open_target(parse_target(source), read_only=True) as target:
        if target.describe(table) is None:
            raise InputError(f"{source}: has no table {table}")
        statement = f"SELECT * FROM `{target.project}.{target.dataset}.{table}`"  # noqa: S608 - checked names
        frame = pl.from_arrow(target.query(statement))
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def _run_folder(path: Path, policy: str | None) -> pl.LazyFrame:
    """The recorded sends of one policy; each page of each replication is a stratum, since their captions differ."""
    kept = sorted(folder.name.removeprefix("policy=") for folder in (path / "sends").glob("policy=*"))
    if not kept:
        raise InputError(f"{path}: the run recorded no sends", "Run the scenario with `--set record.sends=true`.")
    name = policy or kept[0]
    if name not in kept:
        raise InputError(f"{path}: holds no sends of policy {name!r}{did_you_mean(name, kept)}")
    parts = []
    for file in RunFolder(path).require_complete().verified_logs("sends", name):
        number = file.stem.removeprefix("replication=")
        page = pl.format("{}/{}", pl.lit(number), pl.col("page_name")).alias("page_name")
        row_id = pl.col("row_id") + int(number) * ROWS_OF_A_REPLICATION
        parts.append(pl.scan_parquet(file, glob=False, hive_partitioning=False).with_columns(page, row_id))
    return pl.concat(parts)
