"""The columns that the simulated tables of a run must have: a run of an older version may lack some."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from sim.errors import InputError, StorageError
from sim.runs.merge import CURVES, PAGES, REPLICATIONS, curves_schema, replications_schema
from sim.tables.observations import observation_schemas
from sim.tables.pages import pages_schema


def simulated_columns() -> dict[str, list[str]]:
    """Columns of the tables written with the replications, by file name."""
    whole = {REPLICATIONS: replications_schema(), CURVES: curves_schema(), PAGES: pages_schema()}
    return {name: schema.names for name, schema in {**whole, **observation_schemas()}.items()}


def require_tables(run: Path, columns: Mapping[str, Iterable[str]]) -> None:
    """Check those of these tables that the run has; `columns` are the needed ones by file name."""
    for name, needed in columns.items():
        if (run / name).is_file():
            with (run / name).open("rb") as file:  # a path may hold what polars takes for a pattern
                require_columns(run / name, pl.read_parquet_schema(file), needed)


def require_columns(path: Path, present: Iterable[str], needed: Iterable[str]) -> None:
    """Raise InputError where a table of a run folder lacks columns that this version reads."""
    there = set(present)
    absent = [name for name in needed if name not in there]
    if absent:
        listed = f"column{'' if len(absent) == 1 else 's'} {', '.join(absent)}"
        raise InputError(f"{path} has no {listed}: another version of this program wrote it", again(path.parent))


def again(run: Path) -> str:
    """How to simulate the run of a folder again."""
    return f"Simulate it again: python -m sim run {run / 'scenario.yaml'} --out {run} --fresh"


def require_table(path: Path) -> None:
    """Raise StorageError where a table that every run has is missing."""
    if not path.is_file():
        raise StorageError(f"{path} is missing: another version of this program wrote the run", again(path.parent))
