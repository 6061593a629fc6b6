"""A file of counts, Parquet or text, with one row per page and caption; problems are named by file and row.

Rows count from 1, a header apart. Pages come out in order of name and captions in order of id, whatever the order of
rows. Caption ids are kept where all are whole numbers of 64 bits, also as text or as floats (`1042.0`, `1e+05`). Other
captions are numbered from 1 in order of their text, and keep their text as `caption_names`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, StorageError
from sim.units import MICROS
from sim.wording import did_you_mean
from sim.worlds.base import Counts
from sim.worlds.table.file import ROW, FileTable, read_table
from sim.worlds.table.names import lookalike
from sim.worlds.table.numerals import ambiguous, plain

if TYPE_CHECKING:
    import polars as pl

    from sim.scenario import TableSection

MAX_TRIALS = 2**53
MAX_FLOAT_ID = 2**53 - 1  # above, a float no longer holds every whole number
MAX_FLOAT32_ID = 2**24 - 1
_WHOLE_FLOAT = r"^(-?(?:0|[1-9]\d*))\.0*$"
_EXPONENT = r"^-?[1-9](?:\.\d+)?[eE]\+?\d{1,2}$"
MAX_PRICE = 100_000
ROLES = ("page", "caption", "trials", "successes")
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
    caption_names: tuple[str, ...] | None = None  # (A,), where captions are texts
    price_micros: Counts | None = None  # (A,): millionths of a dollar, where captions have prices

    @property
    def choiceless_pages(self) -> int:
        """Pages with one caption: every policy sends it, with regret 0."""
        return int((np.diff(self.offsets) < 2).sum())


def counts_of(world: "TableSection") -> Counted:
    """The counts of the world's file; raises InputError where none is named, and what `read_counts` raises."""
    if world.source is None:
        raise InputError("the table world has no file", "name it with `--set world.source=FILE`")
    columns = world.columns
    roles = columns.page, columns.caption, columns.trials, columns.successes
    return read_counts(world.source, roles, columns.price)


def read_counts(source: str, columns: Roles, price: str | None = None) -> Counted:
    """The counts in the file `source`, and the prices in its column `price`.

    Raises StorageError where it cannot be read, InputError where its content is not what `columns` promise.
    """
    path = Path(source)
    try:
        stamp = path.stat()
    except OSError as error:
        raise StorageError(f"{source}: cannot be read: {error.strerror}", "is `world.source` right?") from error
    if path.is_dir():
        raise StorageError(f"{source}: is a folder, not a file", "`world.source` names one Parquet or CSV file")
    return _read(source, columns, price, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=2)
def _read(source: str, columns: Roles, price: str | None, _changed: int, _size: int) -> Counted:
    import polars as pl  # noqa: PLC0415 - slow to import

    roles = dict(zip(ROLES, columns, strict=True)) | ({} if price is None else {"price": price})
    table = read_table(source, tuple(roles.values()))
    if table.rows.height == 0:
        raise InputError(f"{source}: has no rows")
    column = _Columns(source, table)
    _check_columns(source, [name for name in table.rows.columns if name != ROW], roles)
    page, caption, trials, successes = (table.rows[name] for name in columns)
    for series in (page, caption):
        column.check_plain(series)
        column.check_not_null(series)
    counts = column.whole(trials), column.whole(successes)
    column.check_successes(*counts)
    names, own_ids = _stripped(page), column.caption_ids(caption)
    texts = None if own_ids is not None else _stripped(caption)
    for series, written in ((page, names), (caption, texts)):
        if written is not None:
            column.check_forms(series, written)
    ids = own_ids if own_ids is not None else _stripped(caption).rank("dense").cast(pl.Int64)
    column.check_unique(names, ids)
    micros = None if price is None else column.price_micros(table.rows[price])
    counted = _grouped(table.rows[ROW], names, ids, *counts, texts, micros)
    _check_choice(source, counted)
    return counted


def _check_choice(source: str, counted: Counted) -> None:
    if counted.choiceless_pages == len(counted.page_names):
        raise InputError(
            f"{source}: no page has two captions, so there is nothing to choose and every policy has regret 0",
            "`world.columns.page` names what captions are chosen for, such as the account",
        )


