"""One BigQuery dataset through the official client: deadlines, retries, byte cap, location, permission.

| what                  | limit                                                                          |
| one request           | 10 s, and as long again for its retries together (429, 5xx, dropped connections)|
| waiting for a job     | 600 s; a poll that fails or is slow is repeated until the service was silent 60 s|
| one upload of a part  | 300 s                                                                          |

Every job runs in the location of the dataset and is looked up there: an id alone finds only jobs of the US.
"""

import hashlib
import os
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import sql
from sim.errors import InputError, RemoteError, WriteNotPermittedError
from sim.warehouse.base import TargetSpec
from sim.warehouse.bigquery.errors import not_found, remote_errors
from sim.warehouse.guard import WritePermission, refuse_production

DEADLINE_SECONDS = 10.0  # of one request, and of its retries together: bad input ends within 15 s
SILENCE_SECONDS = 60.0  # that the service may fail to answer polls of a running job
JOB_SECONDS = 600.0
UPLOAD_SECONDS = 300.0
PAGE_SECONDS = 60.0  # of one page of results
PAUSE_SECONDS = (0.05, 2.0)  # between polls: first, longest
LABELS = {"component": "caption-bandit-sim"}
DEFAULT_BYTE_CAP = 10 * 2**30
ATTEMPTS = 4  # of a job that failed for a passing reason, each under an id of its own
_PASSING = frozenset({"backendError", "internalError", "rateLimitExceeded", "jobRateLimitExceeded", "jobBackendError"})

Job = Any  # of the client library, which has no types of its own


def import_client() -> Any:
    """The module google.cloud.bigquery; InputError saying how to install it where it is missing."""
    try:
        from google.cloud import bigquery  # noqa: PLC0415
    except ModuleNotFoundError:
        raise InputError(
            "bigquery: targets require the BigQuery client", "pip install 'caption-bandit-sim[bigquery]'"
        ) from None
    return bigquery


def retry(seconds: float = DEADLINE_SECONDS) -> Any:
    """Retry what passes (429, 5xx, dropped connections) with growing pauses, for at most `seconds` in all."""
    from google.cloud.bigquery.retry import DEFAULT_RETRY  # noqa: PLC0415

    return DEFAULT_RETRY.with_timeout(seconds).with_delay(initial=0.2, maximum=3.0, multiplier=2.0)


def byte_cap() -> int:
    """`maximum_bytes_billed` of every query: CAPTION_SIM_MAX_BYTES_BILLED, else 10 GiB."""
    text = os.environ.get("CAPTION_SIM_MAX_BYTES_BILLED", "")
    if not text:
        return DEFAULT_BYTE_CAP
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise InputError(f"CAPTION_SIM_MAX_BYTES_BILLED={text!r} is not a number of bytes")
    return int(text)


