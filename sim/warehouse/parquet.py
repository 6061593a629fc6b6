"""A folder of Parquet files as a warehouse: DIR/<table>/<part>.parquet, read through an in-memory DuckDB.

It holds no functions; ours are made in that DuckDB, so that the contents can be checked against them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import sql
from sim.errors import InputError, StorageError
from sim.files import make_folder
from sim.warehouse.base import (
    LOCAL_DATASET,
    LOCAL_PROJECT,
    NO_ROWS,
    STATS,
    Closing,
    Column,
    Routine,
    RowTotals,
    TableDescription,
    TargetSpec,
    plain_id,
)
from sim.warehouse.embedded import (
    NO_PARQUET_HINT,
    connect,
    deploy_functions,
    file_totals,
    integers,
    local_errors,
    local_statement,
    make_view,
)
from sim.warehouse.guard import WritePermission
from sim.warehouse.parquet_folder import foreign_file, part_files, row_count
from sim.warehouse.parquet_staging import ParquetStaging, left_over, recover
from sim.warehouse.places import refuse_url
from sim.warehouse.schema import arrow_type
from sim.warehouse.translate import to_duckdb

LOCK = ".caption-sim.lock"


class ParquetTarget(Closing):
    """`parquet:DIR`, opened; writing creates the folder, reading requires it to exist."""

    form = "parquet:DIR"
    guarded = False
    project, dataset = LOCAL_PROJECT, LOCAL_DATASET
    unsupported = frozenset(
        {"functions", "procedures", "modes", "defaults", "primary_key", "partition", "cluster", "options"}
    )
    load_error = StorageError
    shared = False
    max_partitions = None

    def __init__(self, spec: TargetSpec, *, read_only: bool = False) -> None:
        self.spec = spec
        if read_only and not spec.path.is_dir():
            raise StorageError(f"no folder at {spec.place}", "check the path, or run `seed` first")
        self._connection = connect()
        deploy_functions(self._connection)

    @staticmethod
    def check_place(place: str) -> None:
        """See `TargetKind.check_place`: any local path."""
        refuse_url("parquet", place)

    @classmethod
    def open(cls, spec: TargetSpec, *, read_only: bool, permission: WritePermission | None) -> "ParquetTarget":  # noqa: ARG003
        """See `TargetKind.open`."""
        return cls(spec, read_only=read_only)

    @classmethod
    def preview(cls, spec: TargetSpec) -> "ParquetTarget":
        """See `TargetKind.preview`."""
        return cls(spec)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The in-memory DuckDB, with our functions and a view of each table asked for."""
        return self._connection

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """See `Target.statement`."""
        return local_statement(name, **parameters)

    def query(self, statement: str) -> pa.Table:
        """See `Target.query`; the tables are the folders that the statement names."""
        with local_errors(self.spec):
            self._make_views(statement)
            return integers(self._connection.execute(to_duckdb(statement)).to_arrow_table())

    def execute(self, statement: str) -> None:  # noqa: ARG002
        """A folder runs no statements: InputError."""
        raise InputError(f"{self.spec} holds tables only", "deploy to duckdb:FILE or bigquery:PROJECT.DATASET")

    def run_script(self, statements: Sequence[str], *, writes: bool = True) -> pa.Table | None:  # noqa: ARG002
        """A folder runs no scripts: InputError."""
        raise InputError(f"{self.spec} holds tables only", "run jobs on duckdb:FILE or bigquery:PROJECT.DATASET")

    def describe(self, table: str) -> TableDescription | None:
        """See `Target.describe`, read from the footers."""
        files = self.files(table)
        if not files:
            return None
        columns = _columns(files[0])
        kinds = [(one.name, one.type) for one in columns]
        deviating = [file.name for file in files[1:] if [(one.name, one.type) for one in _columns(file)] != kinds]
        rows = sum(row_count(file) for file in files)
        return TableDescription(table, columns, rows=rows, deviating_files=tuple(deviating))

    def totals(self, table: str) -> RowTotals:
        """See `Target.totals`: summed over the files, so that memory stays bounded."""
        files = self.files(table)
        if table != STATS:
            return file_totals(table, files) if files else NO_ROWS
        # Parts hold whole pages, so keys add up too.
        from sim.warehouse.load.checksum import stats_totals  # noqa: PLC0415  (imports Numba)

        return sum((stats_totals(file) for file in files), NO_ROWS)

    def obstacle(self, table: str) -> str | None:
        """See `Target.obstacle`: a file in the folder of the table that this program did not write."""
        foreign = foreign_file(self.spec.path / table) or left_over(self.spec.path / table)
        return None if foreign is None else f"{foreign} was not written by this program"

    def require_dataset(self) -> None:
        """The folder is there: nothing to do."""

    def routine(self, name: str) -> Routine | None:  # noqa: ARG002
        """A folder holds no functions: None."""
        return None

    def expected_body(self, name: str) -> str:
        """A folder holds no functions: KeyError."""
        raise KeyError(name)

    def view(self, name: str) -> str | None:  # noqa: ARG002
        """A folder holds no views: None."""
        return None

    def expected_view(self, name: str) -> str:
        """A folder holds no views: KeyError."""
        raise KeyError(name)

    def same_body(self, one: str, other: str) -> bool:
        """See `Target.same_body`."""
        return one == other

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table, in order."""
        return part_files(self.spec.path / table)

    def staging(self, table: str, load_id: str) -> ParquetStaging:
        """See `Target.staging`."""
        return ParquetStaging(self.spec.path, table, plain_id(load_id))

    @contextmanager
    def exclusive(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """See `Target.exclusive`: a lock file in the folder."""
        from filelock import FileLock, Timeout  # noqa: PLC0415  (for writers only)

        _make_folder(self.spec.path)
        try:
            with FileLock(self.spec.path / LOCK, timeout=wait_seconds):
                recover(self.spec.path)
                yield
        except Timeout:
            message = f"another program is writing into {self.spec.place}"
            raise StorageError(message, "wait until it has ended") from None

    def close(self) -> None:
        """See `Target.close`."""
        self._connection.close()

    def _make_views(self, statement: str) -> None:
        for folder in sorted(self.spec.path.iterdir()):
            named = sql.NAME.fullmatch(folder.name) and folder.name in statement
            if named and (files := part_files(folder)):
                make_view(self._connection, folder.name, files)


TARGET = ParquetTarget


def _make_folder(path: Path) -> None:
    try:
        make_folder(path)
    except (FileExistsError, NotADirectoryError):
        raise StorageError(f"{path} is not a folder", "parquet: takes a folder") from None


def _columns(file: Path) -> tuple[Column, ...]:
    return tuple(Column(one.name, arrow_type(one.type), _mode(one)) for one in _schema(file))


def _schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{file}: not a Parquet file", NO_PARQUET_HINT) from error


def _mode(field: pa.Field) -> str:
    return "NULLABLE" if field.nullable else "REQUIRED"
