"""Loading into a DuckDB file: a staging table, a list of its parts, and one transaction that publishes."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from sim.errors import InputError
from sim.warehouse.base import RowTotals, TargetSpec
from sim.warehouse.embedded import as_totals, literal_path, local_errors, local_statement, roll_back, totals_statement
from sim.warehouse.places import remove_scratch, scratch_folder
from sim.warehouse.schema import described
from sim.warehouse.translate import to_duckdb

PARTS = "_caption_sim_parts"


class DuckDBStaging:
    """A load into a table of a DuckDB file; see `Staging`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, spec: TargetSpec, table: str, staged: str) -> None:
        self._connection, self._spec, self._table, self._staged = connection, spec, table, staged
        with self._transaction() as run:
            run.execute(f"CREATE TABLE IF NOT EXISTS {PARTS} (staged VARCHAR, part VARCHAR, part_rows BIGINT)")
            run.execute(self._ddl(staged))

    @cached_property
    def scratch(self) -> Path:
        """See `Staging.scratch`: beside the file, for this process only."""
        folder = scratch_folder(self._spec.path)
        weakref.finalize(self, remove_scratch, folder)
        return folder

    def parts(self) -> dict[str, int]:
        """See `Staging.parts`."""
        query = f"SELECT part, part_rows FROM {PARTS} WHERE staged = ?"  # noqa: S608
        with local_errors(self._spec):
            return dict(self._connection.execute(query, [self._staged]).fetchall())

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """See `Staging.append`."""
        known = self.parts().get(part_id)
        return self._insert(part_id, source) if known is None else known

    def totals(self) -> RowTotals:
        """See `Staging.totals`."""
        with local_errors(self._spec):
            return as_totals(self._connection.execute(totals_statement(self._table, self._staged)).fetchall()[0])

    def publish(self, *, replace: bool) -> None:
        """See `Staging.publish`: one transaction.

        A table as the DDL makes it is exchanged by name; in any other the rows are, so that columns, keys and indexes
        which somebody added stay.
        """
        with self._transaction() as run:
            if not replace and self._rows_there():
                raise InputError(f"{self._spec}: {self._table} is not empty", "--replace replaces its rows")
            if self._as_in_ddl():
                run.execute(f'DROP TABLE IF EXISTS "{self._table}"')
                run.execute(f'ALTER TABLE "{self._staged}" RENAME TO "{self._table}"')
            else:
                run.execute(f'DELETE FROM "{self._table}"')  # noqa: S608
                self._move_rows(run)
            self._forget(run)
        self._remove_scratch()

    def publish_beside(self) -> None:
        """See `Staging.publish_beside`."""
        with self._transaction() as run:
            run.execute(self._ddl(self._table))
            self._move_rows(run)
            self._forget(run)
        self._remove_scratch()

    def discard(self) -> None:
        """See `Staging.discard`."""
        with self._transaction() as run:
            run.execute(f'DROP TABLE IF EXISTS "{self._staged}"')
            self._forget(run)
        self._remove_scratch()

    def _insert(self, part_id: str, source: Path | pa.Table) -> int:
        columns = self._columns()
        origin = "read_parquet($part, hive_partitioning = false)" if isinstance(source, Path) else "part_table"
        values = {"part": literal_path(source)} if isinstance(source, Path) else None
        with self._transaction() as run:
            if not isinstance(source, Path):
                run.register("part_table", source)
            insert = f'INSERT INTO "{self._staged}" ({columns}) SELECT {columns} FROM {origin}'  # noqa: S608
            rows = int(run.execute(insert, values).fetchall()[0][0])
            run.execute(f"INSERT INTO {PARTS} VALUES (?, ?, ?)", [self._staged, part_id, rows])  # noqa: S608
        if isinstance(source, Path) and source.parent == self.scratch:
            source.unlink()
        return rows

    def _ddl(self, name: str) -> str:
        return to_duckdb(local_statement(f"ddl/{self._table}", table=name))

    def _columns(self) -> str:
        return ", ".join(f'"{one.name}"' for one in described(self._table).columns)

    def _move_rows(self, run: duckdb.DuckDBPyConnection) -> None:
        columns = self._columns()
        run.execute(f'INSERT INTO "{self._table}" ({columns}) SELECT {columns} FROM "{self._staged}"')  # noqa: S608
        run.execute(f'DROP TABLE "{self._staged}"')

    def _forget(self, run: duckdb.DuckDBPyConnection) -> None:
        run.execute(f"DELETE FROM {PARTS} WHERE staged = ?", [self._staged])  # noqa: S608

    def _rows_there(self) -> bool:
        return self._exists() and bool(self._ask(f'SELECT 1 FROM "{self._table}" LIMIT 1'))  # noqa: S608

    def _exists(self) -> bool:
        return bool(self._of_table("SELECT 1 FROM duckdb_tables()", self._table))

    def _as_in_ddl(self) -> bool:
        """Whether the table is absent, or has the columns, defaults and constraints of the DDL and no index."""
        return not self._exists() or (
            not self._of_table("SELECT 1 FROM duckdb_indexes()", self._table)
            and self._layout(self._table) == self._layout(self._staged)
        )

    def _layout(self, table: str) -> list[tuple[object, ...]]:
        constraints = "SELECT constraint_type, constraint_text FROM duckdb_constraints()"
        columns = "SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns()"
        return [row for query in (columns, constraints) for row in sorted(self._of_table(query, table), key=repr)]

    def _of_table(self, query: str, table: str) -> list[tuple[object, ...]]:
        """Rows about a table; one of that name in another schema or attached file is another one."""
        ours = "database_name = current_database() AND schema_name = 'main' AND lower(table_name) = lower(?)"
        return self._ask(f"{query} WHERE {ours}", table)

    def _ask(self, query: str, *values: str) -> list[tuple[object, ...]]:
        return self._connection.execute(query, list(values)).fetchall()

    def _remove_scratch(self) -> None:
        if "scratch" in self.__dict__:
            remove_scratch(self.__dict__.pop("scratch"))

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        run = self._connection
        with local_errors(self._spec):
            run.execute("BEGIN TRANSACTION")
            try:
                yield run
                run.execute("COMMIT")
            except BaseException:
                roll_back(run)
                raise
