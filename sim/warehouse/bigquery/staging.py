"""Loading into BigQuery: Parquet parts by load jobs into a staging table, then one copy job or transaction.

A job's id derives from what it does, and BigQuery runs an id once: a part whose answer was lost, and a load that was
interrupted, are picked up where they stand. The staging table's time of creation is part of the id, for a part
loaded into a table that has been deleted must be loaded again.

Publishing holds a lease on the table, and its rows are counted by query once the lease is held.
"""

import hashlib
import shutil
import tempfile
import weakref
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import sql
from sim.errors import InputError
from sim.warehouse.base import RowTotals, plain_id, staging_table
from sim.warehouse.bigquery.client import (
    DEADLINE_SECONDS,
    LABELS,
    UPLOAD_SECONDS,
    DatasetClient,
    Job,
    retry,
)
from sim.warehouse.bigquery.errors import remote_errors
from sim.warehouse.bigquery.lease import lease
from sim.warehouse.bigquery.totals import dataset_statement, table_totals
from sim.warehouse.schema import arrow_schema, described

LEAST_BILLED = 64 * 2**20
UPLOADS = 4  # of one part, each from its beginning
STAGING_DAYS = 7  # an abandoned staging table deletes itself


class BigQueryStaging:
    """A load into a table of a BigQuery dataset; see `Staging`."""

    def __init__(self, client: DatasetClient, table: str, load_id: str) -> None:
        self._client, self._table, self._load_id = client, table, plain_id(load_id)
        self._staged = staging_table(table, load_id)
        client.require_permission()
        with remote_errors(client.spec):
            client.run(dataset_statement(client, f"ddl/{table}", table=self._staged))
            self._remote = client.table(self._staged)
            self._postpone_expiry()

    @cached_property
    def scratch(self) -> Path:
        """See `Staging.scratch`."""
        folder = Path(tempfile.mkdtemp(prefix="caption-sim-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # ours: made a moment ago
        return folder

    def parts(self) -> dict[str, int]:
        """See `Staging.parts`: from the load jobs that ended well."""
        with remote_errors(self._client.spec):
            jobs = self._client.api.list_jobs(
                min_creation_time=self._remote.created, state_filter="done", retry=retry(), timeout=DEADLINE_SECONDS
            )
            return {job.labels["part"]: int(job.output_rows or 0) for job in jobs if self._is_mine(job)}

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """See `Staging.append`."""
        self._client.require_permission()
        file = source if isinstance(source, Path) else self._written(part_id, source)
        identity = self._client.job_id("load", self._staged, self._created(), part_id, _digest(file))
        job = self._client.ended(identity, lambda job_id: self._load(file, part_id, job_id))
        if file.parent == self.scratch:
            file.unlink()
        return int(job.output_rows or 0)

    def totals(self) -> RowTotals:
        """See `Staging.totals`."""
        with remote_errors(self._client.spec):
            return table_totals(self._client, self._table, self._staged)

    def publish(self, *, replace: bool) -> None:
        """See `Staging.publish`: one free copy job into an empty table, or one transaction that exchanges the rows.

        Either keeps the table's own modes, defaults, key and options, which a truncating copy would not. The lease
        keeps other loads out between counting the rows and publishing.
        """
        self._client.require_permission()
        with lease(self._client, self._table, self._load_id):
            with remote_errors(self._client.spec):
                self._client.run(dataset_statement(self._client, f"ddl/{self._table}", table=self._table))
                full = table_totals(self._client, None, self._table).rows > 0
                # A copy job refuses a table with more columns; a transaction gives them NULL or their default.
                wider = len(self._client.table(self._table).schema) > len(self._remote.schema)
            if full and not replace:
                raise InputError(f"{self._client.spec}: {self._table} is not empty", "--replace replaces its rows")
            identity = self._client.job_id("publish", self._table, self._load_id, self._created())
            self._client.ended(identity, self._exchange if full or wider else self._append)
        self.discard()

    def publish_beside(self) -> None:
        """See `Staging.publish_beside`: one free copy job, which runs once for a load id."""
        self._client.require_permission()
        with remote_errors(self._client.spec):
            self._client.run(dataset_statement(self._client, f"ddl/{self._table}", table=self._table))
        identity = self._client.job_id("append", self._table, self._load_id)
        self._client.ended(identity, self._append)
        self.discard()

    def discard(self) -> None:
        """See `Staging.discard`."""
        self._client.require_permission()
        with remote_errors(self._client.spec):
            path = self._client.path(self._staged)
            self._client.api.delete_table(path, not_found_ok=True, retry=retry(), timeout=DEADLINE_SECONDS)

    def _postpone_expiry(self) -> None:
        self._remote.expires = datetime.now(UTC) + timedelta(days=STAGING_DAYS)
        self._client.api.update_table(self._remote, ["expires"], retry=retry(), timeout=DEADLINE_SECONDS)

    def _created(self) -> str:
        return str(self._remote.created.timestamp())

    def _is_mine(self, job: Job) -> bool:
        mine = job.job_type == "load" and job.destination.table_id == self._staged and not job.error_result
        return mine and "part" in (job.labels or {})

    def _written(self, part_id: str, table: pa.Table) -> Path:
        file = self.scratch / f"{plain_id(part_id)}.parquet"
        pq.write_table(table.cast(arrow_schema(self._table)), file)
        return file

    def _load(self, file: Path, part_id: str, job_id: str) -> Job:
        config = self._client.bigquery.LoadJobConfig(
            source_format="PARQUET",
            write_disposition="WRITE_APPEND",
            create_disposition="CREATE_NEVER",
            schema=self._remote.schema,  # its own: else REQUIRED columns refuse what Parquet calls optional
            labels={**LABELS, "part": plain_id(part_id)},
        )
        for _ in range(UPLOADS):
            with file.open("rb") as opened, suppress(ValueError):  # half of it arrived: the client cannot go on
                return self._client.api.load_table_from_file(
                    opened, self._remote.reference, job_id=job_id, job_config=config, location=self._client.location,
                    num_retries=4, timeout=UPLOAD_SECONDS,
                )  # fmt: skip
        raise ConnectionError(f"the upload of {file.name} broke off {UPLOADS} times")

    def _append(self, job_id: str) -> Job:
        config = self._client.bigquery.CopyJobConfig(write_disposition="WRITE_APPEND", labels=LABELS)
        return self._client.api.copy_table(
            self._remote.reference, self._client.path(self._table), job_id=job_id, job_config=config,
            location=self._client.location, retry=retry(), timeout=DEADLINE_SECONDS,
        )  # fmt: skip

    def _exchange(self, job_id: str) -> Job:
        """Put the staged rows in the place of the table's, in one transaction; it may read the staging, no more."""
        return self._client.api.query(
            self._exchange_script(), job_id=job_id, job_config=self._client.query_config(self._bytes_staged()),
            location=self._client.location, retry=retry(), job_retry=None, timeout=DEADLINE_SECONDS,
        )  # fmt: skip

    def _exchange_script(self) -> str:
        columns = ", ".join(f"`{sql.identifier('column', one.name)}`" for one in described(self._table).columns)
        table, staged = self._client.path(self._table), self._client.path(self._staged)
        steps = (
            "BEGIN TRANSACTION",
            f"DELETE FROM `{table}` WHERE TRUE",  # noqa: S608  (identifiers, checked)
            f"INSERT INTO `{table}` ({columns}) SELECT {columns} FROM `{staged}`",  # noqa: S608
            "COMMIT TRANSACTION",
        )
        return "".join(f"{step};\n" for step in steps)

    def _bytes_staged(self) -> int:
        """Bytes that reading the staging is billed for, with room for the least that any query is."""
        found = self._client.table(self._staged)
        return int(found.num_bytes or 0) + LEAST_BILLED


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
