"""Propensities that a log does not have, from snapshots of the table that the rule read.

    snapshots ──page, time──> counts of a page ──rule──> P(caption) ──> propensity of each decision

A decision at time t was made from the last snapshot of its page at or before t. Every caption of the page in that
snapshot was a candidate, and one of them was sent. Each time of a snapshot begins a batch: a refreshed table is another
logging policy.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from policies.base import Policy
from policies.registry import build, kinds
from sim.errors import InputError
from sim.evaluation.estimators import Floats
from sim.warehouse.send_logs import collect_log, column_names, of_unchanged, scan_log
from sim.wording import did_you_mean
from sim.worlds.selection.propensities import propensities

Codes = NDArray[np.int16] | NDArray[np.int32]
Times = NDArray[np.int64]

BACKUPS = "caption_bandit_backups"
TIMES = ("snapshot_at", "backup_us")
NEEDED = ("page_name", "caption_id", "successes", "failures")
PRIOR = 1  # of successes and of failures, in a row of the table
ZONE = r"(Z|[+-]\d\d:?\d\d)$"
_ROW = "row of the snapshots"


@dataclass(frozen=True, eq=False)
class Decisions:
    """What is known of the decisions of a log; arrays (rows,). Codes index the lists of names."""

    source: str
    row: NDArray[np.uint32]
    """Row of the file, from 1."""
    stratum: Codes
    action: Codes
    time: Times
    """Microseconds since 1970, UTC."""
    strata: list[str]
    actions: list[str]


@dataclass(frozen=True, eq=False)
class Snapshots:
    """The table at several times, one row per page, time and caption, in that order."""

    source: str
    page: list[str]
    """Of each snapshot."""
    time: Times
    """Of each snapshot."""
    start: NDArray[np.int64]
    """First row of each snapshot, and the number of rows."""
    caption: list[str]
    trials: Floats
    successes: Floats

    def of_page(self, page: str) -> slice:
        """The snapshots of one page, in order of time."""
        first, stop = bisect_left(self.page, page), bisect_right(self.page, page)
        return slice(first, stop) if first < stop else slice(0, 0)


@of_unchanged
def read_snapshots(source: str) -> Snapshots:
    """Read snapshots from a file, a folder or the table `caption_bandit_backups` of a target.

    Raises StorageError where `source` cannot be read, InputError with the row where its content cannot be used.
    """
    frame = scan_log(source, table=BACKUPS)
    present = column_names(source, frame)
    time = next((name for name in TIMES if name in present), None)
    missing = [name for name in NEEDED if name not in present] + ([] if time else [" or ".join(TIMES)])
    if missing or time is None:
        raise InputError(f"{source}: missing column {missing[0]}; the snapshots have {', '.join(present[:12])}")
    names = (pl.col("page_name").cast(pl.String), pl.col("caption_id").cast(pl.String))
    counts = (pl.col("successes"), pl.col("failures"))
    table = collect_log(source, frame.select(*names, *counts, micros(frame.collect_schema(), time).alias("at")))
    table = table.with_row_index(_ROW, offset=1).sort("page_name", "at", "caption_id")
    _refuse_bad_rows(source, table)
    changed = pl.struct("page_name", "at").rle_id()
    first = np.flatnonzero(np.diff(table.select(changed).to_series().to_numpy(), prepend=-1))
    return Snapshots(
        source,
        table["page_name"].gather(first).to_list(),
        table["at"].gather(first).to_numpy(),
        np.append(first, table.height),
        table["caption_id"].to_list(),
        (table["successes"] + table["failures"] - 2 * PRIOR).cast(pl.Float64).to_numpy(),
        (table["successes"] - PRIOR).cast(pl.Float64).to_numpy(),
    )


def micros(schema: pl.Schema, name: str) -> pl.Expr:
    """Microseconds since 1970, UTC, of a column of times, of ISO text, or of such microseconds."""
    kind = schema[name]
    if kind.is_integer():
        return pl.col(name).cast(pl.Int64)
    if kind.is_temporal():
        return pl.col(name).dt.epoch("us")
    if kind != pl.String:
        raise InputError(f"column {name!r} holds {kind}, not times")
    text = pl.col(name).str.strip_chars().str.replace(" ", "T")
    whole = pl.when(text.str.contains("T")).then(text).otherwise(text + "T00:00:00")
    zoned = pl.when(whole.str.contains(ZONE)).then(whole).otherwise(whole + "Z")
    return zoned.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).dt.epoch("us")


def _refuse_bad_rows(source: str, table: pl.DataFrame) -> None:
    if table.height == 0:
        raise InputError(f"{source}: holds no snapshot")
    problems = {
        "NULL, or a time that is none": pl.any_horizontal(pl.all().is_null()),
        "two rows of one caption": pl.struct("page_name", "at", "caption_id").is_duplicated(),
        f"counts below the prior {PRIOR}": (pl.col("successes") < PRIOR) | (pl.col("failures") < PRIOR),
    }
    for what, expression in problems.items():
        bad = table.filter(expression)
        if bad.height:
            row = int(bad[_ROW].to_numpy().min())
            more = f" (and {bad.height - 1:,} more rows)" if bad.height > 1 else ""
            raise InputError(f"{source}: row {row}: {what}{more}", "A snapshot is the table caption_bandit_stats.")


def rule_of(name: str) -> Policy:
    """The policy that chose the captions, with its defaults; InputError for a name that is none."""
    if name not in kinds():
        raise InputError(f"--rule: unknown policy {name!r}{did_you_mean(name, kinds())}")
    return build(name)


def reconstructed(decisions: Decisions, snapshots: Snapshots, rule: Policy) -> tuple[Floats, Codes]:
    """(propensity of each decision, its batch), both (rows,).

    Raises InputError with the row: no snapshot before it, a caption that the snapshot does not have, or one that the
    rule never sends there; and for a rule whose probabilities have no known form.
    """
    found = np.empty(len(decisions.time))
    for stratum in np.unique(decisions.stratum):
        rows = np.flatnonzero(decisions.stratum == stratum)
        here = snapshots.of_page(decisions.strata[stratum])
        place = np.searchsorted(snapshots.time[here], decisions.time[rows], side="right") - 1
        _refuse(decisions, rows[place < 0], f"{snapshots.source} has no snapshot of its page at or before its time")
        for each in np.unique(place):
            part = rows[place == each]
            found[part] = _of_snapshot(decisions, part, snapshots, here.start + int(each), rule)
    times = np.unique(snapshots.time)
    return found, (np.searchsorted(times, decisions.time, side="right") - 1).astype(np.int32)


def _of_snapshot(
    decisions: Decisions, rows: NDArray[np.int64], snapshots: Snapshots, number: int, rule: Policy
) -> Floats:
    """The propensities of decisions that were made from one snapshot."""
    part = slice(int(snapshots.start[number]), int(snapshots.start[number + 1]))
    chance = propensities(rule, snapshots.trials[part], snapshots.successes[part])
    known = {caption: float(value) for caption, value in zip(snapshots.caption[part], chance, strict=True)}
    by_action = {code: known.get(decisions.actions[code], np.nan) for code in np.unique(decisions.action[rows])}
    found = np.array([by_action[code] for code in decisions.action[rows]])
    when = np.datetime_as_string(np.datetime64(int(snapshots.time[number]), "us"), unit="s")
    _refuse(decisions, rows[np.isnan(found)], f"its caption is not in the snapshot of {when} UTC")
    _refuse(decisions, rows[found <= 0.0], f"{rule.kind} never sends its caption by the snapshot of {when} UTC")
    return found


def _refuse(decisions: Decisions, bad: NDArray[np.int64], what: str) -> None:
    """Raise for the first of the rows `bad`."""
    if not len(bad):
        return
    first = bad[int(np.argmin(decisions.row[bad]))]
    more = f" (and {len(bad) - 1:,} more rows)" if len(bad) > 1 else ""
    page, caption = decisions.strata[decisions.stratum[first]], decisions.actions[decisions.action[first]]
    raise InputError(
        f"{decisions.source}: row {decisions.row[first]} ({page}, caption {caption}): {what}{more}",
        "The propensity cannot be reconstructed: another rule, other candidates, or missing snapshots.",
    )
