"""Dask: one cluster of two processes for all tests. Jobs are functions of the standard library."""

import itertools
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sim
from sim import installation
from sim.backends.dask import DaskBackend, _local_cluster
from sim.cli import exit_code
from sim.errors import InputError, RemoteError

pytest.importorskip("distributed", reason="the extra `dask` is not installed")
# Of Dask itself, while a worker dies or a cluster closes.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

SCENARIO: dict[str, Any] = {
    "name": "clustered",
    "replications": 24,
    "horizon": {"pulls": 1_000_000},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform"],
}


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with _local_cluster(2) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_every_job_comes_with_its_result(scheduler: str) -> None:
    assert dict(DaskBackend(scheduler).run([1.0, 4.0, 9.0], math.sqrt)) == {1.0: 1.0, 4.0: 2.0, 9.0: 3.0}


@pytest.mark.slow
def test_the_scheduler_of_the_environment_is_used(scheduler: str) -> None:
    import dask.config

    with dask.config.set({"scheduler-address": scheduler}):  # what Dask makes of DASK_SCHEDULER_ADDRESS
        assert dict(DaskBackend().run([1.0], math.sqrt)) == {1.0: 1.0}


@pytest.mark.slow
def test_what_a_job_raises_arrives_whole(scheduler: str) -> None:
    with pytest.raises(InputError, match="no 3") as caught:
        list(DaskBackend(scheduler).run(["from sim.errors import *; raise InputError('no 3', 'hint')"], exec))
    assert caught.value.hint == "hint"


@pytest.mark.slow
def test_endless_jobs_stop_when_nobody_reads_on(scheduler: str) -> None:
    taken = itertools.count()
    jobs = (float(next(taken)) for _ in itertools.repeat(None))
    results = DaskBackend(scheduler).run(jobs, math.sqrt)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert next(taken) <= 200


@pytest.mark.slow
def test_a_dead_worker_is_replaced_and_its_job_runs_again(scheduler: str, tmp_path: Path) -> None:
    die_once = "import os, pathlib\nmark = pathlib.Path({!r})\nif not mark.exists(): mark.touch(); os._exit(9)"
    jobs = [die_once.format(str(tmp_path / "died")), "1"]
    assert len(list(DaskBackend(scheduler).run(jobs, exec))) == 2
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_workers_of_another_version_are_refused_by_name(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "__version__", "99.0")
    with pytest.raises(RemoteError, match=r"tcp://.*: caption-bandit-sim .* instead of 99\.0"):
        list(DaskBackend(scheduler).run([1.0], math.sqrt))


def test_nobody_at_the_address_and_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.backends.dask.CONNECT_SECONDS", 0.2)
    with pytest.raises(RemoteError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"):
        list(DaskBackend("tcp://127.0.0.1:9").run([1.0], math.sqrt))
    with pytest.raises(InputError, match="not the address of a Dask scheduler"):
        list(DaskBackend("nonsense://x").run([1.0], math.sqrt))


def digests(run: sim.Run) -> dict[str, str]:
    return {name: text for name, text in run.manifest["files"].items() if name.endswith((".parquet", ".npz"))}


@pytest.mark.slow
def test_the_bits_are_those_of_one_process(scheduler: str, tmp_path: Path) -> None:
    whole = digests(sim.run(SCENARIO, tmp_path / "whole", report=False))
    file = tmp_path / "clustered.yaml"
    file.write_text(sim.load_run(tmp_path / "whole").scenario.to_yaml())
    for name, options in {"shared": (), "collected": ("--collect",)}.items():
        words = ["run", str(file), "--out", str(tmp_path / name), "--no-report", "--quiet"]
        assert exit_code([*words, "--backend", "dask", "--scheduler", scheduler, *options]) == 0
        assert digests(sim.load_run(tmp_path / name)) == whole


def test_options_that_do_not_go_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = ["run", "textbook", "--out", str(tmp_path / "run")]
    assert exit_code([*run, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert exit_code([*run, "--collect"]) == 2
    assert not (tmp_path / "run").exists()
    assert "--backend dask" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("time", range(20))
def test_a_worker_killed_in_the_middle_changes_no_bit(tmp_path: Path, time: int) -> None:
    """A cluster of its own each time: a shared one may take minutes to replace many killed workers."""
    with _local_cluster(2) as cluster:
        kill_in_the_middle(cluster.scheduler_address, tmp_path, time)


def kill_in_the_middle(scheduler: str, tmp_path: Path, time: int) -> None:
    import distributed

    whole = digests(sim.run(SCENARIO, tmp_path / "whole", report=False))
    with distributed.Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=300)
        victim = sorted(client.run(os.getpid).values())[time % 2]

    def kill(done: int, total: int) -> None:
        if victim in alive and done > time:
            alive.remove(victim)
            os.kill(victim, signal.SIGKILL)

    alive = [victim]
    killed = sim.run(SCENARIO, tmp_path / "run", report=False, backend=DaskBackend(scheduler), progress=kill)
    assert not alive
    assert digests(killed) == whole