def _check_columns(source: str, present: list[str], roles: Mapping[str, str]) -> None:
    for role, name in roles.items():
        if name not in present:
            raise InputError(
                f"{source}: has no column `{name}`{did_you_mean(name, present)}",
                f"`world.columns.{role}` names the column of the {role}",
            )
    if len(set(roles.values())) < len(roles):
        raise InputError(f"{source}: `world.columns` names one column twice: {', '.join(roles.values())}")


WORDS_OF_ABSENCE = ["nan", "null", "none", "na", "n/a", "#n/a", "<na>", "nat", "\\n"]


@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns of a file, checked one by one; a problem is named by the row of the file."""

    source: str
    table: FileTable

    def refuse(self, series: "pl.Series", bad: "pl.Series", what: str, hint: str = "") -> None:
        """Raise for the first row where `bad` is true."""
        if bad.any():
            index = bad.arg_max() or 0
            row = self.table.rows[ROW][index]
            value = what.format(series[index])
            raise InputError(f"{self.source}: row {row}: `{series.name}` {value}", hint)

    def check_plain(self, series: "pl.Series") -> None:
        """Raise where a column holds lists or records."""
        if series.dtype.is_nested() or series.dtype.is_object():
            raise InputError(
                f"{self.source}: column `{series.name}` holds {series.dtype}, not a name or number per row"
            )

    def check_not_null(self, series: "pl.Series") -> None:
        """Raise where a value is missing, or a text of blanks."""
        import polars as pl  # noqa: PLC0415

        blank = series.is_null()
        if series.dtype == pl.String:
            blank = series.str.strip_chars() == ""
        elif series.dtype.is_float():  # NaN is what pandas makes of a missing number
            blank = series.is_nan()
        self.refuse(series, series.is_null() | blank.fill_null(value=False), "is missing")

    def whole(self, series: "pl.Series") -> Counts:
        """A column of counts; whole numbers written as text or floats are counts, too."""
        import polars as pl  # noqa: PLC0415

        number = self._floats(series, "counts")
        not_whole = number.is_null() | ~number.is_finite() | (number != number.floor())
        self.refuse(series, not_whole, "is {!r}, not a count")
        self.refuse(series, number < 0, "is {}, below 0")
        self.refuse(series, number > MAX_TRIALS, f"is {{}}, above {MAX_TRIALS}")
        return number.cast(pl.Int64).to_numpy()

    def price_micros(self, series: "pl.Series") -> Counts:
        """A column of prices in US dollars, also written `$12.50`, in millionths of a dollar."""
        import polars as pl  # noqa: PLC0415

        self.check_plain(series)
        dollars = series.str.replace(r"^\s*\$\s*", "") if series.dtype == pl.String else series
        number = self._floats(dollars, "prices")
        self.refuse(series, number.is_null() | ~number.is_finite(), "is {!r}, not a price")
        self.refuse(series, number < 0, "is {}, below 0")
        self.refuse(series, number > MAX_PRICE, f"is {{}}, above {MAX_PRICE:,} dollars")
        if not (number > 0).any():
            raise InputError(f"{self.source}: every `{series.name}` is 0, so nothing earns anything")
        return (number * MICROS).round().cast(pl.Int64).to_numpy()

    def _floats(self, series: "pl.Series", what: str) -> "pl.Series":
        import polars as pl  # noqa: PLC0415

        self.check_not_null(series)
        if not (series.dtype == pl.String or series.dtype.is_numeric()):
            raise InputError(f"{self.source}: column `{series.name}` holds {series.dtype}, not {what}")
        return self._numbers(series).cast(pl.Float64, strict=False)

    def _numbers(self, series: "pl.Series") -> "pl.Series":
        import polars as pl  # noqa: PLC0415

        if series.dtype != pl.String:
            return series
        text = series.str.strip_chars()
        doubtful = ambiguous(text, self.table.separator)
        self.refuse(
            series,
            doubtful,
            "is {!r}, which can be a thousand times the one number or the other",
            "write numbers without separators of thousands",
        )
        return plain(text, self.table.separator)

    def check_successes(self, trials: Counts, successes: Counts) -> None:
        """Raise where successes exceed trials."""
        above = successes > trials
        if above.any():
            index = int(above.argmax())
            row = self.table.rows[ROW][index]
            raise InputError(f"{self.source}: row {row}: {successes[index]} successes of {trials[index]} trials")

    def caption_ids(self, series: "pl.Series") -> "pl.Series | None":
        """Int64 ids, the column's own; None where captions are texts."""
        import polars as pl  # noqa: PLC0415

        if series.dtype.is_float():
            self.refuse(series, series.is_infinite(), "is {}, not a caption")
            whole = series.is_finite() & (series == series.floor())
            if not whole.all():
                return None
            self._refuse_inexact(series, series, MAX_FLOAT32_ID if series.dtype == pl.Float32 else MAX_FLOAT_ID)
            return series.cast(pl.Int64)
        text = _stripped(series)
        plain_text, exponent = text.str.replace(_WHOLE_FLOAT, "${1}"), text.str.contains(_EXPONENT)
        if exponent.any():  # 1e+05, as R writes 100000
            numbers = text.cast(pl.Float64, strict=False)
            if not (numbers == numbers.floor()).filter(exponent).all():
                return None
            self._refuse_inexact(series, numbers.set(~exponent, None), MAX_FLOAT_ID)
            written = numbers.set(~exponent, None).cast(pl.Int64).cast(pl.String)
            plain_text = written.zip_with(exponent, plain_text)
        ids = plain_text.cast(pl.Int64, strict=False)
        absent = text.str.to_lowercase().is_in(WORDS_OF_ABSENCE)
        if ids.null_count() == absent.sum() and not absent.all():
            self.refuse(series, absent, "is {!r}, which stands for a missing number beside numbers")
        # A number written in two ways, as 7 and 007, would make one caption of two.
        same = ids.null_count() == 0 and (ids.cast(pl.String) == plain_text).all()
        return ids if same else None

    def _refuse_inexact(self, series: "pl.Series", numbers: "pl.Series", most: int) -> None:
        self.refuse(
            series, (numbers.abs() > most).fill_null(value=False), "is {}, too large for a float to hold every id"
        )

    def check_forms(self, series: "pl.Series", names: "pl.Series") -> None:
        """Raise where two names look the same but are different texts."""
        if names.str.contains(r"[^\x21-\x7e]").any() and (found := lookalike(names.unique(maintain_order=True))):
            earlier, name = map(ascii, found)
            self.refuse(
                series,
                names == found[1],
                f"is {name}, which looks the same as {earlier}",
                "write each name in one way: Unicode form NFC, no invisible characters, single blanks",
            )

    def check_unique(self, names: "pl.Series", ids: "pl.Series") -> None:
        """Raise where a page has a caption twice."""
        import polars as pl  # noqa: PLC0415

        pairs = pl.DataFrame({"page": names, "caption": ids})
        repeated = ~pairs.select(pl.struct("page", "caption").is_first_distinct()).to_series()
        if repeated.any():
            index = repeated.arg_max() or 0
            row = self.table.rows[ROW][index]
            raise InputError(
                f"{self.source}: row {row}: page {names[index]!r} has this caption already: one row per caption"
            )


