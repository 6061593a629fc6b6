"""A BigQuery dataset as a warehouse, through the official client (extra `bigquery`).

Every request has a deadline, every query a byte cap and labels; see `client`. BIGQUERY_EMULATOR_HOST points the client
at another server, which is then used without credentials.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyarrow as pa
from sqlglot.errors import SqlglotError

import sql
from sim.errors import InputError, RemoteError
from sim.warehouse.base import (
    NO_ROWS,
    Closing,
    Column,
    RemoteStatementError,
    Routine,
    RowTotals,
    TableDescription,
    TargetSpec,
    staging_table,
)
from sim.warehouse.bigquery.client import DEADLINE_SECONDS, LABELS, PAGE_SECONDS, DatasetClient, retry
from sim.warehouse.bigquery.errors import not_found, remote_errors
from sim.warehouse.bigquery.lease import release
from sim.warehouse.bigquery.staging import BigQueryStaging
from sim.warehouse.bigquery.totals import dataset_statement, table_totals
from sim.warehouse.fit import misfit
from sim.warehouse.guard import WritePermission
from sim.warehouse.schema import normal_default
from sim.warehouse.translate import is_query, normal_form

_GOOGLESQL = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
MAX_PARTITIONS = 4_000  # that one load or copy job of BigQuery may touch


class BigQueryTarget(Closing):
    """`bigquery:PROJECT.DATASET`. Without a permission of the guard it only reads."""

    form = "bigquery:PROJECT.DATASET"
    guarded = True
    load_error = RemoteError
    shared = True
    max_partitions = MAX_PARTITIONS

    def __init__(self, spec: TargetSpec, *, permission: WritePermission | None = None, client: Any = None) -> None:
        self.spec = spec
        self._client = DatasetClient(spec, permission, client)
        # The local server keeps defaults but does not report them.
        self.unsupported = frozenset({"defaults"} if os.environ.get("BIGQUERY_EMULATOR_HOST") else ())
        self.project, self.dataset = self._client.project, self._client.dataset

    @staticmethod
    def check_place(place: str) -> None:
        """See `TargetKind.check_place`: PROJECT.DATASET, each within the identifier grammar."""
        parts = place.split(".")
        try:
            if len(parts) != 2:
                raise ValueError(f"{place!r} is not PROJECT.DATASET")
            sql.identifier("project", parts[0])
            sql.identifier("dataset", parts[1])
        except ValueError as error:
            raise InputError(str(error), "name the dataset as bigquery:PROJECT.DATASET, plain and unquoted") from None

    @classmethod
    def open(cls, spec: TargetSpec, *, read_only: bool, permission: WritePermission | None) -> "BigQueryTarget":
        """See `TargetKind.open`."""
        return cls(spec, permission=None if read_only else permission)

    @classmethod
    def preview(cls, spec: TargetSpec) -> "BigQueryTarget":
        """See `TargetKind.preview`."""
        return cls(spec)

    @property
    def client(self) -> Any:
        """The official client."""
        return self._client.api

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """See `Target.statement`."""
        return dataset_statement(self._client, name, **parameters)

    def query(self, statement: str) -> pa.Table:
        """See `Target.query`; a statement that could write is a InputError, whatever the permission."""
        if not is_query(statement):
            raise InputError("only a SELECT may be run as a query")
        with remote_errors(self.spec):
            rows = self._client.run(statement).result(retry=retry(), timeout=PAGE_SECONDS)
            return rows.to_arrow(create_bqstorage_client=False)

    def dry_run(self, statement: str) -> int:
        """Bytes that a statement would read; it is checked by BigQuery but not run."""
        with remote_errors(self.spec):
            config = self._client.bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, labels=LABELS)
            job = self.client.query(
                statement, job_config=config, location=self._client.location, retry=retry(), timeout=DEADLINE_SECONDS
            )
            return int(job.total_bytes_processed or 0)

    def execute(self, statement: str) -> None:
        """See `Target.execute`; requires a permission."""
        self._client.require_permission()
        with remote_errors(self.spec):
            self._client.run(statement)

    def run_script(self, statements: Sequence[str], *, writes: bool = True) -> pa.Table | None:
        """See `Target.run_script`: one script job; BigQuery rolls an open transaction back when the script ends."""
        if writes:
            self._client.require_permission()
        elif not all(map(is_query, statements)):
            raise InputError("only a SELECT may be run as a query")
        with remote_errors(self.spec):
            job = self._client.run("".join(f"{one.strip()};\n" for one in statements))
            if not is_query(statements[-1]):
                return None
            return job.result(retry=retry(), timeout=PAGE_SECONDS).to_arrow(create_bqstorage_client=False)

    def describe(self, table: str) -> TableDescription | None:
        """See `Target.describe`."""
        with remote_errors(self.spec):
            found = self._client.table(table)
        return None if found is None else _description(table, found)

    def require_dataset(self) -> None:
        """See `Target.require_dataset`."""
        with remote_errors(self.spec):
            try:
                self.client.get_dataset(self.spec.place, retry=retry(), timeout=DEADLINE_SECONDS)
            except not_found():
                raise RemoteError(f"{self.spec}: the dataset does not exist", "check its name and location") from None

    def totals(self, table: str) -> RowTotals:
        """See `Target.totals`; of a table with other columns than the DDL's, the rows alone."""
        with remote_errors(self.spec):
            if self._client.table(table) is None:
                return NO_ROWS
        try:
            with remote_errors(self.spec):
                return table_totals(self._client, table, table)
        except RemoteStatementError:
            with remote_errors(self.spec):
                return table_totals(self._client, None, table)

    def obstacle(self, table: str) -> str | None:
        """See `Target.obstacle`: a view or another kind of table, which a load cannot fill, or other columns."""
        found = self.describe(table)
        return f"{table} is a {found.kind.lower()}" if found and found.kind != "TABLE" else misfit(found)

    def routine(self, name: str) -> Routine | None:
        """See `Target.routine`."""
        with remote_errors(self.spec):
            try:
                found = self.client.get_routine(self.path(name), retry=retry(), timeout=DEADLINE_SECONDS)
            except not_found():
                return None
        return Routine(name, found.body or "", _arguments(found), _kind(found.return_type))

    def expected_body(self, name: str) -> str:
        """See `Target.expected_body`."""
        return our_body(self.statement(sql.function(name)))

    def view(self, name: str) -> str | None:
        """See `Target.view`."""
        with remote_errors(self.spec):
            found = self._client.table(name)
        return None if found is None else found.view_query

    def expected_view(self, name: str) -> str:
        """See `Target.expected_view`."""
        return our_query(self.statement(f"{sql.VIEWS}/{name}"))

    def same_body(self, one: str, other: str) -> bool:
        """See `Target.same_body`."""
        try:
            return normal_form(one) == normal_form(other)
        except SqlglotError:
            return one.split() == other.split()

    def staging(self, table: str, load_id: str) -> BigQueryStaging:
        """See `Target.staging`; requires a permission."""
        self._client.require_permission()
        return BigQueryStaging(self._client, table, load_id)

    def tidy(self, table: str, load_id: str) -> None:
        """See `Target.tidy`: the staging table, and the lease, which would keep other loads out until it expires."""
        self._client.require_permission()
        with remote_errors(self.spec):
            path = self._client.path(staging_table(table, load_id))
            self.client.delete_table(path, not_found_ok=True, retry=retry(), timeout=DEADLINE_SECONDS)
            release(self._client, table, load_id)

    def exclusive(self, wait_seconds: float = 0.0) -> AbstractContextManager[None]:  # noqa: ARG002
        """See `Target.exclusive`: publishing has a precondition instead, and jobs run once by their ids."""
        return nullcontext()

    def path(self, name: str) -> str:
        """PROJECT.DATASET.NAME."""
        return self._client.path(name)

    def close(self) -> None:
        """See `Target.close`."""
        self.client.close()


