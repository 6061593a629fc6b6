"""Any executor of `concurrent.futures`: a pool of processes, of threads, of MPI ranks, of a cluster.

waiting ── fewer than `window` run ──> running ── done ──> yielded
                                          └── its worker was lost ──> named at the end; others go on if the executor can
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sim.backends.local import HEED_SECONDS
from sim.backends.problems import Problem, attempt
from sim.errors import RemoteError

Job = TypeVar("Job")
Result = TypeVar("Result")

WINDOW = 64
"""Jobs that are handed over and not finished: enough for the workers of most executors, few enough to cancel."""
MAX_NAMED = 5


@dataclass(frozen=True)
class ExecutorBackend:
    """Runs jobs by `executor`, which stays open; exceptions of type `lost` mean that a worker died."""

    executor: Executor
    window: int = WINDOW
    lost: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError)

    def run(self, jobs: Iterable[Job], work: Callable[[Job], Result]) -> Iterator[tuple[Job, Result]]:
        """See `Backend.run`; a lost worker is not replaced, unless the executor does so itself."""
        running = _Running(self, iter(jobs), work)
        try:
            running.fill()
            while running.futures:
                done, _ = wait(running.futures, timeout=HEED_SECONDS, return_when=FIRST_COMPLETED)
                yield from running.results(done)
        finally:
            for future in running.futures:
                future.cancel()
        if running.given_up:
            raise RemoteError(_lost(sorted(running.given_up)), "Finished blocks are kept. Continue with --resume.")


@dataclass
class _Running:
    backend: ExecutorBackend
    waiting: Iterator[Any]
    work: Callable[[Any], Any]
    futures: dict["Future[Any]", Any] = field(default_factory=dict)
    given_up: list[str] = field(default_factory=list)

    def fill(self) -> None:
        """Hand jobs over until the window is full; a broken executor takes none."""
        for job in islice(self.waiting, self.backend.window - len(self.futures)):
            try:
                self.futures[self.backend.executor.submit(attempt, self.work, job)] = job
            except BrokenExecutor:
                self.given_up.append(str(job))
                self.waiting = iter(())

    def results(self, done: Iterable["Future[Any]"]) -> Iterator[tuple[Any, Any]]:
        """Jobs and results of finished futures; raises what a job raised."""
        for future in done:
            job = self.futures.pop(future)
            try:
                result, problem = future.result()
            except self.backend.lost:
                self.given_up.append(str(job))
                continue
            if isinstance(problem, Problem):
                raise problem.error()
            self.fill()
            yield job, result


def _lost(jobs: list[str]) -> str:
    more = [f"and {len(jobs) - MAX_NAMED} more"] if len(jobs) > MAX_NAMED else []
    return "\n".join(["workers were lost while they made", *jobs[:MAX_NAMED], *more])
