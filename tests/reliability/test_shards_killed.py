"""Shards and clusters of real processes, killed and interrupted: what is left continues to the bits of one process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.runs.folders.run_folder import RunFolder
from sim.scenario import load

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
# Twenty blocks of about a quarter of a second.
SCENARIO: dict[str, Any] = {
    "name": "killed",
    "replications": 160,
    "horizon": {"pulls": 1_000_000},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform"],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    run = sim.run(SCENARIO, tmp_path_factory.mktemp("whole") / "run", workers=2, report=False)
    files: dict[str, str] = run.manifest["files"]
    return files


def start(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    file = tmp_path / "killed.yaml"
    file.write_text(load(SCENARIO).to_yaml())
    words = ["run", str(file), "--out", str(tmp_path / "run"), "--no-report", "--quiet", *options]
    program = [sys.executable, "-m", "sim", *words]
    return subprocess.Popen(program, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


def stop_after(process: subprocess.Popen[str], folder: Path, blocks: int, number: int) -> str:
    deadline = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < deadline:
        if len([path for path in RunFolder(folder).blocks.glob("*/*") if ".part" not in path.name]) >= blocks:
            process.send_signal(number)
            break
        time.sleep(0.005)
    return process.communicate(timeout=600)[1]


def test_three_shards_one_twice_one_killed_and_repeated(tmp_path: Path, whole: dict[str, str]) -> None:
    killed = start(tmp_path, "--shard", "1/3", "--workers", "1")
    stop_after(killed, tmp_path / "run", 2, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL, "it ended before it could be killed: raise the replications"
    shards = [start(tmp_path, "--shard", shard, "--workers", "1") for shard in ("2/3", "2/3", "3/3", "1/3")]
    endings = [shard.communicate(timeout=600)[1] for shard in shards]
    assert [shard.returncode for shard in shards] == [0, 0, 0, 0], endings
    assert sim.load_run(tmp_path / "run").manifest["files"] == whole


def test_an_interrupted_cluster_keeps_its_blocks_and_resumes(tmp_path: Path, whole: dict[str, str]) -> None:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    process = start(tmp_path, "--backend", "dask", "--workers", "2")
    stop_after(process, tmp_path / "run", 2, signal.SIGINT)
    assert process.returncode == 130
    kept = len(list(RunFolder(tmp_path / "run").blocks.glob("*/*")))
    assert kept >= 2
    assert not any(".part" in path.name for path in RunFolder(tmp_path / "run").blocks.glob("*/*"))
    again = start(tmp_path, "--backend", "dask", "--workers", "2", "--resume")
    ending = again.communicate(timeout=600)[1]
    assert again.returncode == 0, ending
    assert sim.load_run(tmp_path / "run").manifest["files"] == whole
    with pytest.raises(ProcessLookupError):  # no worker of either cluster is left
        os.killpg(process.pid, 0)
