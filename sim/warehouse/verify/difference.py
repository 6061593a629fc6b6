"""The statistics table of one target against that of another, row by row by their keys (`--against`)."""

from collections.abc import Sequence

import polars as pl

from sim.errors import InputError
from sim.warehouse.base import STATS, Target
from sim.warehouse.schema import described
from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.results import Result, Status

KEY = ("page_name", "caption_id")
MOST_ROWS = 20_000_000
EXAMPLES = 3
RELATIVE = 1e-12  # of two floats: engines may sum in another order
ROWS = Check(
    "against_rows",
    "against",
    "Do both tables have the same keys, each once?",
    "Rows are missing on one side, or stand there several times.",
    "Load the missing rows, or find the job that deleted or doubled them.",
)
VALUES = Check(
    "against_values",
    "against",
    "Do rows of the same key have the same values?",
    "The tables disagree about the same captions: one is stale, or was computed in another way.",
    "Compare the update jobs and the times of the last updates.",
)
CHECKS = (ROWS, VALUES)


def compare(target: Target, other: Target, table: str) -> list[Result]:
    """Keys of one side only, and values that differ, with examples. InputError where there is no such table."""
    here, there = _rows(target, table), _rows(other, table)
    doubled = sum(frame.height - frame.n_unique(KEY) for frame in (here, there))
    only_here, only_there = (
        one.join(two, on=KEY, how="anti", nulls_equal=True) for one, two in ((here, there), (there, here))
    )
    detail = (
        f"{only_here.height} keys only in {target.spec}, {only_there.height} only in {other.spec}, {doubled} repeated"
        f"{_examples(pl.concat([only_here, only_there]))}"
    )
    wrong = only_here.height + only_there.height + doubled
    return [
        Result(ROWS, Status.FAIL if wrong else Status.PASS, f"{detail}; {here.height} and {there.height} rows"),
        _values(here, there),
    ]


def _rows(target: Target, table: str) -> pl.DataFrame:
    found = target.describe(table)
    if found is None:
        target.require_dataset()
        raise InputError(f"{target.spec} has no table {table}", "--against compares two tables of this name")
    if (found.rows or 0) > MOST_ROWS:
        raise InputError(f"{target.spec} has {found.rows:,} rows", f"--against compares at most {MOST_ROWS:,}")
    frame = pl.DataFrame(target.query(target.statement("probes/stats_rows", table=table)))
    return frame.with_columns(pl.col("page_name").cast(pl.String))


def _values(here: pl.DataFrame, there: pl.DataFrame) -> Result:
    names = [one.name for one in described(STATS).columns if one.name not in KEY]
    both = here.join(there, on=KEY, suffix="_there", nulls_equal=True)
    differs = both.select(*KEY, *(_differs(name, here.schema[name]).alias(name) for name in names))
    wrong = differs.filter(pl.any_horizontal(names))
    counts = {name: int(wrong[name].sum()) for name in names if wrong[name].any()}
    listed = ", ".join(f"{name} in {count}" for name, count in counts.items())
    detail = f"{wrong.height} of {both.height} rows differ" + (f": {listed}" if listed else "") + _examples(wrong)
    return Result(VALUES, Status.FAIL if wrong.height else Status.PASS, detail)


def _differs(name: str, kind: pl.DataType) -> pl.Expr:
    one, two = pl.col(name), pl.col(f"{name}_there")
    if not kind.is_float():
        return one.ne_missing(two)
    near = (one - two).abs() <= RELATIVE * pl.max_horizontal(one.abs(), two.abs())
    return ~(near.fill_null(False) | one.eq_missing(two))


def _examples(rows: pl.DataFrame) -> str:
    chosen: Sequence[tuple[object, object]] = rows.select(KEY).sort(KEY).head(EXAMPLES).rows()
    return "; for example " + ", ".join(f"{page} {caption}" for page, caption in chosen) if chosen else ""
