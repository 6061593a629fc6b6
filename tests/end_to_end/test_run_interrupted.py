"""A run that is killed or interrupted: what it leaves, and that resuming gives the same bits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
TABLES = ("replications", "curves", "summary", "pairs", "allocation", "estimation", "exploration", "revenue")
# Four blocks, each long enough to be met half-way.
SLOW = """\
version: 1
name: slow
replications: 40
horizon: {pulls: 600000}
world: {kind: bernoulli, means: [0.2, 0.5, 0.8]}
policies: [uniform, oracle]
"""


def start(cwd: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sim", "run", "slow.yaml", "--no-report", *words]
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)  # who ignores it, as jobs in the background do,
    try:  # hands that down
        return subprocess.Popen(
            command, cwd=cwd, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, heeded)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=1200)
    return process.returncode, said


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


def blocks(run: Path) -> set[str]:
    return {path.name for path in run.glob(".blocks/*/*") if path.suffix != ".part"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario and an undisturbed run of it in `whole`."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "slow.yaml").write_text(SLOW)
    code, said = finish(start(folder, "--out", "whole", "--workers", "1"))
    assert code == 0, said
    return folder


@pytest.mark.parametrize(
    ("how", "code", "workers"),
    [
        pytest.param(signal.SIGKILL, -9, "2", marks=pytest.mark.long),  # test_kills.py kills thirty times
        (signal.SIGINT, 130, "1"),
        pytest.param(signal.SIGTERM, 143, "2", marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, -9, "1", marks=pytest.mark.long),
        pytest.param(signal.SIGINT, 130, "2", marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, 143, "1", marks=pytest.mark.long),
    ],
)
@pytest.mark.slow
def test_resuming_after_a_first_block_gives_the_same_bits(
    home: Path, tmp_path: Path, how: signal.Signals, code: int, workers: str
) -> None:
    run = tmp_path / "run"
    words = ["--out", str(run), "--workers", workers]
    process = start(home, *words)
    wait_until(lambda: bool(blocks(run)), process)
    process.send_signal(how)
    ended, said = finish(process)
    assert ended == code
    assert "Traceback" not in said
    assert json.loads((run / "manifest.json").read_text())["status"] == "running"
    kept = blocks(run)
    assert kept
    if how != signal.SIGKILL:
        assert "continue with --resume" in said
        assert not list(run.glob(".blocks/*/*.part"))
    refused, said = finish(start(home, *words))
    assert refused == 2
    assert said.count("--resume") == 1, said
    code, said = finish(start(home, *words, "--resume"))
    assert code == 0, said
    assert not (run / ".blocks").exists()
    names = sorted(path.relative_to(run) for path in run.rglob("*.parquet"))
    assert names == sorted(path.relative_to(home / "whole") for path in (home / "whole").rglob("*.parquet"))
    for name in names:
        assert pl.read_parquet(run / name).equals(pl.read_parquet(home / "whole" / name)), name


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.slow
def test_an_interruption_before_the_first_block_leaves_nothing(
    home: Path, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    run = tmp_path / "run"
    process = start(home, "--out", str(run), "--workers", "2")
    wait_until((run / "manifest.json").exists, process)
    process.send_signal(how)
    ended, said = finish(process)
    assert ended == code
    assert "Traceback" not in said
    assert not run.exists()


@pytest.mark.slow
def test_a_killed_run_is_not_opened_and_not_overwritten(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["--out", str(run), "--workers", "1"]
    process = start(home, *words)
    wait_until(lambda: bool(blocks(run)), process)
    process.kill()
    finish(process)
    code, said = finish(start(home, *words))
    assert code == 2
    assert "--resume to continue it" in said


@pytest.mark.slow
def test_a_second_run_into_the_same_folder_is_refused(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["--out", str(run), "--workers", "1"]
    first = start(home, *words)
    wait_until((run / "manifest.json").exists, first)
    code, said = finish(start(home, *words, "--resume"))
    assert first.poll() is None, "the first run ended too soon to tell"
    assert code == 3
    assert "another run is writing" in said
    assert finish(first)[0] == 0
