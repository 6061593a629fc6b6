"""Speaking to BigQuery: deadlines, retries, the byte cap, and errors as one clear message."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from sim.errors import InputError, RemoteError
from sim.warehouse.base import RemoteStatementError, TargetSpec

DEADLINE_SECONDS = 10.0  # of one request, and of its retries together: bad input ends within 15 s
LABELS = {"component": "caption-bandit-sim"}
DEFAULT_BYTE_CAP = 10 * 2**30

_STATEMENTS = frozenset({"BadRequest", "NotFound"})
_NOT_OF_THE_STATEMENT = {"bytesBilledLimitExceeded", "billingTierLimitExceeded", "quotaExceeded", "accessDenied"}
_HINTS = {
    "Forbidden": "the account lacks a role; docs/bigquery.md lists the least that are needed",
    "Unauthorized": "log in: gcloud auth application-default login",
    "NotFound": "check the name; `deploy` creates the table and functions, but not the dataset",
    "DefaultCredentialsError": "log in: gcloud auth application-default login",
    "RefreshError": "log in again: gcloud auth application-default login",
}


def import_client() -> Any:
    """The module google.cloud.bigquery; InputError saying how to install it where it is missing."""
    try:
        from google.cloud import bigquery  # noqa: PLC0415
    except ModuleNotFoundError:
        raise InputError(
            "bigquery: targets want the BigQuery client", "pip install 'caption-bandit-sim[bigquery]'"
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


@contextmanager
def remote_errors(spec: TargetSpec) -> Iterator[None]:
    """Turn what the client raises into a RemoteError: one line, and what to do."""
    import requests  # noqa: PLC0415
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, requests.RequestException, ConnectionError, TimeoutError) as error:
        kind = RemoteStatementError if _is_of_the_statement(error) else RemoteError
        raise kind(f"{spec}: {_first_line(error)}", _hint(error)) from error


def _is_of_the_statement(error: Exception) -> bool:
    """Whether the statement itself was refused, rather than its cost, or a table that wants a partition filter."""
    reasons = {one.get("reason") for one in getattr(error, "errors", None) or () if isinstance(one, dict)}
    of_the_service = reasons & _NOT_OF_THE_STATEMENT or "partition elimination" in str(error)
    return type(error).__name__ in _STATEMENTS and not of_the_service


def _first_line(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    request = getattr(cause, "request", None)
    if request is not None and "refused" in str(cause):
        return f"nobody listens at {urlsplit(request.url).netloc} (connection refused)"
    return next((line for line in str(cause).splitlines() if line.strip()), type(cause).__name__)[:400]


def _hint(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    return _HINTS.get(type(cause).__name__, "is the service reachable from here?" if _unreachable(cause) else "")


def _unreachable(error: Exception) -> bool:
    return "onnection" in str(error) or isinstance(error, (ConnectionError, TimeoutError))
