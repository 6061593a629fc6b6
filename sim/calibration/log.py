"""A log of messages as arrays, checked: every kind of problem is named once, with its first row.

The columns are those of `mass_messages`. Times become UTC; a price that is NULL or 0 means an unpriced message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import InputError
from sim.scenario.sections.traffic import MAX_DOLLARS
from sim.scenario.sections.traffic_values import MAX_FANS
from sim.units import DAY_S, MICROS
from sim.warehouse.send_logs import collect_log, column_names, of_unchanged, scan_log
from sim.wording import did_you_mean, near

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEEDED = ("page_name", "sending_time", "price", "sent_count", "viewed_count", "purchased_count")
USED = (*NEEDED, "row_id", "caption_id", "earnings")
COUNTS = ("sent_count", "viewed_count", "purchased_count")
ROW = "row of the log"
NO_CAPTION = -1
MAX_SHOWN = 12
LARGEST_COUNT = 2.0**62
CORRECT = "Correct these rows, or leave them out; docs/calibration.md says what each column holds."


@dataclass(frozen=True, eq=False)
class Sends:
    """Messages in order of page, then of time; arrays have shape (messages,)."""

    page: Integers
    """Index into `pages`."""
    time: Integers
    """Seconds since 1970, UTC."""
    price: Floats
    """Dollars; 0 without a price."""
    sent: Integers
    viewed: Integers
    purchased: Integers
    caption: Integers
    """Codes from 0; `NO_CAPTION` where the log names none."""
    pages: tuple[str, ...]
    unsold_missing: bool = False
    """Whether the log holds NULL for messages that sold nothing."""
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many messages there are."""
        return len(self.page)

    @property
    def priced(self) -> Flags:
        """Which messages carry a price."""
        return self.price > 0.0

    @property
    def day(self) -> Integers:
        """Days since 1970, UTC."""
        return self.time // DAY_S

    def part(self, chosen: Flags | Integers) -> "Sends":
        """Some messages, by flag or in the order of their numbers, with all pages."""
        return replace(
            self,
            page=self.page[chosen],
            time=self.time[chosen],
            price=self.price[chosen],
            sent=self.sent[chosen],
            viewed=self.viewed[chosen],
            purchased=self.purchased[chosen],
            caption=self.caption[chosen],
        )


@of_unchanged
def read_sends(source: str, policy: str | None = None, columns: Mapping[str, str] | None = None) -> Sends:
    """Read a log of messages. `columns`: column of `mass_messages` → its name in the log, where that is another one.

    Raises StorageError where `source` cannot be read, InputError with all problems where its content cannot be used.
    """
    frame = scan_log(source, policy, as_text=True)
    frame = frame.select(_named(source, column_names(source, frame), columns or {}))
    present = column_names(source, frame)
    _require_columns(source, present)
    table = collect_log(source, frame.select([name for name in USED if name in present]))
    if table.height == 0:
        raise InputError(f"{source}: the log has no rows")
    blank = pl.all_horizontal(pl.all().is_null())  # an empty line of a text file
    numbered = table.with_columns(blank=blank).with_row_index(ROW, offset=1)
    return _Reader(source, numbered.filter(~pl.col("blank"))).sends()


def times_and_counts(source: str, table: pl.DataFrame, time: str, count: str) -> tuple[Integers, Integers]:
    """Seconds since 1970 and whole numbers of two columns, of text too; a NULL count is 0.

    Raises InputError with one line for each kind of problem.
    """
    reader = _Reader(source, table.with_row_index(ROW, offset=1).drop_nulls(time))
    found = reader.time(time), reader.count(count, null=0.0)
    reader.require_no_problem("the table")
    return found


def _named(source: str, present: list[str], columns: Mapping[str, str]) -> list[pl.Expr]:
    """The columns of the log under their names in `mass_messages`; InputError for a name that is none."""
    for column, name in columns.items():
        if column not in USED:
            raise InputError(f"--columns: mass_messages has no column {column!r}{did_you_mean(column, USED)}")
        if name not in present:
            raise InputError(f"{source}: has no column {name!r} ({column}){did_you_mean(name, present)}")
    kept = [pl.col(name) for name in present if name not in {*columns, *columns.values()}]
    return kept + [pl.col(name).alias(column) for column, name in columns.items()]


