"""The local backend with real threads and processes. Jobs are functions of the standard library."""

import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sim.backends.base import ATTEMPTS, WorkerError
from sim.backends.local import LocalBackend, default_workers
from sim.errors import InputError, StorageError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(tmp_path: Path, workers: int) -> None:
    jobs = [str(tmp_path / str(i)) for i in range(5)]
    assert sorted(job for job, _ in LocalBackend(workers).run(jobs, os.mkdir)) == sorted(jobs)
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_with_their_jobs(workers: int) -> None:
    assert dict(LocalBackend(workers).run([1.0, 4.0, 9.0], math.sqrt)) == {1.0: 1.0, 4.0: 2.0, 9.0: 3.0}


@pytest.mark.parametrize("workers", [1, 3])
def test_no_jobs_are_no_work(workers: int) -> None:
    assert list(LocalBackend(workers).run([], math.sqrt)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_are_taken_when_a_worker_is_free(workers: int) -> None:
    taken = itertools.count()
    jobs = (float(next(taken)) for _ in itertools.repeat(None))  # endless
    results = LocalBackend(workers).run(jobs, math.sqrt)
    for _ in range(5):
        next(results)
    results.close()
    assert next(taken) <= 5 + workers


def test_a_single_job_stays_in_this_process() -> None:
    seen: list[int] = []
    list(LocalBackend(4).run([1], lambda job: seen.append(os.getpid())))
    assert seen == [os.getpid()]


def test_an_error_in_the_thread_is_raised_as_it_is() -> None:
    def refuse(job: int) -> None:
        raise InputError(f"no {job}", "hint")

    with pytest.raises(InputError, match="no 1") as caught:
        list(LocalBackend(1).run([1], refuse))
    assert caught.value.hint == "hint"


def test_a_file_error_in_a_worker_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="File exists"):
        list(LocalBackend(2).run([str(tmp_path), str(tmp_path)], os.mkdir))


def test_a_defect_in_a_worker_brings_its_traceback() -> None:
    with pytest.raises(WorkerError, match=r"Traceback(.|\n)*ValueError"):
        list(LocalBackend(2).run([-1.0, -1.0], math.sqrt))


def test_what_a_job_prints_does_not_disturb_the_answers(capfd: pytest.CaptureFixture[str]) -> None:
    assert len(list(LocalBackend(2).run(["one", "two"], print))) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert sorted(printed.err.split()) == ["one", "two"]


DYING = """
import os, signal
from pathlib import Path

def work(job):
    folder, number = job
    tries = sum(1 for _ in Path(folder).glob(f"{number}-*"))
    (Path(folder) / f"{number}-{tries}").touch()
    if number == 1 and tries < DEATHS:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
"""


def dying(folder: Path, deaths: int, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    (folder / "dying_jobs.py").write_text(DYING.replace("DEATHS", str(deaths)))
    monkeypatch.syspath_prepend(folder)
    return LocalBackend(2)


def test_a_job_whose_worker_dies_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = dying(tmp_path, ATTEMPTS - 1, monkeypatch)
    import dying_jobs

    jobs = [(str(tmp_path), number) for number in range(5)]
    assert sorted(result for _, result in backend.run(jobs, dying_jobs.work)) == list(range(5))
    assert len(list(tmp_path.glob("1-*"))) == ATTEMPTS


def test_a_job_that_kills_every_worker_is_given_up_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = dying(tmp_path, 10 * ATTEMPTS, monkeypatch)
    import dying_jobs

    done: list[int] = []
    with pytest.raises(StorageError, match=rf"died {ATTEMPTS} times \(killed by SIGKILL") as caught:
        for _, result in backend.run([(str(tmp_path), number) for number in range(5)], dying_jobs.work):
            done.append(result)
    assert sorted(done) == [0, 2, 3, 4]
    assert str(tmp_path) in caught.value.message  # the job is named
    assert "memory" in caught.value.hint
    assert len(list(tmp_path.glob("1-*"))) == ATTEMPTS


def test_stopping_early_stops_the_workers() -> None:
    results = LocalBackend(2).run([0.0, 3600.0, 3600.0], time.sleep)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("listen to") and thread.is_alive()]


def test_the_default_is_what_this_process_may_use() -> None:
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


ORPHANS = """
import sys, time
from sim.backends.local import LocalBackend
from sim.backends.process_worker import ProcessWorker
begin = ProcessWorker.give
def give(self, job):
    begin(self, job)
    print(self._process.pid, flush=True)
ProcessWorker.give = give
list(LocalBackend(2).run([3600, 3600], WORK))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads process states from /proc")
@pytest.mark.parametrize("work", ["time.sleep", "__import__('importlib').import_module"], ids=["working", "importing"])
def test_workers_die_with_their_parent(work: str, tmp_path: Path) -> None:
    (tmp_path / "endless_import.py").write_text("while True: pass")
    program = ORPHANS.replace("WORK", work).replace("[3600, 3600]", "[3600, 3600]" if "sleep" in work else MODULES)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))}
    parent = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        workers = [int(parent.stdout.readline()) for _ in range(2)]
    assert all(_lives(pid) for pid in workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 60  # generous: the machine may be busy
    while any(_lives(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_lives(pid) for pid in workers)


MODULES = "['endless_import', 'endless_import']"


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


INTERRUPTED = """
import signal
import numba
from sim.backends.local import LocalBackend

signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it

@numba.njit(nogil=True)
def endless(number):
    while number > 0:
        number += 1.0
    return number

endless(-1.0)
print("ready", flush=True)
try:
    list(LocalBackend(1).run([1.0], endless))
except KeyboardInterrupt:
    print("heeded", flush=True)
"""


@pytest.mark.slow
def test_an_endless_kernel_in_this_process_heeds_ctrl_c() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)  # into the kernel; if not, the test still passes
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "heeded\n"
        assert process.wait(timeout=60) == 0