def _stripped(series: "pl.Series") -> "pl.Series":
    import polars as pl  # noqa: PLC0415

    return series.cast(pl.String).str.strip_chars()


def _grouped(
    rows: "pl.Series",
    names: "pl.Series",
    ids: "pl.Series",
    trials: Counts,
    successes: Counts,
    texts: "pl.Series | None",
    micros: Counts | None,
) -> Counted:
    import polars as pl  # noqa: PLC0415

    columns = {"row": rows, "page": names, "caption": ids, "trials": trials, "successes": successes}
    further = {"text": texts, "micros": micros}
    columns |= {name: values for name, values in further.items() if values is not None}
    frame = pl.DataFrame(columns).sort("page", "caption")
    pages = frame["page"].rle().struct.unnest()
    column: Callable[[str], Counts] = lambda name: frame[name].cast(pl.Int64).to_numpy()  # noqa: E731
    return Counted(
        page_names=tuple(pages["value"]),
        offsets=np.concatenate([[0], pages["len"].cast(pl.Int64).to_numpy().cumsum()]),
        caption_ids=column("caption"),
        trials=column("trials"),
        successes=column("successes"),
        rows=column("row"),
        caption_names=None if texts is None else tuple(frame["text"]),
        price_micros=None if micros is None else column("micros"),
    )
