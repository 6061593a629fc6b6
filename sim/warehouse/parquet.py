"""A folder of Parquet files as a warehouse: DIR/<table>/<part>.parquet, read through an in-memory DuckDB.

It holds no functions; ours are made in that DuckDB, so that the contents can be checked against them. A load writes
its parts into DIR/.staging-<table>-<load id>/ and is published by renaming that folder.
"""

import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import sql
from sim.errors import InputError, StorageError
from sim.warehouse.base import Column, Facts, Routine, TableDescription, TargetSpec, plain_id
from sim.warehouse.duckdb import connect, deploy_functions, facts_of, integers, local_errors
from sim.warehouse.schema import arrow_schema, arrow_type
from sim.warehouse.translate import to_duckdb


class ParquetTarget:
    """`parquet:DIR`, opened; writing creates the folder, reading wants it to exist."""

    lacks = frozenset({"functions", "modes", "defaults", "primary_key", "partition", "cluster", "options"})

    def __init__(self, spec: TargetSpec, *, read_only: bool = False) -> None:
        self.spec = spec
        if read_only and not spec.path.is_dir():
            raise StorageError(f"no folder at {spec.place}", "check the path, or run `seed` first")
        self._connection = connect()
        deploy_functions(self._connection)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The in-memory DuckDB, with our functions and a view of each table asked for."""
        return self._connection

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """See `Target.statement`."""
        return sql.read(name, project=self.spec.project, dataset=self.spec.dataset, **parameters)

    def query(self, statement: str) -> pa.Table:
        """See `Target.query`; the tables are those whose folders exist."""
        with local_errors(self.spec):
            self._make_views()
            return integers(self._connection.execute(to_duckdb(statement)).to_arrow_table())

    def execute(self, statement: str) -> None:  # noqa: ARG002
        """A folder runs no statements: InputError."""
        raise InputError(f"{self.spec} holds tables only", "deploy to duckdb:FILE or bigquery:PROJECT.DATASET")

    def describe(self, table: str) -> TableDescription | None:
        """See `Target.describe`, read from the footers."""
        files = self.files(table)
        if not files:
            return None
        columns = _columns(files[0])
        kinds = [(one.name, one.type) for one in columns]
        deviating = [file.name for file in files[1:] if [(one.name, one.type) for one in _columns(file)] != kinds]
        rows = sum(_rows(file) for file in files)
        return TableDescription(table, columns, rows=rows, deviating_files=tuple(deviating))

    def require_dataset(self) -> None:
        """The folder is there: nothing to do."""

    def routine(self, name: str) -> Routine | None:  # noqa: ARG002
        """A folder holds no functions: None."""
        return None

    def expected_body(self, name: str) -> str:
        """A folder holds no functions: KeyError."""
        raise KeyError(name)

    def same_body(self, one: str, other: str) -> bool:
        """See `Target.same_body`."""
        return one == other

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table, in order."""
        return sorted((self.spec.path / table).glob("*.parquet"))

    def staging(self, table: str, load_id: str) -> "ParquetStaging":
        """See `Target.staging`."""
        return ParquetStaging(self, table, plain_id(load_id))

    def close(self) -> None:
        """See `Target.close`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_views(self) -> None:
        for folder in sorted(self.spec.path.iterdir()):
            if folder.is_dir() and sql.NAME.fullmatch(folder.name) and self.files(folder.name):
                make_view(self._connection, folder.name, folder)


class ParquetStaging:
    """A load into a folder of Parquet files; see `Staging`."""

    def __init__(self, target: ParquetTarget, table: str, load_id: str) -> None:
        self._target, self._table = target, table
        self._folder = target.spec.path / f".staging-{table}-{load_id}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(exist_ok=True)

    @property
    def scratch(self) -> Path:
        """See `Staging.scratch`: a folder within the staging folder."""
        return self._folder / "scratch"

    def parts(self) -> dict[str, int]:
        """See `Staging.parts`."""
        return {file.stem: _rows(file) for file in sorted(self._folder.glob("*.parquet"))}

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """See `Staging.append`: a part arrives under its own name by one rename."""
        final = self._folder / f"{plain_id(part_id)}.parquet"
        if not final.exists():
            _sync(scratch := self._written(source))
            scratch.replace(final)
        return _rows(final)

    def facts(self) -> Facts:
        """See `Staging.facts`."""
        return _folder_facts(self._target, self._table, self._folder)

    def publish(self, *, replace: bool) -> None:
        """See `Staging.publish`: the folder takes the table's name; kept files move in by hard link first."""
        final, old = self._target.spec.path / self._table, self._folder.with_suffix(".old")
        if not replace:
            self._adopt(final)
        shutil.rmtree(self.scratch)
        if final.exists():
            final.replace(old)
        self._folder.replace(final)
        shutil.rmtree(old, ignore_errors=True)

    def discard(self) -> None:
        """See `Staging.discard`."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _written(self, source: Path | pa.Table) -> Path:
        if isinstance(source, Path) and source.parent == self.scratch:
            return source
        file = self.scratch / f"part-{os.getpid()}.parquet"
        if isinstance(source, Path):
            shutil.copyfile(source, file)
        else:
            pq.write_table(source.cast(arrow_schema(self._table)), file)
        return file

    def _adopt(self, final: Path) -> None:
        for file in sorted(final.glob("*.parquet")):
            kept = self._folder / file.name
            if kept.exists() and not kept.samefile(file):
                raise StorageError(f"{file} would be overwritten", "load it under another id, or replace the table")
            if not kept.exists():
                os.link(file, kept)


def make_view(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    """A view `name` over the Parquet files of a folder."""
    pattern = str(folder / "*.parquet").replace("'", "''")
    connection.execute(f"""CREATE OR REPLACE VIEW "{name}" AS SELECT * FROM read_parquet('{pattern}')""")  # noqa: S608


def _folder_facts(target: ParquetTarget, table: str, folder: Path) -> Facts:
    with connect() as scratch:
        make_view(scratch, table, folder)
        return facts_of(_View(target, scratch, sum(_rows(one) for one in folder.glob("*.parquet"))), table, table)


class _View:
    """A staging folder seen as a target, as far as `facts_of` asks."""

    def __init__(self, target: ParquetTarget, connection: duckdb.DuckDBPyConnection, rows: int) -> None:
        self.statement, self._connection, self._rows = target.statement, connection, rows

    def query(self, statement: str) -> pa.Table:
        return integers(self._connection.execute(to_duckdb(statement)).to_arrow_table())

    def describe(self, table: str) -> TableDescription:
        return TableDescription(table, (), rows=self._rows)


def _columns(file: Path) -> tuple[Column, ...]:
    return tuple(Column(one.name, arrow_type(one.type), _mode(one)) for one in _schema(file))


def _schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", "a CSV, or a file that was cut short?") from error


def _rows(file: Path) -> int:
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", "a CSV, or a file that was cut short?") from error


def _mode(field: Any) -> str:
    return "NULLABLE" if field.nullable else "REQUIRED"


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
