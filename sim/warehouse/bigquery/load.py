"""Loading into BigQuery: Parquet parts by load jobs into a staging table, then one copy job or transaction.

A job's id derives from what it does, and BigQuery runs an id once: so a part whose answer was lost, and a load that
was interrupted, are picked up where they stand. The staging table's time of creation is part of the id, for a part
loaded into a table that is gone has to be loaded again.
"""

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import sql
from sim.errors import RemoteError
from sim.warehouse.base import Facts, plain_id, staging_table
from sim.warehouse.bigquery.client import DEADLINE_SECONDS, LABELS, remote_errors, retry
from sim.warehouse.bigquery.target import BigQueryTarget
from sim.warehouse.duckdb import facts_of
from sim.warehouse.schema import arrow_schema, described

UPLOAD_SECONDS = 300.0
LEAST_BILLED = 64 * 2**20
ATTEMPTS = 4  # of a job that failed for a passing reason, each under an id of its own
_PASSING = frozenset({"backendError", "internalError", "rateLimitExceeded", "jobRateLimitExceeded", "jobBackendError"})


class BigQueryStaging:
    """A load into a table of a BigQuery dataset; see `Staging`."""

    def __init__(self, target: BigQueryTarget, table: str, load_id: str) -> None:
        self._target, self._table, self._load_id = target, table, plain_id(load_id)
        self._staged = staging_table(table, load_id)
        target.execute(target.statement(f"ddl/{table}", table=self._staged))
        with remote_errors(target.spec):
            self._remote = target.table(self._staged)
        self._scratch = Path(tempfile.mkdtemp(prefix="caption-sim-"))
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """See `Staging.scratch`."""
        return self._scratch

    def parts(self) -> dict[str, int]:
        """See `Staging.parts`: from the load jobs that ended well."""
        with remote_errors(self._target.spec):
            jobs = self._target.client.list_jobs(
                min_creation_time=self._remote.created, state_filter="done", retry=retry(), timeout=DEADLINE_SECONDS
            )
            return {job.labels["part"]: int(job.output_rows or 0) for job in jobs if self._is_mine(job)}

    def append(self, part_id: str, source: Path | pa.Table) -> int:
        """See `Staging.append`."""
        self._target.require_permit()
        file = source if isinstance(source, Path) else self._written(part_id, source)
        identity = self._job_id("load", self._staged, self._created(), part_id, _digest(file))
        job = self._ended(identity, lambda job_id: self._load(file, part_id, job_id))
        if file.parent == self.scratch:
            file.unlink()
        return int(job.output_rows or 0)

    def facts(self) -> Facts:
        """See `Staging.facts`."""
        return facts_of(self._target, self._table, self._staged)

    def publish(self, *, replace: bool) -> None:
        """See `Staging.publish`: one free copy job, or one transaction where rows give way to others.

        Either keeps the table's own modes, defaults, key and options, which a truncating copy would not. An append runs
        once for a load id, ever.
        """
        self._target.require_permit()
        self._target.execute(self._target.statement(f"ddl/{self._table}", table=self._table))
        stamp = self._created() if replace else ""
        identity = self._job_id("publish", self._table, self._load_id, stamp)
        exchange = replace and self._rows_there()
        self._ended(identity, self._exchange if exchange else self._copy)
        self.discard()

    def discard(self) -> None:
        """See `Staging.discard`."""
        self._target.require_permit()
        with remote_errors(self._target.spec):
            path = self._target.path(self._staged)
            self._target.client.delete_table(path, not_found_ok=True, retry=retry(), timeout=DEADLINE_SECONDS)

    def _job_id(self, kind: str, *what: str) -> str:
        """The same for the same work in the same dataset; jobs of all datasets of a project share one space of ids."""
        content = "/".join((self._target.spec.place, *what))
        return f"caption_sim_{kind}_{hashlib.sha256(content.encode()).hexdigest()[:32]}"

    def _created(self) -> str:
        return str(self._remote.created.timestamp())

    def _is_mine(self, job: Any) -> bool:
        mine = job.job_type == "load" and job.destination.table_id == self._staged and not job.error_result
        return mine and "part" in (job.labels or {})

    def _written(self, part_id: str, table: pa.Table) -> Path:
        file = self.scratch / f"{plain_id(part_id)}.parquet"
        pq.write_table(table.cast(arrow_schema(self._table)), file)
        return file

    def _load(self, file: Path, part_id: str, job_id: str) -> Any:
        bigquery = self._target.bigquery
        config = bigquery.LoadJobConfig(
            source_format="PARQUET",
            write_disposition="WRITE_APPEND",
            create_disposition="CREATE_NEVER",
            schema=self._remote.schema,  # its own: else REQUIRED columns refuse what Parquet calls optional
            labels={**LABELS, "part": plain_id(part_id)},
        )
        with file.open("rb") as opened:
            return self._target.client.load_table_from_file(
                opened, self._remote.reference, job_id=job_id, job_config=config, num_retries=4, timeout=UPLOAD_SECONDS
            )

    def _copy(self, job_id: str) -> Any:
        config = self._target.bigquery.CopyJobConfig(write_disposition="WRITE_APPEND", labels=LABELS)
        path = self._target.path(self._table)
        return self._target.client.copy_table(
            self._remote.reference, path, job_id=job_id, job_config=config, retry=retry(), timeout=DEADLINE_SECONDS
        )

    def _exchange(self, job_id: str) -> Any:
        """Put the staged rows in the place of the table's, in one transaction; it may read the staging, no more."""
        config = self._target.bigquery.QueryJobConfig(maximum_bytes_billed=self._bytes_staged(), labels=LABELS)
        return self._target.client.query(
            self._exchange_script(), job_id=job_id, job_config=config, retry=retry(), job_retry=None,
            timeout=DEADLINE_SECONDS,
        )  # fmt: skip

    def _exchange_script(self) -> str:
        columns = ", ".join(f"`{sql.identifier('column', one.name)}`" for one in described(self._table).columns)
        table, staged = self._target.path(self._table), self._target.path(self._staged)
        steps = (
            "BEGIN TRANSACTION",
            f"DELETE FROM `{table}` WHERE TRUE",  # noqa: S608  (identifiers, checked)
            f"INSERT INTO `{table}` ({columns}) SELECT {columns} FROM `{staged}`",  # noqa: S608
            "COMMIT TRANSACTION",
        )
        return "".join(f"{step};\n" for step in steps)

    def _bytes_staged(self) -> int:
        """Bytes that reading the staging is billed for, with room for the least that any query is."""
        found = self._target.table(self._staged)
        return int(found.num_bytes or 0) + LEAST_BILLED

    def _rows_there(self) -> bool:
        found = self._target.describe(self._table)
        return found is not None and bool(found.rows)

    def _ended(self, identity: str, start: Any) -> Any:
        """The job of this identity, ended well: found, or started; a passing failure is tried again under a new id."""
        failure: dict[str, Any] = {}
        for attempt in range(ATTEMPTS):
            with remote_errors(self._target.spec):
                job = self._found_or_started(f"{identity}_{attempt}", start)
                failure = _failure(job)
            if not failure:
                return job
            if failure.get("reason") not in _PASSING:
                break
        raise RemoteError(f"{self._target.spec}: {failure.get('message', failure)}", "the load can be continued")

    def _found_or_started(self, job_id: str, start: Any) -> Any:
        """The job of this id. Whatever went wrong on starting it, it may have been started: so it is looked up."""
        from google.api_core.exceptions import ClientError, Conflict, GoogleAPICallError, NotFound, TooManyRequests  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        try:
            return start(job_id)
        except (GoogleAPICallError, RequestException, ConnectionError) as error:
            if isinstance(error, ClientError) and not isinstance(error, (Conflict, NotFound, TooManyRequests)):
                raise  # refused for good
            try:
                return self._target.client.get_job(job_id, retry=retry(), timeout=DEADLINE_SECONDS)
            except NotFound:
                raise error from None


def _failure(job: Any) -> dict[str, Any]:
    """Wait for a job; its error, empty where it ended well."""
    from google.api_core.exceptions import GoogleAPICallError  # noqa: PLC0415

    try:
        job.result(retry=retry(), timeout=UPLOAD_SECONDS)
    except GoogleAPICallError:
        if not job.error_result:
            raise
    return job.error_result or {}


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
