"""This machine: in this process, or in spawned worker processes.

Workers are spawned, never forked (Polars hangs under fork), have one thread each, ignore Ctrl-C (the parent stops
them) and end when their parent does, however it ended.
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from sim.backends.base import WorkerError
from sim.errors import SimError, StorageError

Job = TypeVar("Job")

MAX_WORKERS = 256
_ONE_THREAD = (
    "POLARS_MAX_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def default_workers() -> int:
    """The number of processors that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_WORKERS)


@dataclass(frozen=True)
class LocalBackend:
    """`workers` processes; 1 means this very process."""

    workers: int = 1

    def run(self, jobs: Sequence[Job], work: Callable[[Job], None]) -> Iterator[Job]:
        """See `Backend.run`."""
        count = min(self.workers, len(jobs))
        if count <= 1:
            yield from _in_process(jobs, work)
        else:
            yield from _in_workers(jobs, work, count)


def _in_process(jobs: Sequence[Job], work: Callable[[Job], None]) -> Iterator[Job]:
    for job in jobs:
        work(job)
        yield job


def _in_workers(jobs: Sequence[Job], work: Callable[[Job], None], count: int) -> Iterator[Job]:
    waiting = list(reversed(jobs))
    workers: list[_Worker] = []
    try:
        with _environment_of_workers():
            workers.extend(_Worker(work) for _ in range(count))
        busy = [worker for worker in workers if _give_next(worker, waiting)]
        while busy:
            ready = wait([worker.connection for worker in busy])
            for worker in [w for w in busy if w.connection in ready]:
                yield worker.take_result()
                if not _give_next(worker, waiting):
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.stop()


def _give_next(worker: "_Worker", waiting: list[Any]) -> bool:
    if not waiting:
        return False
    worker.give(waiting.pop())
    return True


@contextmanager
def _environment_of_workers() -> Iterator[None]:
    """One thread a worker; Ctrl-C ignored from their first instruction on (both are inherited when they start)."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Worker:
    """One spawned process and the pipe to it."""

    def __init__(self, work: Callable[[Any], None]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process: BaseProcess = spawn.Process(target=_serve, args=(theirs, work), daemon=True)
        self.process.start()
        theirs.close()  # so that the worker's end shows here as end of file
        self.job: Any = None

    def give(self, job: Any) -> None:
        self.job = job
        self.connection.send(job)

    def take_result(self) -> Any:
        try:
            problem = self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise self._vanished() from None
        if problem is not None:
            raise problem.error()
        return self.job

    def _vanished(self) -> StorageError:
        self.process.join(timeout=5)
        return StorageError(
            f"a worker process ended (exit code {self.process.exitcode}) during {self.job}",
            "Out of memory? Use fewer workers, then resume. A script calls sim.run under `if __name__ == '__main__':`.",
        )

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join(timeout=5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@dataclass(frozen=True)
class _Problem:
    """An exception on its way to the parent; exceptions themselves do not always survive pickling."""

    kind: type[SimError] | None
    message: str
    hint: str = ""

    def error(self) -> Exception:
        if self.kind is None:
            return WorkerError(self.message)
        error = self.kind.__new__(self.kind)
        SimError.__init__(error, self.message, self.hint)
        return error


def _problem(error: Exception) -> _Problem:
    match error:
        case SimError():
            return _Problem(type(error), error.message, error.hint)
        case OSError():
            return _Problem(StorageError, str(error))
        case MemoryError():
            return _Problem(StorageError, "not enough memory", "Use fewer --workers, then continue with --resume.")
    return _Problem(None, traceback.format_exc())


def _serve(connection: "Connection[Any, Any]", work: Callable[[Any], None]) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            work(job)
        except Exception as error:  # noqa: BLE001 - it is raised again in the parent
            connection.send(_problem(error))
        else:
            connection.send(None)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
