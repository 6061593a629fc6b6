"""This machine: a thread of this process, or worker processes.

waiting ── a worker is free ──> running ── answer ──> done (yielded)
   ^                               │
   └── its worker died, at most ───┴── its worker died `ATTEMPTS` times ──> given up (named at the end)
       ATTEMPTS − 1 times
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from queue import Empty, Queue
from typing import Any, Protocol, TypeVar

from sim.backends.base import ATTEMPTS, BackendOptions
from sim.backends.problems import Problem
from sim.backends.process_worker import ProcessWorker
from sim.backends.thread_worker import ThreadWorker
from sim.errors import InputError, StorageError

Job = TypeVar("Job")
Result = TypeVar("Result")

MAX_WORKERS = 256
HEED_SECONDS = 0.5  # Windows does not interrupt a longer wait


def default_workers() -> int:
    """The number of processors that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_WORKERS)


@dataclass(frozen=True)
class LocalBackend:
    """`workers` processes; 1 means a thread of this process."""

    workers: int = 1

    def run(self, jobs: Iterable[Job], work: Callable[[Job], Result]) -> Iterator[tuple[Job, Result]]:
        """See `Backend.run`."""
        remaining = iter(jobs)
        first = list(islice(remaining, self.workers))
        worker = ProcessWorker if len(first) > 1 else ThreadWorker
        crew = _Crew(partial(worker, work), chain(first, remaining))
        try:
            yield from crew.run(len(first))
        finally:
            crew.stop()


def open_backend(options: BackendOptions) -> LocalBackend:
    """The backend that `--backend local` names; raises InputError where a scheduler is given, which it has not."""
    if options.scheduler is not None:
        raise InputError("--scheduler needs --backend dask")
    return LocalBackend(options.workers or default_workers())


class _Worker(Protocol):
    job: Any

    def give(self, job: Any) -> None: ...

    def stop(self) -> None: ...


@dataclass
class _Crew:
    """Workers, the jobs that wait for them, and those that were given up."""

    start: Callable[[Queue[Any]], _Worker]
    waiting: Iterator[Any]
    answers: Queue[Any] = field(default_factory=Queue)
    busy: list[_Worker] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    given_up: list[str] = field(default_factory=list)

    def run(self, count: int) -> Iterator[tuple[Any, Any]]:
        for job in list(islice(self.waiting, count)):
            self._start(job)
        while self.busy:
            worker, answer = self._next_answer()
            if worker not in self.busy:  # the end of one that was dismissed
                continue
            if answer is None:
                self._replace(worker)
                continue
            job, (result, problem) = worker.job, answer
            if problem is not None:
                raise problem.error() if isinstance(problem, Problem) else problem
            self._continue(worker)
            yield job, result
        if self.given_up:
            raise StorageError("\n".join(self.given_up), "All other blocks are done. Out of memory? Use fewer workers.")

    def stop(self) -> None:
        for worker in self.busy:
            worker.stop()

    def _start(self, job: Any) -> None:
        worker = self.start(self.answers)
        self.busy.append(worker)
        worker.give(job)

    def _continue(self, worker: _Worker) -> None:
        """Give the worker its next job, or dismiss it."""
        for job in islice(self.waiting, 1):
            worker.give(job)
            return
        self.busy.remove(worker)
        worker.stop()

    def _replace(self, worker: Any) -> None:
        """Run the job of a dead worker again in a new one, or give it up and run the next."""
        self.busy.remove(worker)
        worker.stop()
        job, name = worker.job, str(worker.job)
        self.deaths[name] += 1
        if self.deaths[name] < ATTEMPTS:
            self._start(job)
            return
        self.given_up.append(f"{name}: its worker process died {ATTEMPTS} times ({worker.ending()} the last time)")
        for job in islice(self.waiting, 1):
            self._start(job)

    def _next_answer(self) -> Any:
        while True:
            try:
                return self.answers.get(timeout=HEED_SECONDS)
            except Empty:
                continue
