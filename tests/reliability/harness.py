"""What the reliability tests share: a small run as a process, its digest, and how often each promise is tried.

Every promise has a short form, which always runs, and a full form with the same body, marked `long`:

    python -m pytest tests/reliability              short forms
    python -m pytest tests/reliability -m long      full forms
    python -m pytest tests/reliability/test_kills.py -m long --minutes 6     as many tries as fit, and their number
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 5,
    "replications": 4,
    "horizon": {"pulls": 60},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["wilson_sample", "uniform"],
}
# About twenty blocks of a hundredth of a second or more each: a kill meets every part of a run.
BUSY = """\
version: 1
name: busy
replications: 80
horizon: {pulls: 400000}
world: {kind: bernoulli, means: [0.2, 0.5, 0.8]}
policies: [uniform, oracle]
record: {stats: all}
"""


Tries = Callable[[int], Iterator[int]]
"""The fixture `tries`: numbers below a wanted count, for at most `--minutes`."""
FORKS = """\
import json, os, signal, sys
import numba, numpy, pyarrow.parquet  # noqa: once, for all forks; nothing runs here, for no thread survives a fork
import sim.cli, sim.commands.run, sim.api, sim.pilot, sim.runs.runner, sim.worlds.bernoulli.world  # noqa
for line in sys.stdin:
    asked = json.loads(line)
    if isinstance(asked, int):
        print(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]), flush=True)
        continue
    words, errors, environment = asked
    child = os.fork()
    if child == 0:
        os.setsid()
        os.environ.update(environment)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for stream, path in ((0, os.devnull), (1, os.devnull), (2, errors)):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), stream)
        code = sim.cli.exit_code(words)
        sys.stderr.flush()
        os._exit(code)
    print(child, flush=True)
"""


class Forks:
    """Processes that run a command, without a start of Python for each; they find `modules` imported."""

    def __init__(self, cwd: Path, *modules: str) -> None:
        self._cwd = cwd
        self._parent = subprocess.Popen(
            [sys.executable, "-c", "".join(f"import {name}\n" for name in modules) + FORKS],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._errors: dict[int, Path] = {}

    def start(self, *words: str) -> int:
        """Start `sim run busy.yaml …` as a process group; returns its number."""
        return self.command(["run", "busy.yaml", "--no-report", "--quiet", *words])

    def command(self, words: list[str], **environment: str) -> int:
        """Start a command as a process group; returns its number."""
        errors = self._cwd / f"forks{len(self._errors)}.err"
        errors.touch()  # a process that is killed at once has not opened it
        pid = self._ask([words, str(errors), environment])
        self._errors[pid] = errors
        return pid

    def finish(self, pid: int) -> tuple[int, str]:
        """Wait for the end of what was started; exit code (minus the signal that killed it) and stderr."""
        return self._ask(pid), self._errors[pid].read_text()

    def close(self) -> None:
        """End the parent."""
        self._parent.communicate()

    def _ask(self, question: Any) -> int:
        assert self._parent.stdin
        assert self._parent.stdout
        print(json.dumps(question), file=self._parent.stdin, flush=True)
        return int(self._parent.stdout.readline())


def amounts(short: int, full: int) -> Any:
    """A parameter `amount` with a short form and a full one."""
    return pytest.mark.parametrize("amount", [short, pytest.param(full, marks=pytest.mark.long)])


def digest(run: Path) -> str:
    """A digest of the rows of every table and log of a run."""
    total = hashlib.sha256()
    for path in sorted(run.rglob("*.parquet")):
        frame = pl.read_parquet(path, hive_partitioning=False, glob=False)
        total.update(path.relative_to(run).as_posix().encode())
        total.update(frame.write_csv(float_precision=None).encode())
    return total.hexdigest()


def start(cwd: Path, *words: str, prefix: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
    """`sim run busy.yaml …` as a process group of its own, which does not ignore Ctrl-C."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [*prefix, sys.executable, "-m", "sim", "run", "busy.yaml", "--no-report", "--quiet", *words]
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, heeded)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and stderr of a process that ends by itself."""
    _, said = process.communicate(timeout=900)
    return process.returncode, said


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill −9 a process and all its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def children(pid: int) -> list[int]:
    """Process numbers of the children of a process, from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used; 0 where there is none. A busy machine does not change what it means."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of a few kilobytes; skips the test where this process may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("may not mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)
