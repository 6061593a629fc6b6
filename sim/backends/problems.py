"""Exceptions on their way from a worker to its parent; not every exception can be pickled."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.backends.base import WorkerError
from sim.errors import SimError, StorageError, out_of_memory


@dataclass(frozen=True)
class Problem:
    """An exception as plain values; `kind` is None for a defect, whose `message` is the traceback."""

    kind: type[SimError] | None
    message: str
    hint: str = ""

    def error(self) -> Exception:
        """The exception for the parent to raise."""
        if self.kind is None:
            return WorkerError(self.message)
        error = self.kind.__new__(self.kind)
        SimError.__init__(error, self.message, self.hint)
        return error


def describe(error: Exception) -> Problem:
    """The exception as a `Problem`; lack of memory and file errors become StorageError."""
    if isinstance(error, SimError):
        return Problem(type(error), error.message, error.hint)
    if out_of_memory(error):
        return Problem(StorageError, "not enough memory", "Use fewer --workers, then continue with --resume.")
    if isinstance(error, OSError):
        return Problem(StorageError, str(error))
    return Problem(None, traceback.format_exc())


def attempt(work: Callable[[Any], Any], job: Any) -> tuple[Any, Problem | None]:
    """The result of `work(job)`, or None and what went wrong."""
    try:
        return work(job), None
    except Exception as error:  # noqa: BLE001 - the parent raises it again
        return None, describe(error)