def _require_columns(source: str, present: list[str]) -> None:
    missing = [name for name in NEEDED if name not in present]
    if not missing:
        return
    has = ", ".join(present[:MAX_SHOWN]) + (", …" if len(present) > MAX_SHOWN else "")
    asked = ", ".join(
        repr(name) + "".join(f' (did you mean "{one}"?)' for one in near(name, present)) for name in missing
    )
    raise InputError(
        f"{source}: missing column{'s' if len(missing) > 1 else ''} {asked}; the log has {has}",
        f"Name them: --columns {missing[0]}=NAME (docs/calibration.md).",
    )


class _Reader:
    """Turns a table into arrays, and collects problems."""

    def __init__(self, source: str, table: pl.DataFrame) -> None:
        self._source, self._table = source, table
        self._problems: list[str] = []
        self._notes: list[str] = []
        self._reported: dict[str, Flags] = {}

    def sends(self) -> Sends:
        """The messages; InputError with one line for each kind of problem."""
        self._refuse("page_name", self._table["page_name"].is_null().to_numpy(), "NULL")
        time = self.time("sending_time")
        price = np.nan_to_num(self._numbers("price", null=0.0))
        self._refuse("price", price < 0.0, "negative")
        self._refuse("price", price > MAX_DOLLARS, f"above {MAX_DOLLARS:,} dollars, the most of a scenario")
        unsold_missing = self._unsold_is_missing(price)
        sent, viewed = self.count("sent_count"), self.count("viewed_count")
        purchased = self.count("purchased_count", null=0.0 if unsold_missing else None)
        self._refuse("sent_count", sent == 0, "0: a message to no one")
        self._refuse("sent_count", sent > MAX_FANS, f"above {MAX_FANS:,} fans, the most of a scenario")
        self._refuse("viewed_count", viewed > sent, "more than sent_count", than="sent_count")
        self._refuse("purchased_count", purchased > viewed, "more than viewed_count", than="viewed_count")
        self._duplicates()
        caption = self._captions()
        self.require_no_problem("the log")
        self._remark_earnings(price, purchased)
        if ((price == 0.0) & (purchased > 0)).any():
            self._notes.append("unpriced messages with purchases: the model knows none, their purchases are left out")
        names = self._table["page_name"].cast(pl.String)
        page = (names.rank("dense").to_numpy() - 1).astype(np.int64)
        arrays = (page, time, price, sent, viewed, purchased, caption)
        sends = Sends(*arrays, tuple(names.unique().sort()), unsold_missing, tuple(self._notes))
        return sends.part(np.lexsort((time, page)))

    def require_no_problem(self, what: str) -> None:
        """InputError with all problems, if there are any."""
        if self._problems:
            raise InputError("\n".join((f"{self._source}: {what} cannot be used", *self._problems)), CORRECT)

    def _refuse(self, name: str, bad: Flags, what: str, than: str | None = None) -> None:
        """Report the first row where `bad` is true, unless this column, or `than`, is reported there already."""
        none = np.zeros(self._table.height, np.bool_)
        bad = bad & ~self._reported.get(name, none) & ~self._reported.get(than or name, none)
        self._reported[name] = self._reported.get(name, none) | bad
        if not bad.any():
            return
        index, count = int(np.argmax(bad)), int(bad.sum())
        more = f" (and {count - 1:,} more row{'s' if count > 2 else ''})" if count > 1 else ""
        value = self._table[name][index]
        shown = "" if value is None else f" {value!r},"
        self._problems.append(f"  row {self._table[ROW][index]}: {name} is{shown} {what}{more}")

    def _numbers(self, name: str, null: float | None) -> Floats:
        """A column of finite numbers; NULL becomes `null`, or is refused. Refused values become NaN."""
        column = self._table[name]
        if column.dtype == pl.String:
            text = column.str.strip_chars()
            self._refuse(
                name,
                text.str.contains(r"^-?[\d.]*\d,\d+$").fill_null(False).to_numpy(),
                "with a comma: write decimals with a point",
            )
            column = text.str.replace(",", ".", literal=True)
        read = column.cast(pl.Float64, strict=False)
        self._refuse(name, (read.is_null() & column.is_not_null()).to_numpy(), "not a number")
        values = read.fill_null(float("nan")).to_numpy()
        given = column.is_not_null().to_numpy() & read.is_not_null().to_numpy()
        self._refuse(name, given & ~np.isfinite(values), "not finite")
        if null is None:
            self._refuse(name, column.is_null().to_numpy(), "NULL")
            return values
        return np.where(column.is_null().to_numpy(), null, values)

    def count(self, name: str, null: float | None = None) -> Integers:
        """A column of whole numbers from 0; NULL becomes `null`, or is refused."""
        values = self._numbers(name, null)
        known = np.isfinite(values)
        self._refuse(name, known & (values < 0.0), "negative")
        self._refuse(name, known & (values != np.rint(values)), "not a whole number")
        # Larger numbers than an integer holds are refused all the same.
        return np.clip(np.where(known, np.rint(values), 0.0), 0.0, LARGEST_COUNT).astype(np.int64)

    def _unsold_is_missing(self, price: Floats) -> bool:
        """Whether NULL purchases mean that a message sold nothing: some are NULL, and none of the priced ones is 0."""
        column = self._table["purchased_count"].cast(pl.Float64, strict=False).to_numpy()
        priced = column[price > 0.0]
        if not np.isnan(priced).any() or (priced == 0.0).any():
            return False
        self._notes.append("purchased_count is NULL and never 0: NULL is read as 0 (feedback.unsold: missing)")
        return True

    def time(self, name: str) -> Integers:
        """Seconds since 1970 in UTC."""
        column = self._table[name]
        self._refuse(name, column.is_null().to_numpy(), "NULL")
        if column.dtype == pl.String:
            column = self._parsed_time(name, column.str.strip_chars())
        elif not isinstance(column.dtype, pl.Datetime):
            self._problems.append(f"  {name} holds {column.dtype}, not times")
            return np.zeros(len(column), np.int64)
        elif column.dtype.time_zone is None:
            self._notes.append(f"{name} has no time zone: read as UTC")
        micros = column.dt.cast_time_unit("us").dt.epoch("us").fill_null(0).to_numpy()
        return np.asarray(micros // MICROS, np.int64)

    def _parsed_time(self, name: str, text: pl.Series) -> pl.Series:
        """Times of a text file: all with an offset or all without."""
        text = text.str.replace(" UTC$", "Z")
        zoned = text.str.contains(r"(Z|[+-]\d\d:?\d\d)$")
        with_zone = text.str.replace("Z$", "+00:00").str.replace(" ", "T", literal=True)
        aware = with_zone.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="us", time_zone="UTC")
        naive = text.str.replace("T", " ", literal=True)
        local = naive.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
        found = aware.fill_null(local.dt.replace_time_zone("UTC"))
        self._refuse(name, (found.is_null() & text.is_not_null()).to_numpy(), "not a time such as 2025-01-06 18:30:00Z")
        given = zoned.drop_nulls()
        if given.any() and not given.all():
            self._refuse(name, (~zoned).fill_null(False).to_numpy(), "without a time zone, where other rows have one")
        elif not given.any():
            self._notes.append(f"{name} has no time zone: read as UTC")
        return found

    def _duplicates(self) -> None:
        known = [name for name in USED if name in self._table.columns and name != "row_id"]
        if "row_id" in self._table.columns:
            ids = self._table["row_id"]
            again = (~ids.is_first_distinct() & ids.is_not_null()).to_numpy()
            self._refuse("row_id", again, "a duplicate of an earlier row")
            if again.any():
                return
        # Two messages of one page in one second may be two: only rows that agree in every column and sold are one.
        same = ~self._table.select(pl.struct(known).is_first_distinct()).to_series().to_numpy()
        if "row_id" not in self._table.columns:
            self._refuse("page_name", same, "in a duplicate: an earlier row has the same values")

    def _captions(self) -> Integers:
        """Codes of the captions from 0; a caption is one only within its page."""
        if "caption_id" not in self._table.columns:
            self._notes.append("the log has no column caption_id: nothing is known of single captions")
            return np.full(self._table.height, NO_CAPTION, np.int64)
        known = self._table["caption_id"].is_not_null().to_numpy()
        both = self._table.select(pl.struct("page_name", pl.col("caption_id").cast(pl.String))).to_series()
        codes = both.rank("dense").fill_null(1).to_numpy().astype(np.int64) - 1
        return np.where(known, codes, NO_CAPTION)

    def _remark_earnings(self, price: Floats, purchased: Integers) -> None:
        if "earnings" not in self._table.columns:
            return
        earned = np.nan_to_num(self._numbers("earnings", null=0.0))
        differs = np.abs(earned - price * purchased) > 0.005 + 1e-6 * np.abs(earned)
        if differs.any():
            row = self._table[ROW][int(np.argmax(differs))]
            self._notes.append(
                f"earnings differ from price × purchases in {int(differs.sum()):,} rows (first row {row}): "
                "price × purchases is used"
            )
