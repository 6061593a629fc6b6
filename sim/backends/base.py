"""What a backend is: something that does jobs, in any order, and says which are done."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

Job = TypeVar("Job")


class Backend(Protocol):
    """Does jobs somewhere. Numbers never depend on where, nor on how many at once."""

    def run(self, jobs: Sequence[Job], work: Callable[[Job], None]) -> Iterator[Job]:
        """Call `work(job)` for every job and yield each job when it is done.

        `work` and the jobs must be picklable. Closing the iterator, or an error, stops what is still running.
        Raises what `work` raised; from a worker, an OSError or MemoryError arrives as StorageError, and what is
        not a SimError as WorkerError.
        """
        ...


class WorkerError(RuntimeError):
    """A defect met in a worker; its text holds the worker's traceback."""
