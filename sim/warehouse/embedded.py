"""DuckDB as the engine of the local targets: connections, macros, errors, and the SQL totals of a table."""

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot.errors import SqlglotError

import sql
from sim.errors import StorageError
from sim.warehouse.base import (
    CURVES,
    LOCAL_DATASET,
    LOCAL_PROJECT,
    SENDS,
    STATS,
    LocalStatementError,
    Routine,
    RowTotals,
)
from sim.warehouse.translate import to_duckdb

TOTALS = {STATS: "load/fingerprint_stats", SENDS: "load/fingerprint_sends", CURVES: "load/fingerprint_curves"}
NO_PARQUET_HINT = "is it a CSV, or a file that was cut short?"


def connect(
    place: str = ":memory:", *, read_only: bool = False, memory_limit: str | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection whose clock is UTC, as GoogleSQL's is."""
    connection = duckdb.connect(not_home(place), read_only=read_only)
    connection.execute("SET TimeZone = 'UTC'")
    if memory_limit:
        connection.execute(f"SET memory_limit = '{memory_limit}'")
    return connection


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Roll back the open transaction, if there is one: after an error of the file DuckDB has ended it already."""
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        return


def local_statement(name: str, **parameters: sql.Parameter) -> str:
    """The GoogleSQL statement `name` of `sql/`, for a local target."""
    return sql.read(name, project=LOCAL_PROJECT, dataset=LOCAL_DATASET, **parameters)


def deploy_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Create our functions in a DuckDB connection (a scratch one, or over Parquet files)."""
    for name in sql.names("udf"):
        connection.execute(to_duckdb(local_statement(name)))


def macro(connection: duckdb.DuckDBPyConnection, name: str) -> Routine | None:
    """The scalar macro `name` of a connection, if any; DuckDB compares names without regard to case."""
    rows = connection.execute(
        "SELECT parameters, macro_definition FROM duckdb_functions()"
        " WHERE lower(function_name) = lower(?) AND function_type = 'macro' AND NOT internal",
        [name],
    ).fetchall()
    return Routine(name, _bare_types(rows[0][1]), tuple((one, "ANY") for one in rows[0][0])) if rows else None


def _bare_types(text: str) -> str:
    """DuckDB quotes the types of casts until the file is opened again."""
    return re.sub(r'AS "([A-Z]+)"\)', r"AS \1)", text)


@cache
def our_macro(name: str) -> Routine:
    """Our function `name` as DuckDB prints it. KeyError if there is none."""
    with connect() as scratch:
        scratch.execute(to_duckdb(local_statement(sql.function(name))))
        made = macro(scratch, name)
    if made is None:
        raise KeyError(name)
    return made


def view_text(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """The view `name` of a connection as DuckDB prints it, if any; names are compared without regard to case."""
    rows = connection.execute(
        "SELECT sql FROM duckdb_views() WHERE schema_name = 'main' AND lower(view_name) = lower(?) AND NOT internal",
        [name],
    ).fetchall()
    # Until the file is opened again, CROSS JOIN is not yet a comma.
    return _bare_types(rows[0][0]).replace(" , ", " CROSS JOIN ") if rows else None


@cache
def our_view(name: str) -> str:
    """Our view `name` as DuckDB prints it. KeyError if there is none."""
    with connect() as scratch:
        for table in (STATS, SENDS):
            scratch.execute(to_duckdb(local_statement(f"ddl/{table}", table=table)))
        scratch.execute(to_duckdb(local_statement(f"{sql.VIEWS}/{name}")))
        made = view_text(scratch, name)
    if made is None:
        raise KeyError(name)
    return made


def totals_statement(table: str, relation: str) -> str:
    """The statement that asks for the totals of the rows in `relation`, which has the columns of `table`, in DuckDB."""
    return to_duckdb(local_statement(TOTALS.get(table, "load/count_rows"), table=relation))


def as_totals(row: tuple[int, ...]) -> RowTotals:
    """The answer to a statement of `TOTALS`, (rows, distinct keys, checksum), as a RowTotals."""
    return RowTotals(*(int(value) for value in row))


def file_totals(table: str, files: list[Path]) -> RowTotals:
    """Totals of the rows of Parquet files that have the columns of `table`, by DuckDB."""
    with connect() as scratch:
        make_view(scratch, table, files)
        return as_totals(scratch.execute(totals_statement(table, table)).fetchall()[0])


def make_view(connection: duckdb.DuckDBPyConnection, name: str, files: list[Path]) -> None:
    """A view `name` over Parquet files."""
    listed = ", ".join(quoted(literal_path(file)) for file in files)
    source = f"read_parquet([{listed}], hive_partitioning = false)"
    connection.execute(f"""CREATE OR REPLACE VIEW "{name}" AS SELECT * FROM {source}""")  # noqa: S608


def literal_path(path: Path) -> str:
    """A path for DuckDB's readers, in which `[ ] * ?` stand for themselves and not for a pattern."""
    return glob.escape(not_home(str(path)))


def not_home(place: str) -> str:
    """A path for DuckDB, which takes any `~` at the start, as of a folder `~old`, for the user's home."""
    return f"./{place}" if place.startswith("~") else place


def quoted(text: str) -> str:
    """`text` as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def integers(table: pa.Table) -> pa.Table:
    """The same rows with DuckDB's 128-bit sums as the INT64 that GoogleSQL has."""
    wide = pa.decimal128(38, 0)
    schema = pa.schema([pa.field(one.name, pa.int64() if one.type == wide else one.type) for one in table.schema])
    return table.cast(schema)


def _file_hint(error: Exception) -> str:
    if "Conflicting lock" in str(error):
        return "another program has the file: repeat the command when that one has ended"
    return "does its folder exist, and is it a DuckDB file, writable, and free of other programs?"


@contextmanager
def local_errors(subject: object) -> Iterator[None]:
    """Turn DuckDB's errors into ours: a LocalStatementError, or a StorageError of files, space and memory."""
    try:
        yield
    except (duckdb.Error, SqlglotError) as error:
        kind = StorageError if isinstance(error, _OF_THE_MACHINE) or _is_full(error) else LocalStatementError
        raise kind(f"{subject}: {str(error).splitlines()[0]}", _hint(error)) from error


_OF_THE_MACHINE = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InternalException, duckdb.FatalException)


def _is_full(error: Exception) -> bool:
    return "No space left" in str(error)


def _hint(error: Exception) -> str:
    if _is_full(error):
        return "the disk is full: free some space and repeat the command"
    if isinstance(error, duckdb.CatalogException):
        return "run `deploy` to create what is missing"
    if isinstance(error, duckdb.TransactionException) and "onflict" in str(error):
        return "another command writes the same rows: repeat this one when it has ended"
    if isinstance(error, duckdb.ConstraintException) or "constraint violation" in str(error):
        return "a rule that was added to the table refuses the rows: `deploy --plan` shows what differs"
    if isinstance(error, duckdb.IOException):
        return _file_hint(error)
    return ""
