"""Curves read some points at a time: the memory that a summary takes does not grow with replications × points."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from reports.estimators.intervals import Floats

AT_ONCE = 100_000  # values in memory
LEAST = 2  # points: NumPy adds a single column up in another order, so that means would depend on where slices end

Slice = tuple[Floats, Floats]
"""Consecutive points (points,), and values there (replications, points)."""


def slices(curves: Path, policy: str, name: str) -> Iterator[Slice]:
    """One column of `curves.parquet` for one policy, in the order of time; together all points."""
    rows = _rows(curves, policy)
    at, replications = _shape(rows)
    step = max(LEAST, AT_ONCE // max(1, replications))
    for part in np.array_split(at, max(1, len(at) // step)):
        yield part, _values(rows, part, name).reshape(replications, -1)


def paired(curves: Path, policy: str, baseline: str, name: str) -> Iterator[Slice]:
    """The same, minus the baseline's in the same replication."""
    return minus(slices(curves, policy, name), slices(curves, baseline, name))


def minus(one: Iterator[Slice], other: Iterator[Slice]) -> Iterator[Slice]:
    """`one` minus `other`, which must have the same points and replications."""
    for (at, values), (_, others) in zip(one, other, strict=True):
        yield at, values - others


def points(curves: Path, policy: str) -> Floats:
    """All points of a policy's curve, (points,)."""
    return _shape(_rows(curves, policy))[0]


def at_end(curves: Path, policy: str, name: str) -> Floats:
    """A column at the last point, (replications,)."""
    rows = _rows(curves, policy)
    return _values(rows, _shape(rows)[0][-1:], name)


def _rows(curves: Path, policy: str) -> pl.LazyFrame:
    return pl.scan_parquet(curves, glob=False, hive_partitioning=False).filter(pl.col("policy") == policy)


def _shape(rows: pl.LazyFrame) -> tuple[Floats, int]:
    """(points, replications)."""
    counts = rows.group_by("at").len().sort("at").collect(engine="streaming")
    return counts["at"].to_numpy(), int(counts["len"][0]) if len(counts) else 0


def _values(rows: pl.LazyFrame, at: Floats, name: str) -> Floats:
    """By replication, then by point."""
    wanted = rows.filter(pl.col("at").is_between(at[0], at[-1])).select("replication", "at", name)
    values = wanted.collect(engine="streaming").sort("replication", "at")[name].to_numpy()
    return np.asarray(values, dtype=np.float64)
