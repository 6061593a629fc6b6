"""What the project needs of a warehouse, whichever it is.

A `Target` answers questions, deploys statements, and takes rows through a `Staging`: parts are appended to a staging
table of their own, its contents verified, and then published in one atomic step. Every statement that crosses this
interface is GoogleSQL; a target that speaks something else translates it.

    with open_target(parse_target("duckdb:eros.duckdb")) as target:
        target.execute(target.statement("ddl/caption_bandit_stats", table="caption_bandit_stats"))
        staging = target.staging("caption_bandit_stats", load_id="seed-7-1000000")
        for part_id, part in parts:                  # interrupted? the same loop again: known parts are not sent twice
            staging.append(part_id, part)
        staging.facts() == expected or staging.discard()
        staging.publish(replace=True)
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import pyarrow as pa

import sql
from sim.errors import InputError, RemoteError, SimError, StorageError

if TYPE_CHECKING:
    from sim.warehouse.guard import WritePermit

KINDS = ("parquet", "duckdb", "bigquery")
STATS = "caption_bandit_stats"
SENDS = "mass_messages"


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

    @property
    def project(self) -> str:
        """Project that statements name; local targets have a stand-in."""
        return self.place.split(".")[0] if self.kind == "bigquery" else "local-warehouse"

    @property
    def dataset(self) -> str:
        """Dataset that statements name; local targets have a stand-in."""
        return self.place.split(".")[1] if self.kind == "bigquery" else "main"


def parse_target(text: str) -> TargetSpec:
    """Read TARGET; InputError for anything but the three forms, and for names outside the identifier grammar."""
    kind, colon, place = text.partition(":")
    if not colon or kind not in KINDS or not place.strip() or "\0" in place:
        raise InputError(f"{text!r} is no target", "use parquet:DIR, duckdb:FILE or bigquery:PROJECT.DATASET")
    if kind == "bigquery":
        _check_dataset(place)
    return TargetSpec(kind, place)


def _check_dataset(place: str) -> None:
    parts = place.split(".")
    try:
        if len(parts) != 2:
            raise ValueError(f"{place!r} is not PROJECT.DATASET")
        sql.identifier("project", parts[0])
        sql.identifier("dataset", parts[1])
    except ValueError as error:
        raise InputError(str(error), "name the dataset as bigquery:PROJECT.DATASET, plain and unquoted") from None


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
    """What a warehouse says of a table; None where the engine has no such thing (see `Target.lacks`)."""

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
class Facts:
    """What rows add up to: `checksum` is additive over disjoint parts, modulo CHECKSUM_MODULUS."""

    rows: int
    distinct_keys: int
    checksum: int


CHECKSUM_MODULUS = 2147483629


@runtime_checkable
class Staging(Protocol):
    """Parts on their way into one table, kept under a load id until published."""

    @property
    def scratch(self) -> Path:
        """A folder where a producer may write part files so that `append` need not copy them."""

    def parts(self) -> dict[str, int]:
        """Part ids appended so far, with their rows."""

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """Add a part (a Parquet file, consumed if it lies in `scratch`, or an Arrow table) exactly once; its rows."""

    def facts(self) -> Facts:
        """Rows, distinct keys and checksum of what is staged (of a table without a fingerprint: the rows alone)."""

    def publish(self, *, replace: bool) -> None:
        """Make the staged rows the table's in one atomic step, in place of (`replace`) or beside those it has."""

    def discard(self) -> None:
        """Forget the load: remove its staging table or folder."""


@runtime_checkable
class Target(Protocol):
    """One warehouse, open. Writing methods of a remote target refuse to work without a permit of the guard."""

    spec: TargetSpec
    lacks: frozenset[str]  # of: functions, modes, defaults, primary_key, partition, cluster, options

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """The GoogleSQL statement `name` of `sql/` for this target's project and dataset."""

    def query(self, statement: str) -> pa.Table:
        """Rows of a reading statement, in GoogleSQL."""

    def execute(self, statement: str) -> None:
        """Run a writing statement, in GoogleSQL."""

    def describe(self, table: str) -> TableDescription | None:
        """What the warehouse says of a table; None if there is none."""

    def require_dataset(self) -> None:
        """RemoteError where the dataset itself does not exist: a missing table is then no finding about the table."""

    def routine(self, name: str) -> Routine | None:
        """The function `name` as deployed; None if there is none."""

    def expected_body(self, name: str) -> str:
        """The body that `routine(name)` has when our `udf/name` is deployed, for comparison."""

    def same_body(self, one: str, other: str) -> bool:
        """Whether two bodies are the same expression, but for layout and comments."""

    def staging(self, table: str, load_id: str) -> Staging:
        """The staging of a load into `table` (its DDL is `ddl/<table>`), new or as an interrupted load left it."""

    def close(self) -> None:
        """Let go of files and connections."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_target(spec: TargetSpec, *, read_only: bool = False, permit: "WritePermit | None" = None) -> Target:
    """Open a target. Writing to BigQuery takes a `permit` of the guard; without one it only reads."""
    # Engines load when used: each costs a fraction of a second, and BigQuery's client is an extra.
    if spec.kind == "parquet":
        from sim.warehouse.parquet import ParquetTarget  # noqa: PLC0415

        return ParquetTarget(spec, read_only=read_only)
    if spec.kind == "duckdb":
        from sim.warehouse.duckdb import DuckDBTarget  # noqa: PLC0415

        return DuckDBTarget(spec, read_only=read_only)
    from sim.warehouse.bigquery.target import BigQueryTarget  # noqa: PLC0415

    return BigQueryTarget(spec, permit=permit)