class DatasetClient:
    """The client, bound to one dataset. Without a permission of the guard it only reads."""

    def __init__(self, spec: TargetSpec, permission: WritePermission | None = None, client: Any = None) -> None:
        self.spec, self._permission = spec, permission
        self.project, self.dataset = spec.place.split(".")
        self.bigquery = import_client()
        with remote_errors(spec):
            self.api = client or _client(self.bigquery, self.project)

    @cached_property
    def location(self) -> str | None:
        """Where the dataset is, such as "EU"; None where the server does not say."""
        found = self.api.get_dataset(f"{self.project}.{self.dataset}", retry=retry(), timeout=DEADLINE_SECONDS)
        return found.location or None

    def require_permission(self) -> None:
        """WriteNotPermittedError unless the guard gave permission to write to this very dataset."""
        refuse_production(self.spec.place)
        if self._permission != WritePermission(self.project, self.dataset):
            raise WriteNotPermittedError(
                f"no permission to write to {self.spec.place}", "writing commands ask the guard for it"
            )

    def path(self, name: str) -> str:
        """PROJECT.DATASET.NAME."""
        return f"{self.project}.{self.dataset}.{sql.identifier('name', name)}"

    def table(self, name: str) -> Any:
        """The client's description of a table, None if there is none."""
        try:
            return self.api.get_table(self.path(name), retry=retry(), timeout=DEADLINE_SECONDS)
        except not_found():
            return None

    def run(self, statement: str, *, byte_limit: int | None = None) -> Job:
        """Run a statement to its end; the ended job. Its caller has checked that it may write, if it writes."""
        config = self.query_config(byte_limit)
        job = self.api.query(
            statement, job_config=config, location=self.location, retry=retry(), job_retry=None,
            timeout=DEADLINE_SECONDS,
        )  # fmt: skip
        self.wait(job)
        if job.error_result:
            job.result(retry=retry(), timeout=PAGE_SECONDS)  # raises the error as the client's exception
        return job

    def query_config(self, byte_limit: int | None = None) -> Any:
        """Configuration of a query: byte cap and labels."""
        return self.bigquery.QueryJobConfig(maximum_bytes_billed=byte_limit or byte_cap(), labels=LABELS)

    def wait(self, job: Job) -> None:
        """Poll a job until it ends, by requests that end themselves: a slow or failing poll is simply repeated.

        Raises RemoteError after JOB_SECONDS (the job is then cancelled), and what the last poll raised once the
        service has not answered for SILENCE_SECONDS.
        """
        started = answered = time.monotonic()
        pause, longest = PAUSE_SECONDS
        while job.state != "DONE":
            try:
                job.reload(retry=retry(), timeout=DEADLINE_SECONDS)
                answered = time.monotonic()
            except _passing_errors():
                if time.monotonic() - answered > SILENCE_SECONDS:
                    raise
            if job.state == "DONE":
                return
            if time.monotonic() - started > JOB_SECONDS:
                self._cancel(job)
                raise RemoteError(f"{self.spec}: a job did not end within {JOB_SECONDS:.0f} s", "it was cancelled")
            time.sleep(pause)
            pause = min(2.0 * pause, longest)

    def ended(self, identity: str, start: Callable[[str], Job]) -> Job:
        """The job of this identity, ended well: found, or started by `start(job_id)`.

        BigQuery runs an id once, so work whose answer was lost is picked up, not repeated. A passing failure is tried
        again under a new id. Raises RemoteError.
        """
        failure: dict[str, str] = {}
        for attempt in range(ATTEMPTS):
            with remote_errors(self.spec):
                job = self._found_or_started(f"{identity}_{attempt}", start)
                self.wait(job)
            failure = job.error_result or {}
            if not failure:
                return job
            if failure.get("reason") not in _PASSING:
                break
        message = failure.get("message", str(failure)).splitlines()[0]
        raise RemoteError(f"{self.spec}: {message}", "repeat the command to continue")

    def job_id(self, kind: str, *what: str) -> str:
        """The same for the same work in the same dataset; jobs of all datasets of a project share one space of ids."""
        content = "/".join((self.spec.place, *what))
        return f"caption_sim_{kind}_{hashlib.sha256(content.encode()).hexdigest()[:32]}"

    def _found_or_started(self, job_id: str, start: Callable[[str], Job]) -> Job:
        """The job of this id. Whatever went wrong on starting it, it may have been started: so it is looked up."""
        from google.api_core.exceptions import ClientError, Conflict, GoogleAPICallError, NotFound, TooManyRequests  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        try:
            return start(job_id)
        except (GoogleAPICallError, RequestException, ConnectionError) as error:
            if isinstance(error, ClientError) and not isinstance(error, (Conflict, NotFound, TooManyRequests)):
                raise  # refused for good
            try:
                return self.api.get_job(job_id, location=self.location, retry=retry(), timeout=DEADLINE_SECONDS)
            except NotFound:
                raise error from None

    def _cancel(self, job: Job) -> None:
        try:
            job.cancel(retry=retry(), timeout=DEADLINE_SECONDS)
        except _passing_errors():
            return


def _passing_errors() -> tuple[type[Exception], ...]:
    from google.api_core.exceptions import RetryError, ServerError, TooManyRequests  # noqa: PLC0415
    from requests import ConnectionError as Dropped  # noqa: PLC0415
    from requests import Timeout  # noqa: PLC0415

    return (RetryError, ServerError, TooManyRequests, Dropped, Timeout, ConnectionError, TimeoutError)


def _client(bigquery: Any, project: str) -> Any:
    options: dict[str, Any] = {}
    if os.environ.get("BIGQUERY_EMULATOR_HOST"):
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415

        options["credentials"] = AnonymousCredentials()  # type: ignore[no-untyped-call]
    billed = os.environ.get("CAPTION_SIM_BILLING_PROJECT") or project
    return bigquery.Client(project=sql.identifier("project", billed), **options)
