"""A DuckDB file as a warehouse: the same tables, macros for functions, GoogleSQL translated to DuckDB's SQL.

The key of a table is declared, not enforced, on BigQuery; here it is not kept at all, nor are partitions, clustering
and options. DuckDB compares names without regard to case, and so does this module: `CAPTION_BANDIT_STATS` is the table.
Loads go through a staging table in the same file and a list of parts, changed in one transaction per part.
"""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import duckdb
import pyarrow as pa

import sql
from sim.errors import InputError, StorageError
from sim.files import DUCKDB_MAGIC, HEAD_BYTES, refuse_other_kinds
from sim.warehouse.base import (
    LOCAL_DATASET,
    LOCAL_PROJECT,
    NO_ROWS,
    Closing,
    Column,
    LocalStatementError,
    Routine,
    RowTotals,
    TableDescription,
    TargetSpec,
    staging_table,
)
from sim.warehouse.duckdb_staging import DuckDBStaging
from sim.warehouse.embedded import (
    as_totals,
    connect,
    integers,
    local_errors,
    local_statement,
    macro,
    our_macro,
    our_view,
    roll_back,
    totals_statement,
    view_text,
)
from sim.warehouse.fit import misfit
from sim.warehouse.guard import WritePermission
from sim.warehouse.places import refuse_url
from sim.warehouse.schema import duckdb_type, normal_default
from sim.warehouse.translate import is_query, to_duckdb

_EXTENSION = re.compile(r"\w{2,}:")  # as in md:NAME, which DuckDB takes for a service or for a kind of file
IS_VIEW = (
    "SELECT 1 FROM duckdb_views() WHERE database_name = current_database() AND schema_name = 'main'"
    " AND lower(view_name) = lower(?) AND NOT internal"
)


