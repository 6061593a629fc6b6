"""The interface of a warehouse, whichever it is.

A `Target` answers questions, runs statements, and takes rows through a `Staging`. Every statement that crosses this
interface is GoogleSQL; a target that speaks another dialect translates it.

    parts ──append──▶ staging table ──totals, compared──▶ publish (one atomic step) ──totals, compared──▶ table

    with open_target(parse_target("duckdb:eros.duckdb")) as target:
        target.execute(target.statement("ddl/caption_bandit_stats", table="caption_bandit_stats"))
        staging = target.staging("caption_bandit_stats", load_id="seed-7-1000000")
        for part_id, part in parts:                  # interrupted? the same loop again: known parts are not sent twice
            staging.append(part_id, part)
        staging.publish(replace=True)
        target.totals("caption_bandit_stats")
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import pyarrow as pa

import sql
from sim.errors import RemoteError, SimError, StorageError

STATS = "caption_bandit_stats"
SENDS = "mass_messages"
CURVES = "curves"
LOADS = "caption_sim_loads"  # what was loaded, and its totals
LOCAL_PROJECT, LOCAL_DATASET = "local-warehouse", "main"  # what statements name on a local target
CHECKSUM_MODULUS = 2147483629


class StatementError(SimError):
    """The engine refused one statement (it does not parse, names what is not there, or computes an error)."""


class LocalStatementError(StatementError, StorageError):
    """… an embedded engine."""


class RemoteStatementError(StatementError, RemoteError):
    """… a remote one."""


@dataclass(frozen=True)
class TargetSpec:
    """A target as the user named it: `parquet:DIR`, `duckdb:FILE` or `bigquery:PROJECT.DATASET`."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"

    @property
    def path(self) -> Path:
        """The folder or file of a local target."""
        return Path(self.place)


_PLAIN_ID = re.compile(r"[a-z0-9_-]{1,63}", re.ASCII)  # also a label of a BigQuery job


def plain_id(value: str) -> str:
    """`value`, if it may name a load or a part (lower-case letters, digits, `_`, `-`); else ValueError."""
    if not _PLAIN_ID.fullmatch(value):
        raise ValueError(f"{value!r}: a load or part id is made of a-z, 0-9, _ and -, at most 63")
    return value


def staging_table(table: str, load_id: str) -> str:
    """The name of a load's staging table: plain, and another for another load."""
    digest = hashlib.sha256(f"{table}/{plain_id(load_id)}".encode()).hexdigest()[:12]
    return f"_staging_{table}_{digest}"


@dataclass(frozen=True)
class Column:
    """A column of a table. `type` is GoogleSQL's, `mode` REQUIRED or NULLABLE, `default` the expression or None."""

    name: str
    type: str
    mode: str
    default: str | None = None


@dataclass(frozen=True)
class TableDescription:
    """How a warehouse describes a table; None where the engine has no such property (see `Target.unsupported`).

    `rows` is the engine's own figure, for display: BigQuery leaves rows of the streaming buffer out of it. Decisions
    use `Target.totals`.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] | None = None
    partition: str | None = None  # such as "DATE(last_updated)"
    cluster: tuple[str, ...] | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    kind: str = "TABLE"  # or VIEW, EXTERNAL, …
    expires: str | None = None  # when the table, or each of its partitions, is deleted on its own
    deviating_files: tuple[str, ...] = ()  # files whose columns differ from those of the first


@dataclass(frozen=True)
class Routine:
    """A scalar function as deployed: argument names and types, result type (as far as the engine keeps them), body."""

    name: str
    body: str
    arguments: tuple[tuple[str, str], ...] = ()
    returns: str | None = None


@dataclass(frozen=True)
class RowTotals:
    """Rows, distinct keys and checksum of a set of rows.

    `checksum` covers every column and is additive over disjoint sets, modulo CHECKSUM_MODULUS. `distinct_keys` is 0
    for a table without a key.
    """

    rows: int
    distinct_keys: int
    checksum: int

    def __add__(self, other: "RowTotals") -> "RowTotals":
        checksum = (self.checksum + other.checksum) % CHECKSUM_MODULUS
        return RowTotals(self.rows + other.rows, self.distinct_keys + other.distinct_keys, checksum)


NO_ROWS = RowTotals(0, 0, 0)


class Closing(ABC):
    """What all targets share: a context manager that closes itself at the end."""

    def tidy(self, table: str, load_id: str) -> None:  # noqa: B027 - nothing, unless a target says otherwise
        """See `Target.tidy`: by default a load leaves nothing behind."""

    @abstractmethod
    def close(self) -> None:
        """Release what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@runtime_checkable