def our_body(statement: str) -> str:
    """The expression of CREATE FUNCTION … AS (expression): what is between its outer brackets, as BigQuery keeps it."""
    start = statement.index("AS (") + len("AS (")
    return statement[start : statement.rindex(")")].strip()


def our_query(statement: str) -> str:
    """The query of CREATE VIEW … AS query, as BigQuery keeps it."""
    return statement.partition(" AS\n")[2].strip().removesuffix(";")


def _description(name: str, table: Any) -> TableDescription:
    return TableDescription(
        name=name,
        columns=tuple(_column(field) for field in table.schema),
        primary_key=_primary_key(table),
        partition=_partition(table),
        cluster=tuple(table.clustering_fields) if table.clustering_fields else None,
        description=table.description,
        labels=dict(table.labels or {}),
        rows=table.num_rows,
        kind=table.table_type or "TABLE",
        expires=_expiry(table),
    )


def _column(field: Any) -> Column:
    kind = _GOOGLESQL.get(field.field_type, field.field_type)
    limits = [one for one in (field.max_length, field.precision, field.scale) if one]
    if limits:
        kind = f"{kind}({', '.join(map(str, limits))})"
    return Column(field.name, kind, field.mode or "NULLABLE", normal_default(field.default_value_expression))


def _expiry(table: Any) -> str | None:
    """When rows are deleted on their own: with the table, or with their partition."""
    if table.expires is not None:
        return f"the table on {table.expires:%Y-%m-%d}"
    milliseconds = table.time_partitioning.expiration_ms if table.time_partitioning else None
    return f"each partition after {int(milliseconds) / 86_400_000:g} days" if milliseconds else None


def _primary_key(table: Any) -> tuple[str, ...] | None:
    constraints = table.table_constraints
    return tuple(constraints.primary_key.columns) if constraints and constraints.primary_key else None


def _partition(table: Any) -> str | None:
    by = table.time_partitioning
    if by is None:
        return None
    return f"DATE({by.field})" if by.type_ == "DAY" else f"TIMESTAMP_TRUNC({by.field}, {by.type_})"


def _arguments(routine: Any) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, _kind(one.data_type) or "ANY") for one in routine.arguments or ())


def _kind(kind: Any) -> str | None:
    if kind is None:
        return None
    if kind.struct_type is not None:
        return f"STRUCT<{_fields(kind.struct_type.fields)}>"
    return str(getattr(kind.type_kind, "name", kind.type_kind))


def _fields(fields: Sequence[Any]) -> str:
    return ", ".join(f"{one.name} {_kind(one.type)}" for one in fields)