class DuckDBTarget(Closing):
    """`duckdb:FILE`, opened; writing creates the file, reading requires it to exist."""

    form = "duckdb:FILE"
    guarded = False
    project, dataset = LOCAL_PROJECT, LOCAL_DATASET
    unsupported = frozenset({"procedures", "primary_key", "partition", "cluster", "options"})
    load_error = StorageError
    shared = False
    max_partitions = None

    def __init__(self, spec: TargetSpec, *, read_only: bool = False, memory_limit: str | None = None) -> None:
        self.spec = spec
        if read_only and not spec.path.is_file():
            raise StorageError(f"no DuckDB file at {spec.place}", "check the path, or run `deploy` first")
        _refuse_other_kinds(spec)
        with local_errors(spec):
            self._connection = connect(spec.place, read_only=read_only, memory_limit=memory_limit)

    @staticmethod
    def check_place(place: str) -> None:
        """See `TargetKind.check_place`: any local path without `?`, where DuckDB cuts off the name of its log file."""
        refuse_url("duckdb", place)
        if "?" in str(Path(place).absolute()):
            raise InputError(f"duckdb:{place}: DuckDB cannot write to a path with '?'", "use another folder or name")
        if prefix := _EXTENSION.match(place):
            raise InputError(f"duckdb:{place}: {prefix[0]} is not a local file", f"for a file of this name: ./{place}")

    @classmethod
    def open(cls, spec: TargetSpec, *, read_only: bool, permission: WritePermission | None) -> "DuckDBTarget":  # noqa: ARG003
        """See `TargetKind.open`."""
        return cls(spec, read_only=read_only)

    @classmethod
    def preview(cls, spec: TargetSpec) -> "DuckDBTarget":
        """See `TargetKind.preview`: a file that does not exist is planned for in memory."""
        return cls(spec, read_only=True) if spec.path.exists() else cls(TargetSpec("duckdb", ":memory:"))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection itself, for what only DuckDB can do."""
        return self._connection

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """See `Target.statement`."""
        return local_statement(name, **parameters)

    def query(self, statement: str) -> pa.Table:
        """See `Target.query`."""
        with local_errors(self.spec):
            return integers(self._connection.execute(to_duckdb(statement)).to_arrow_table())

    def execute(self, statement: str) -> None:
        """See `Target.execute`."""
        with local_errors(self.spec):
            self._connection.execute(to_duckdb(statement))

    def run_script(self, statements: Sequence[str], *, writes: bool = True) -> pa.Table | None:  # noqa: ARG002
        """See `Target.run_script`."""
        with local_errors(self.spec):
            try:
                for statement in statements:
                    done = self._connection.execute(to_duckdb(statement))
                return integers(done.to_arrow_table()) if is_query(statements[-1]) else None
            finally:
                roll_back(self._connection)

    def describe(self, table: str) -> TableDescription | None:
        """See `Target.describe`."""
        columns = tuple(_column(*row) for row in self._columns(table))
        if not columns:
            return None
        kind = "VIEW" if self._run(IS_VIEW, [table]).fetchall() else "TABLE"
        return TableDescription(table, columns, rows=self._count(table), kind=kind)

    def require_dataset(self) -> None:
        """The file is open: nothing to do."""

    def totals(self, table: str) -> RowTotals:
        """See `Target.totals`; of a table with other columns than the DDL's, the rows alone."""
        if not self._columns(table):
            return NO_ROWS
        try:
            return as_totals(self._run(totals_statement(table, table), []).fetchall()[0])
        except LocalStatementError:
            return RowTotals(self._count(table), 0, 0)

    def obstacle(self, table: str) -> str | None:
        """See `Target.obstacle`: a view of that name, or columns that cannot take the rows."""
        found = self.describe(table)
        return f"{table} is a view" if found and found.kind == "VIEW" else misfit(found)

    def routine(self, name: str) -> Routine | None:
        """See `Target.routine`."""
        with local_errors(self.spec):
            return macro(self._connection, name)

    def expected_body(self, name: str) -> str:
        """See `Target.expected_body`."""
        return our_macro(name).body

    def view(self, name: str) -> str | None:
        """See `Target.view`."""
        with local_errors(self.spec):
            return view_text(self._connection, name)

    def expected_view(self, name: str) -> str:
        """See `Target.expected_view`."""
        return our_view(name)

    def same_body(self, one: str, other: str) -> bool:
        """See `Target.same_body`: DuckDB prints every macro in its own layout."""
        return one == other

    def staging(self, table: str, load_id: str) -> DuckDBStaging:
        """See `Target.staging`."""
        if str(self.spec.path) == ":memory:":
            raise InputError("duckdb: in memory keeps no rows", "name a file")
        return DuckDBStaging(self._connection, self.spec, table, staging_table(table, load_id))

    def exclusive(self, wait_seconds: float = 0.0) -> AbstractContextManager[None]:  # noqa: ARG002
        """See `Target.exclusive`: DuckDB locks its file itself."""
        return nullcontext()

    def close(self) -> None:
        """See `Target.close`."""
        self._connection.close()

    def _run(self, statement: str, values: list[str]) -> duckdb.DuckDBPyConnection:
        with local_errors(self.spec):
            return self._connection.execute(statement, values)

    def _columns(self, table: str) -> list[tuple[str, str, bool, str | None]]:
        return self._run(
            "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns()"
            " WHERE database_name = current_database() AND schema_name = 'main' AND lower(table_name) = lower(?)"
            " ORDER BY column_index",
            [table],
        ).fetchall()

    def _count(self, table: str) -> int:
        return int(self._run(f'SELECT COUNT(*) FROM "{table}"', []).fetchall()[0][0])  # noqa: S608  (in the catalog)


TARGET = DuckDBTarget


def _column(name: str, kind: str, nullable: bool, default: str | None) -> Column:
    mode = "NULLABLE" if nullable else "REQUIRED"
    return Column(name, duckdb_type(kind), mode, normal_default(default, "duckdb"))


def _refuse_other_kinds(spec: TargetSpec) -> None:
    """StorageError for a file of another kind: DuckDB would fetch an extension, and write into a database of SQLite."""
    if spec.path.is_file():
        with spec.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if head[8:12] != DUCKDB_MAGIC:
            refuse_other_kinds(str(spec), head)
