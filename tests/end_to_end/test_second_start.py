"""Kernels are compiled once: a second process finds them all on disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COUNTING = """
import json, sys
from numba.core import event

class Compiled(event.Listener):
    names = []
    def on_start(self, found):
        self.names.append(str(found.data["dispatcher"]))
    def on_end(self, found):
        pass

event.register("numba:compile", Compiled())
from sim.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code in (0, None), end.code
print(json.dumps(Compiled.names))
"""
TINY = {
    "bernoulli": ["textbook", *("--set", "horizon.pulls=50"), *("--set", "checks=[]")],
    "traffic": ["quickstart", *("--set", "horizon.days=3")],
}


def compiled(folder: Path, out: str, *words: str) -> list[str]:
    """What a process that runs a tiny scenario compiles, its kernels being kept in `folder`."""
    command = ["run", *words, *("--set", "replications=2"), "--no-report", *("--workers", "1"), "--quiet"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kernels"), "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-c", COUNTING, *command, "--out", str(folder / out)]
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def test_a_second_start_compiles_nothing(tmp_path: Path) -> None:
    words = [*TINY["bernoulli"], "--set", "policies=[ucb1]"]  # its parameters are a NamedTuple
    assert compiled(tmp_path, "first", *words)  # so that the count is known to count
    assert compiled(tmp_path, "second", *words) == []


@pytest.mark.long
@pytest.mark.parametrize("world", list(TINY))
def test_a_second_start_of_a_shipped_scenario_compiles_nothing(tmp_path: Path, world: str) -> None:
    assert compiled(tmp_path, "first", *TINY[world])
    assert compiled(tmp_path, "second", *TINY[world]) == []
