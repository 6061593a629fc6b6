"""A BigQuery dataset as a warehouse, through the official client (extra `bigquery`).

Every request has a deadline, every query a byte cap and labels. A load writes Parquet parts by load jobs whose ids
derive from the content, so that a part sent twice (a lost answer, a restart) is loaded once; publishing is one copy
job.
BIGQUERY_EMULATOR_HOST points the client at another server, which is then spoken to without credentials.
"""

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError

import sql
from sim.errors import InputError, RemoteError, WriteNotPermittedError
from sim.warehouse.base import Column, Routine, TableDescription, TargetSpec
from sim.warehouse.bigquery.client import DEADLINE_SECONDS, LABELS, byte_cap, import_client, remote_errors, retry
from sim.warehouse.guard import WritePermit, refuse_production
from sim.warehouse.schema import normal_default
from sim.warehouse.translate import normal_form, parse

_GOOGLESQL = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


class BigQueryTarget:
    """`bigquery:PROJECT.DATASET`. Without a permit of the guard it only reads."""

    lacks: frozenset[str] = frozenset()

    def __init__(self, spec: TargetSpec, *, permit: WritePermit | None = None, client: Any = None) -> None:
        self.spec = spec
        self._permit = permit
        self.bigquery = import_client()
        with remote_errors(spec):
            self.client = client or _client(self.bigquery, spec)

    def statement(self, name: str, **parameters: sql.Parameter) -> str:
        """See `Target.statement`."""
        return sql.read(name, project=self.spec.project, dataset=self.spec.dataset, **parameters)

    def query(self, statement: str) -> pa.Table:
        """See `Target.query`; a statement that could write is a InputError, whatever the permit."""
        if not _reads_only(statement):
            raise InputError("only a SELECT may be run as a query")
        with remote_errors(self.spec):
            rows = self._run(statement).result(retry=retry(), timeout=QUERY_SECONDS)
            return rows.to_arrow(create_bqstorage_client=False)

    def dry_run(self, statement: str) -> int:
        """Bytes that a statement would read; it is checked by BigQuery but not run."""
        with remote_errors(self.spec):
            config = self.bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, labels=LABELS)
            job = self.client.query(statement, job_config=config, retry=retry(), timeout=DEADLINE_SECONDS)
            return int(job.total_bytes_processed or 0)

    def execute(self, statement: str) -> None:
        """See `Target.execute`; wants a permit."""
        self.require_permit()
        with remote_errors(self.spec):
            self._run(statement).result(retry=retry(), timeout=QUERY_SECONDS)

    def describe(self, table: str) -> TableDescription | None:
        """See `Target.describe`."""
        with remote_errors(self.spec):
            found = self.table(table)
        return None if found is None else _description(table, found)

    def require_dataset(self) -> None:
        """See `Target.require_dataset`."""
        with remote_errors(self.spec):
            try:
                self.client.get_dataset(self.spec.place, retry=retry(), timeout=DEADLINE_SECONDS)
            except import_not_found():
                raise RemoteError(f"{self.spec}: the dataset does not exist", "check its name and location") from None

    def routine(self, name: str) -> Routine | None:
        """See `Target.routine`."""
        with remote_errors(self.spec):
            try:
                found = self.client.get_routine(self.path(name), retry=retry(), timeout=DEADLINE_SECONDS)
            except import_not_found():
                return None
        return Routine(name, found.body or "", _arguments(found), _kind(found.return_type))

    def expected_body(self, name: str) -> str:
        """See `Target.expected_body`."""
        return our_body(self.statement(f"udf/{name}"))

    def same_body(self, one: str, other: str) -> bool:
        """See `Target.same_body`."""
        try:
            return normal_form(one) == normal_form(other)
        except SqlglotError:
            return one.split() == other.split()

    def staging(self, table: str, load_id: str) -> Any:
        """See `Target.staging`; wants a permit."""
        from sim.warehouse.bigquery.load import BigQueryStaging  # noqa: PLC0415

        self.require_permit()
        return BigQueryStaging(self, table, load_id)

    def table(self, name: str) -> Any:
        """The client's description of a table, None if there is none."""
        try:
            return self.client.get_table(self.path(name), retry=retry(), timeout=DEADLINE_SECONDS)
        except import_not_found():
            return None

    def path(self, name: str) -> str:
        """PROJECT.DATASET.NAME."""
        return f"{self.spec.project}.{self.spec.dataset}.{sql.identifier('name', name)}"

    def require_permit(self) -> None:
        """WriteNotPermittedError unless the guard gave leave to write to this very dataset."""
        refuse_production(self.spec.place)
        if self._permit != WritePermit(self.spec.project, self.spec.dataset):
            raise WriteNotPermittedError(
                f"no leave to write to {self.spec.place}", "writing commands ask the guard for it"
            )

    def close(self) -> None:
        """See `Target.close`."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, statement: str) -> Any:
        config = self.bigquery.QueryJobConfig(maximum_bytes_billed=byte_cap(), labels=LABELS)
        return self.client.query(statement, job_config=config, retry=retry(), job_retry=None, timeout=DEADLINE_SECONDS)


QUERY_SECONDS = 600.0


def our_body(statement: str) -> str:
    """The expression of CREATE FUNCTION … AS (expression): what is between its outer brackets, as BigQuery keeps it."""
    start = statement.index("AS (") + len("AS (")
    return statement[start : statement.rindex(")")].strip()


def import_not_found() -> type[Exception]:
    """The client's exception for what does not exist."""
    from google.api_core.exceptions import NotFound  # noqa: PLC0415

    return NotFound


def _client(bigquery: Any, spec: TargetSpec) -> Any:
    options: dict[str, Any] = {}
    if os.environ.get("BIGQUERY_EMULATOR_HOST"):
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415

        options["credentials"] = AnonymousCredentials()  # type: ignore[no-untyped-call]
    billed = os.environ.get("CAPTION_SIM_BILLING_PROJECT") or spec.project
    return bigquery.Client(project=sql.identifier("project", billed), **options)


def _reads_only(statement: str) -> bool:
    try:
        return isinstance(parse(statement), exp.Query)
    except SqlglotError:
        return False


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
