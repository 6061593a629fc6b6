"""CSV files that a spreadsheet opens without running what is in them."""

from pathlib import Path

import polars as pl

from sim.files import replacing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"
"""What spreadsheets take as "the rest is text"."""

_FORMULA = r"^[\s\x00]*[=+\-@]|^[\t\r]"


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a guard before every text that would start a formula, spaces before it or not; numbers stay.

    Names of columns are texts, too. Source: OWASP, "CSV Injection".
    """
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    guarded = frame.with_columns([_guarded(name) for name in texts])
    return guarded.rename({name: GUARD + name for name in frame.columns if name.startswith(FORMULA_STARTS)})


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as CSV (RFC 4180, UTF-8), whole or not at all; NULL is empty, numbers keep every digit."""
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as temporary:
        defused(frame).write_csv(temporary)


def _guarded(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(text.str.contains(_FORMULA)).then(pl.lit(GUARD) + text).otherwise(text).alias(name)
