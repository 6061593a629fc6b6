"""A DuckDB file as a warehouse: the same tables, macros for functions, GoogleSQL translated on the way in.

The key of a table is declared, not enforced, on BigQuery; here it is not kept at all, nor are partitions, clustering
and options. Loads go through a staging table in the same file and a ledger of parts, changed in one transaction a part.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
from sqlglot.errors import SqlglotError

import sql
from sim.errors import StorageError
from sim.warehouse.base import Column, Facts, LocalStatementError, Routine, TableDescription, TargetSpec, staging_table
from sim.warehouse.schema import described, duckdb_type, normal_default
from sim.warehouse.translate import to_duckdb

LEDGER = "_caption_sim_parts"


class DuckDBTarget:
    """`duckdb:FILE`, opened; writing creates the file, reading wants it to exist."""

    lacks = frozenset({"primary_key", "partition", "cluster", "options"})

    def __init__(self, spec: TargetSpec, *, read_only: bool = False, memory_limit: str | None = None) -> None:
        self.spec = spec
        if read_only and not spec.path.is_file():
            raise StorageError(f"no DuckDB file at {spec.place}", "check the path, or run `deploy` first")
        with local_errors(spec):
            self._connection = connect(spec.place, read_only=read_only, memory_limit=memory_limit)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection itself, for what only DuckDB can do."""
        return self._connection

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """See `Target.statement`."""
        return sql.read(name, project=self.spec.project, dataset=self.spec.dataset, **parameters)

    def query(self, statement: str) -> pa.Table:
        """See `Target.query`."""
        with local_errors(self.spec):
            return integers(self._connection.execute(to_duckdb(statement)).to_arrow_table())

    def execute(self, statement: str) -> None:
        """See `Target.execute`."""
        with local_errors(self.spec):
            self._connection.execute(to_duckdb(statement))

    def describe(self, table: str) -> TableDescription | None:
        """See `Target.describe`."""
        rows = self._run(
            "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND table_name = ? ORDER BY column_index",
            [table],
        ).fetchall()
        columns = tuple(_column(*row) for row in rows)
        if not columns:
            return None
        statement = "SELECT 1 FROM duckdb_views() WHERE schema_name = 'main' AND view_name = ?"
        kind = "VIEW" if self._run(statement, [table]).fetchall() else "TABLE"
        return TableDescription(table, columns, rows=self._count(table), kind=kind)

    def require_dataset(self) -> None:
        """The file is open: nothing to do."""

    def routine(self, name: str) -> Routine | None:
        """See `Target.routine`."""
        return macro(self._connection, name)

    def expected_body(self, name: str) -> str:
        """See `Target.expected_body`."""
        return our_macro(name).body

    def same_body(self, one: str, other: str) -> bool:
        """See `Target.same_body`: DuckDB prints every macro in its own layout."""
        return one == other

    def staging(self, table: str, load_id: str) -> "DuckDBStaging":
        """See `Target.staging`."""
        return DuckDBStaging(self, table, staging_table(table, load_id))

    def close(self) -> None:
        """See `Target.close`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, statement: str, values: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        with local_errors(self.spec):
            return self._connection.execute(statement, values)

    def _count(self, table: str) -> int:
        return int(self._run(f'SELECT COUNT(*) FROM "{table}"').fetchall()[0][0])  # noqa: S608  (found in the catalog)


class DuckDBStaging:
    """A load into a table of a DuckDB file; see `Staging`."""

    def __init__(self, target: DuckDBTarget, table: str, staged: str) -> None:
        self._target, self._table, self._staged = target, table, staged
        run = target.connection.execute
        run(f"CREATE TABLE IF NOT EXISTS {LEDGER} (staged VARCHAR, part VARCHAR, part_rows BIGINT)")
        target.execute(target.statement(f"ddl/{table}", table=staged))

    @property
    def scratch(self) -> Path:
        """See `Staging.scratch`: beside the file."""
        folder = self._target.spec.path.with_suffix(".scratch")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def parts(self) -> dict[str, int]:
        """See `Staging.parts`."""
        run = self._target.connection.execute
        return dict(run(f"SELECT part, part_rows FROM {LEDGER} WHERE staged = ?", [self._staged]).fetchall())  # noqa: S608

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """See `Staging.append`."""
        known = self.parts().get(part_id)
        return self._insert(part_id, source) if known is None else known

    def facts(self) -> Facts:
        """See `Staging.facts`."""
        return facts_of(self._target, self._table, self._staged)

    def publish(self, *, replace: bool) -> None:
        """See `Staging.publish`: one transaction; a whole table changes its name rather than its rows their place."""
        columns = ", ".join(f'"{one.name}"' for one in described(self._table).columns)
        with _transaction(self._target) as run:
            if replace or not self._rows_there():
                run(f'DROP TABLE IF EXISTS "{self._table}"')
                run(f'ALTER TABLE "{self._staged}" RENAME TO "{self._table}"')
            else:
                run(f'INSERT INTO "{self._table}" ({columns}) SELECT {columns} FROM "{self._staged}"')  # noqa: S608
                run(f'DROP TABLE "{self._staged}"')
            run(f"DELETE FROM {LEDGER} WHERE staged = ?", [self._staged])  # noqa: S608
        self._tidy()

    def discard(self) -> None:
        """See `Staging.discard`."""
        with _transaction(self._target) as run:
            run(f'DROP TABLE IF EXISTS "{self._staged}"')
            run(f"DELETE FROM {LEDGER} WHERE staged = ?", [self._staged])  # noqa: S608
        self._tidy()

    def _insert(self, part_id: str, source: Path | pa.Table) -> int:
        names = [one.name for one in described(self._table).columns]
        columns = ", ".join(f'"{name}"' for name in names)
        origin = "read_parquet($part)" if isinstance(source, Path) else "part_table"
        values = {"part": str(source)} if isinstance(source, Path) else {}
        with _transaction(self._target) as run:
            if not isinstance(source, Path):
                self._target.connection.register("part_table", source)
            insert = f'INSERT INTO "{self._staged}" ({columns}) SELECT {columns} FROM {origin}'  # noqa: S608
            rows = int(run(insert, values or None).fetchall()[0][0])
            run(f"INSERT INTO {LEDGER} VALUES (?, ?, ?)", [self._staged, part_id, rows])  # noqa: S608
        if isinstance(source, Path) and source.parent == self.scratch:
            source.unlink()
        return rows

    def _rows_there(self) -> bool:
        found = self._target.describe(self._table)
        return found is not None and bool(found.rows)

    def _tidy(self) -> None:
        folder = self._target.spec.path.with_suffix(".scratch")
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def connect(
    place: str = ":memory:", *, read_only: bool = False, memory_limit: str | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection whose clock is UTC, as GoogleSQL's is."""
    connection = duckdb.connect(place, read_only=read_only)
    connection.execute("SET TimeZone = 'UTC'")
    if memory_limit:
        connection.execute(f"SET memory_limit = '{memory_limit}'")
    return connection


