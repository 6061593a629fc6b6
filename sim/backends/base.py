"""The interface of a backend: it runs jobs somewhere, in any order, and returns their results."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


class Backend(Protocol):
    """Runs jobs somewhere. No number depends on where they run, or on how many run at once."""

    def run(self, jobs: Iterable[Job], work: Callable[[Job], Result]) -> Iterator[tuple[Job, Result]]:
        """Call `work(job)` for every job, and yield each job with its result when it is done.

        `work`, the jobs and the results must be picklable. Jobs are taken when a worker is free, so that a long
        sequence need not exist at once. Closing the iterator stops what is still running, and so does an error.

        Raises what `work` raises. From another process an OSError or a MemoryError arrives as StorageError, and
        anything else that is not a SimError as WorkerError. A worker that dies is replaced, and its job runs again;
        a job whose worker died `ATTEMPTS` times is given up. When all others are done, StorageError names those jobs.
        """
        ...


@dataclass(frozen=True)
class BackendOptions:
    """What the command line says about a backend."""

    workers: int | None = None
    scheduler: str | None = None


ATTEMPTS = 3


class WorkerError(RuntimeError):
    """A defect in a worker process; its text holds the worker's traceback."""
