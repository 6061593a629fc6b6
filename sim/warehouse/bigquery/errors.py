"""What BigQuery's client raises, as one message and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from sim.errors import RemoteError
from sim.warehouse.base import RemoteStatementError

_STATEMENTS = frozenset({"BadRequest", "NotFound"})
_NOT_OF_THE_STATEMENT = {"bytesBilledLimitExceeded", "billingTierLimitExceeded", "quotaExceeded", "accessDenied"}
_HINTS = {
    "Forbidden": "the account lacks a role; docs/bigquery.md lists those that are needed",
    "Unauthorized": "log in: gcloud auth application-default login",
    "NotFound": "check the name; `deploy` creates the table and functions, but not the dataset",
}
# Their own texts repeat keys, and answers of the login service: no part of them is shown.
_LOGIN = {
    "DefaultCredentialsError": (
        "no credentials, or none that can be read",
        "log in: gcloud auth application-default login, or check the file that GOOGLE_APPLICATION_CREDENTIALS names",
    ),
    "RefreshError": ("the login was refused", "log in again: gcloud auth application-default login"),
}
_LOGIN_FAILED = ("the login failed", "is the login service reachable from here?")


@contextmanager
def remote_errors(subject: object) -> Iterator[None]:
    """Turn what the client raises into a RemoteError: one line, and what to do."""
    import requests  # noqa: PLC0415
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    try:
        yield
    except GoogleAuthError as error:
        raise _login_error(subject, error) from None
    except (GoogleAPIError, requests.RequestException, ConnectionError, TimeoutError) as error:
        if isinstance(cause := getattr(error, "cause", None), GoogleAuthError):
            raise _login_error(subject, cause) from None
        kind = RemoteStatementError if _is_of_the_statement(error) else RemoteError
        raise kind(f"{subject}: {_first_line(error)}", _hint(error)) from error


def _login_error(subject: object, error: Exception) -> RemoteError:
    what, hint = _LOGIN.get(type(error).__name__, _LOGIN_FAILED)
    return RemoteError(f"{subject}: {what} ({type(error).__name__})", hint)


def not_found() -> type[Exception]:
    """The client's exception for what does not exist."""
    from google.api_core.exceptions import NotFound  # noqa: PLC0415

    return NotFound


def _is_of_the_statement(error: Exception) -> bool:
    """Whether the statement itself was refused, rather than its cost, or a table that requires a partition filter."""
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
    if "concurrent update" in str(cause):
        return "another run writes the same table, and this one has changed nothing: repeat it when that one has ended"
    return _HINTS.get(type(cause).__name__, "is the service reachable from here?" if _unreachable(cause) else "")


def _unreachable(error: Exception) -> bool:
    return "onnection" in str(error) or isinstance(error, (ConnectionError, TimeoutError))
