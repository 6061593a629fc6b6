"""Reading a file of counts, Parquet or CSV, one row a (page, caption); what is wrong with it is said with file and row.

Rows count from 1, a CSV's header apart. Pages come out in order of name and captions in order of id, whatever the
order of rows. Caption ids are kept where all are whole numbers of 64 bits; else captions are numbered from 1 in
order of their text.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, StorageError
from sim.files import PARQUET_MAGIC
from sim.wording import did_you_mean
from sim.worlds.base import Counts

if TYPE_CHECKING:
    import polars as pl

MAX_TRIALS = 2**53
Roles = tuple[str, str, str, str]
"""Names of the columns of page, caption, trials and successes."""


@dataclass(frozen=True, eq=False)
class Counted:
    """The counts of a file; P pages, A arms. Page p owns the arms `offsets[p]` up to `offsets[p + 1]`."""

    page_names: tuple[str, ...]
    offsets: Counts  # (P + 1,)
    caption_ids: Counts  # (A,)
    trials: Counts  # (A,)
    successes: Counts  # (A,)
    rows: Counts  # (A,): where each arm stands in the file


def read_counts(source: str, columns: Roles) -> Counted:
    """The counts in the file `source`.

    Raises StorageError where it cannot be read, InputError where its content is not what `columns` promise.
    """
    path = Path(source)
    try:
        stamp = path.stat()
    except OSError as error:
        raise StorageError(f"{source}: cannot be read: {error.strerror}", "is `world.source` right?") from error
    if path.is_dir():
        raise StorageError(f"{source}: is a folder, not a file", "`world.source` names one Parquet or CSV file")
    return _read(source, columns, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=2)
def _read(source: str, columns: Roles, _changed: int, _size: int) -> Counted:
    frame = _frame(source)
    _check_columns(source, frame.columns, columns)
    page, caption, trials, successes = (frame[name] for name in columns)
    for series in (page, caption):
        _check_not_null(source, series)
    counts = _whole(source, trials), _whole(source, successes)
    _check_successes(source, *counts)
    names, ids = _text(page), _caption_ids(caption)
    _check_unique(source, names, ids)
    return _grouped(names, ids, *counts)


def _frame(source: str) -> "pl.DataFrame":
    import polars as pl  # noqa: PLC0415

    with Path(source).open("rb") as file:
        is_parquet = file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    if not is_parquet and Path(source).suffix.lower() in (".parquet", ".pq"):
        raise StorageError(f"{source}: is not a Parquet file", "if it is CSV, give it a name that ends in .csv")
    with _reading(source):
        frame = (
            pl.read_parquet(source, glob=False) if is_parquet else pl.read_csv(source, infer_schema=False, glob=False)
        )
    if frame.height == 0:
        raise InputError(f"{source}: has no rows")
    return frame


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


def _check_columns(source: str, present: list[str], columns: Roles) -> None:
    for role, name in zip(("page", "caption", "trials", "successes"), columns, strict=True):
        if name not in present:
            raise InputError(
                f"{source}: has no column `{name}`{did_you_mean(name, present)}",
                f"`world.columns.{role}` names the column of the {role}",
            )
    if len(set(columns)) < len(columns):
        raise InputError(f"{source}: `world.columns` names one column twice: {', '.join(columns)}")


def _refuse(source: str, series: "pl.Series", bad: "pl.Series", what: str) -> None:
    """Raise for the first row where `bad` is true."""
    if bad.any():
        row = bad.arg_max() or 0
        raise InputError(f"{source}: row {row + 1}: `{series.name}` {what.format(series[row])}")


def _check_not_null(source: str, series: "pl.Series") -> None:
    _refuse(source, series, series.is_null(), "is missing")


def _whole(source: str, series: "pl.Series") -> Counts:
    """A column of counts; whole numbers written as text or floats are counts too."""
    import polars as pl  # noqa: PLC0415

    _check_not_null(source, series)
    written = series.str.strip_chars() if series.dtype == pl.String else series
    if not (series.dtype == pl.String or series.dtype.is_numeric()):
        raise InputError(f"{source}: column `{series.name}` holds {series.dtype}, not counts")
    number = written.cast(pl.Float64, strict=False)
    _refuse(source, series, number.is_null() | ~number.is_finite() | (number != number.floor()), "is {!r}, not a count")
    _refuse(source, series, number < 0, "is {}, below 0")
    _refuse(source, series, number > MAX_TRIALS, f"is {{}}, above {MAX_TRIALS}")
    return number.cast(pl.Int64).to_numpy()


def _check_successes(source: str, trials: Counts, successes: Counts) -> None:
    above = successes > trials
    if above.any():
        row = int(above.argmax())
        raise InputError(f"{source}: row {row + 1}: {successes[row]} successes of {trials[row]} trials")


def _text(series: "pl.Series") -> "pl.Series":
    import polars as pl  # noqa: PLC0415

    return series.cast(pl.String)


def _caption_ids(series: "pl.Series") -> "pl.Series":
    """Int64 ids: the column's own where they are such numbers, else ranks of their text."""
    import polars as pl  # noqa: PLC0415

    ids = series.cast(pl.Int64, strict=False)
    # A number written in two ways, as 7 and 007, would make one caption of two.
    if not series.dtype.is_float() and ids.null_count() == 0 and (ids.cast(pl.String) == _text(series)).all():
        return ids
    return _text(series).rank("dense").cast(pl.Int64)


def _check_unique(source: str, names: "pl.Series", ids: "pl.Series") -> None:
    import polars as pl  # noqa: PLC0415

    pairs = pl.DataFrame({"page": names, "caption": ids})
    repeated = ~pairs.select(pl.struct("page", "caption").is_first_distinct()).to_series()
    if repeated.any():
        row = repeated.arg_max() or 0
        raise InputError(f"{source}: row {row + 1}: page {names[row]!r} has this caption already: one row a caption")


def _grouped(names: "pl.Series", ids: "pl.Series", trials: Counts, successes: Counts) -> Counted:
    import polars as pl  # noqa: PLC0415

    frame = pl.DataFrame({"page": names, "caption": ids, "trials": trials, "successes": successes})
    frame = frame.with_row_index("row", offset=1).sort("page", "caption")
    pages = frame["page"].rle().struct.unnest()
    column: Callable[[str], Counts] = lambda name: frame[name].cast(pl.Int64).to_numpy()  # noqa: E731
    return Counted(
        page_names=tuple(pages["value"]),
        offsets=np.concatenate([[0], pages["len"].cast(pl.Int64).to_numpy().cumsum()]),
        caption_ids=column("caption"),
        trials=column("trials"),
        successes=column("successes"),
        rows=column("row"),
    )