class Staging(Protocol):
    """Parts of one load, kept under a load id until they are published."""

    @property
    def scratch(self) -> Path:
        """A private folder where a producer may write part files so that `append` need not copy them."""

    def parts(self) -> dict[str, int]:
        """Part ids appended so far, with their rows."""

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """Add a part (a Parquet file, consumed if it lies in `scratch`, or an Arrow table) exactly once; its rows."""

    def totals(self) -> RowTotals:
        """Totals of what is staged."""

    def publish(self, *, replace: bool) -> None:
        """Publish the staged rows in one atomic step.

        With `replace` they take the place of the table's rows. Without it the table must still be empty when the step
        happens: InputError if another program has put rows there meanwhile.
        """

    def publish_beside(self) -> None:
        """Publish the staged rows in one atomic step, beside those that the table has."""

    def discard(self) -> None:
        """Remove the staging table or folder."""


@runtime_checkable
class Target(Protocol):
    """One warehouse, open. Writing methods of a remote target require a permission of the write guard."""

    spec: TargetSpec
    project: str  # and the dataset: what statements name; a local target has stand-ins
    dataset: str
    unsupported: frozenset[str]  # of: functions, procedures, modes, defaults, primary_key, partition, cluster, options
    load_error: type[SimError]  # what a load raises when rows did not arrive as they were sent
    shared: bool  # whether other programs can write to its tables during a load
    max_partitions: int | None  # daily partitions that one load may touch

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """The GoogleSQL statement `name` of `sql/` for this target's project and dataset."""

    def query(self, statement: str) -> pa.Table:
        """Rows of a reading statement, in GoogleSQL."""

    def execute(self, statement: str) -> None:
        """Run a writing statement, in GoogleSQL."""

    def run_script(self, statements: Sequence[str], *, writes: bool = True) -> pa.Table | None:
        """Run the statements of a script in order, in GoogleSQL; rows of the last one, if it is a SELECT.

        An open transaction is rolled back where a statement fails. `writes` says whether a permission is required.
        """

    def describe(self, table: str) -> TableDescription | None:
        """How the warehouse describes a table; None if there is none."""

    def totals(self, table: str) -> RowTotals:
        """Totals of all rows of a table, counted by reading them; zeros if there is no table."""

    def obstacle(self, table: str) -> str | None:
        """Why a load must not replace `table`, whatever the user allows; None if it may."""

    def require_dataset(self) -> None:
        """RemoteError where the dataset itself does not exist: a missing table is then no finding about the table."""

    def routine(self, name: str) -> Routine | None:
        """The function `name` as deployed; None if there is none."""

    def expected_body(self, name: str) -> str:
        """The body that `routine(name)` has when our `udf/name` is deployed, for comparison."""

    def view(self, name: str) -> str | None:
        """The query of the view `name` as deployed; None if there is none."""

    def expected_view(self, name: str) -> str:
        """What `view(name)` is when our `views/name` is deployed, for comparison."""

    def same_body(self, one: str, other: str) -> bool:
        """Whether two bodies are the same expression, except for layout, comments and outer brackets."""

    def staging(self, table: str, load_id: str) -> Staging:
        """The staging of a load into `table` (its DDL is `ddl/<table>`), new or as an interrupted load left it."""

    def tidy(self, table: str, load_id: str) -> None:
        """Remove what a load left behind that was killed after it had published, where nothing else removes it."""

    def exclusive(self, wait_seconds: float = 0.0) -> AbstractContextManager[None]:
        """Keep other programs from loading into this target meanwhile, where the engine does not do so itself.

        Raises StorageError where another program still holds it after `wait_seconds`.
        """

    def close(self) -> None:
        """Release files and connections."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