def deploy_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make our functions in a DuckDB connection (a scratch one, or over Parquet files)."""
    for name in sql.names("udf"):
        connection.execute(to_duckdb(sql.read(name, project="local-warehouse", dataset="main")))


def macro(connection: duckdb.DuckDBPyConnection, name: str) -> Routine | None:
    """The scalar macro `name` of a connection, if any."""
    rows = connection.execute(
        "SELECT parameters, macro_definition FROM duckdb_functions()"
        " WHERE function_name = ? AND function_type = 'macro' AND NOT internal",
        [name],
    ).fetchall()
    return Routine(name, rows[0][1], tuple((one, "ANY") for one in rows[0][0])) if rows else None


@cache
def our_macro(name: str) -> Routine:
    """Our function `name` as DuckDB prints it. KeyError if we have none."""
    with connect() as scratch:
        scratch.execute(to_duckdb(sql.read(f"udf/{name}", project="local-warehouse", dataset="main")))
        made = macro(scratch, name)
    if made is None:
        raise KeyError(name)
    return made


def facts_of(target: Any, table: str, staged: str) -> Facts:
    """Facts of the rows in `staged`, by the fingerprint of `table`; of other tables the number of rows alone."""
    if table != "caption_bandit_stats":
        return Facts(target.describe(staged).rows, 0, 0)
    row = target.query(target.statement("load/fingerprint_stats", table=staged)).to_pylist()[0]
    return Facts(int(row["row_count"]), int(row["distinct_keys"]), int(row["checksum"]))


def integers(table: pa.Table) -> pa.Table:
    """The same rows with DuckDB's 128-bit sums as the INT64 that GoogleSQL has."""
    wide = pa.decimal128(38, 0)
    schema = pa.schema([pa.field(one.name, pa.int64() if one.type == wide else one.type) for one in table.schema])
    return table.cast(schema)


def _column(name: str, kind: str, nullable: bool, default: str | None) -> Column:
    mode = "NULLABLE" if nullable else "REQUIRED"
    return Column(name, duckdb_type(kind), mode, normal_default(default, "duckdb"))


@contextmanager
def local_errors(spec: TargetSpec) -> Iterator[None]:
    """Turn DuckDB's errors into ours: of the statement, or of files and memory."""
    try:
        yield
    except (duckdb.Error, SqlglotError) as error:
        kind = StorageError if isinstance(error, _OF_THE_MACHINE) else LocalStatementError
        raise kind(f"{spec}: {str(error).splitlines()[0]}", _hint(error)) from error


_OF_THE_MACHINE = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InternalException, duckdb.FatalException)


def _hint(error: Exception) -> str:
    if isinstance(error, duckdb.CatalogException):
        return "run `deploy` to create what is missing"
    if isinstance(error, duckdb.IOException):
        return "is it a DuckDB file, writable, and free of other programs?"
    return ""


@contextmanager
def _transaction(target: DuckDBTarget) -> Iterator[Any]:
    run = target.connection.execute
    with local_errors(target.spec):
        run("BEGIN TRANSACTION")
        try:
            yield run
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise
