"""Executors of `concurrent.futures` as backends: real threads and processes, and executors that lose their workers."""

import itertools
import math
import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from sim.backends.base import BackendOptions, WorkerError
from sim.backends.executor import ExecutorBackend
from sim.backends.local import LocalBackend
from sim.backends.registry import as_backend, backend_named, kept, names
from sim.errors import InputError, RemoteError, StorageError


def test_every_job_comes_with_its_result() -> None:
    with ThreadPoolExecutor(2) as executor:
        results = dict(ExecutorBackend(executor, window=3).run([1.0, 4.0, 9.0, 16.0, 25.0], math.sqrt))
    assert results == {1.0: 1.0, 4.0: 2.0, 9.0: 3.0, 16.0: 4.0, 25.0: 5.0}


def test_no_jobs_are_no_work() -> None:
    with ThreadPoolExecutor(1) as executor:
        assert list(ExecutorBackend(executor).run([], math.sqrt)) == []


def test_jobs_are_taken_when_the_window_has_room() -> None:
    taken = itertools.count()
    jobs = (float(next(taken)) for _ in itertools.repeat(None))  # endless
    with ThreadPoolExecutor(1) as executor:
        results = ExecutorBackend(executor, window=4).run(jobs, math.sqrt)
        for _ in range(5):
            next(results)
        results.close()  # type: ignore[attr-defined]
    assert next(taken) <= 5 + 4


def test_what_a_job_raises_arrives_as_from_a_worker_process(tmp_path: Path) -> None:
    def refuse(job: int) -> None:
        raise InputError(f"no {job}", "hint")

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(InputError, match="no 1") as caught:
            list(ExecutorBackend(executor).run([1], refuse))
        assert caught.value.hint == "hint"
        with pytest.raises(StorageError, match="absent"):
            list(ExecutorBackend(executor).run([str(tmp_path / "absent")], os.listdir))
        with pytest.raises(WorkerError, match="ZeroDivisionError"):
            list(ExecutorBackend(executor).run([0], (1).__truediv__))


class Losing(Executor):
    """Runs jobs at once; the jobs in `lost` lose their worker, and from the job `broken` on it takes none."""

    def __init__(self, lost: set[int], broken: int | None = None) -> None:
        self.lost, self.broken, self.dead = lost, broken, False

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.dead = self.dead or args[-1] == self.broken
        if self.dead:
            raise BrokenExecutor
        future: Future[Any] = Future()
        if args[-1] in self.lost:
            future.set_exception(BrokenExecutor("gone"))
        else:
            future.set_result(fn(*args))
        return future


def test_lost_jobs_are_named_when_the_others_are_done() -> None:
    done = []
    with pytest.raises(RemoteError, match=r"workers were lost while they made\n2\n3") as caught:
        for job, _ in ExecutorBackend(Losing({2, 3})).run(range(6), math.sqrt):
            done.append(job)
    assert sorted(done) == [0, 1, 4, 5]
    assert "--resume" in caught.value.hint


def test_no_more_than_a_few_are_named() -> None:
    with pytest.raises(RemoteError) as caught:
        list(ExecutorBackend(Losing(set(range(50)))).run(range(50), math.sqrt))
    assert len(caught.value.message.splitlines()) == 7
    assert caught.value.message.endswith("and 45 more")


def test_a_broken_executor_takes_no_more_jobs() -> None:
    taken: list[int] = []

    def jobs() -> Any:
        for job in range(1000):
            taken.append(job)
            yield job

    with pytest.raises(RemoteError):
        list(ExecutorBackend(Losing(set(), broken=3), window=2).run(jobs(), math.sqrt))
    assert len(taken) < 20


@pytest.mark.long
def test_a_pool_whose_process_dies_is_reported() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(RemoteError, match="workers were lost"),
    ):
        list(ExecutorBackend(executor).run([9], os._exit))


def test_backends_are_the_modules_that_open_one() -> None:
    assert names() == ["dask", "local"]


def test_python_code_may_name_a_backend_or_give_an_executor() -> None:
    assert as_backend(None, 3) == LocalBackend(3)
    assert as_backend("local", 2) == LocalBackend(2)
    with ThreadPoolExecutor(1) as executor:
        assert as_backend(executor, 1) == ExecutorBackend(executor)
        ours = ExecutorBackend(executor, 5)
        assert as_backend(ours, 1) is ours
    for wrong in ("cloud", 3):
        with pytest.raises(InputError, match="dask, local, or an executor"):
            as_backend(wrong, 1)  # type: ignore[arg-type]


def test_a_scheduler_needs_dask() -> None:
    with pytest.raises(InputError, match="--backend dask"):
        backend_named("local", BackendOptions(scheduler="tcp://127.0.0.1:1"))


def test_a_backend_for_several_runs_is_itself_unless_it_starts_something() -> None:
    with kept(LocalBackend(2)) as used:
        assert used == LocalBackend(2)

    class Starting:
        @contextmanager
        def kept(self) -> Iterator[LocalBackend]:
            yield LocalBackend(7)

    with kept(Starting()) as used:  # type: ignore[arg-type]
        assert used == LocalBackend(7)
