"""The local backend with real processes. Jobs are functions of the standard library, which any worker can import."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.backends.base import WorkerError
from sim.backends.local import LocalBackend, default_workers
from sim.errors import StorageError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(tmp_path: Path, workers: int) -> None:
    jobs = [str(tmp_path / str(i)) for i in range(5)]
    assert sorted(LocalBackend(workers).run(jobs, os.mkdir)) == sorted(jobs)
    assert len(list(tmp_path.iterdir())) == 5


def test_a_single_job_stays_in_this_process() -> None:
    seen: list[int] = []
    list(LocalBackend(4).run([1], lambda job: seen.append(os.getpid())))
    assert seen == [os.getpid()]


def test_a_file_error_in_a_worker_is_a_local_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="File exists"):
        list(LocalBackend(2).run([str(tmp_path), str(tmp_path)], os.mkdir))


def test_a_defect_in_a_worker_brings_its_traceback() -> None:
    with pytest.raises(WorkerError, match=r"Traceback(.|\n)*ValueError"):
        list(LocalBackend(2).run([-1.0, -1.0], math.sqrt))


def test_a_worker_that_vanishes_is_reported_with_its_job() -> None:
    with pytest.raises(StorageError, match=r"exit code 7\) during 7") as caught:
        list(LocalBackend(2).run([7, 7], os._exit))
    assert "memory" in caught.value.hint


def test_stopping_early_stops_the_workers(tmp_path: Path) -> None:
    began = time.monotonic()
    results = LocalBackend(2).run([0.0, 60.0, 60.0], time.sleep)
    next(iter(results))
    results.close()
    assert time.monotonic() - began < 20


def test_the_default_is_what_this_process_may_use() -> None:
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


ORPHANS = """
import multiprocessing, os, threading, time
from sim.backends.local import LocalBackend
if __name__ == "__main__":
    threading.Thread(target=lambda: list(LocalBackend(2).run([60, 60], time.sleep)), daemon=True).start()
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.02)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads process states from /proc")
def test_workers_die_with_their_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(workers) == 2
    assert all(_lives(pid) for pid in workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(_lives(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_lives(pid) for pid in workers)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
