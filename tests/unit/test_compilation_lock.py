"""Two processes that need the same kernel compile it once."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KERNEL = """\
from numba import njit


@njit(cache=True)
def double(x):
    return 2.0 * x
"""
PROCESS = """\
import sys
from pathlib import Path
sys.path[:0] = [{folder!r}, {tests!r}]
from conftest import one_at_a_time
from numba.core.dispatcher import Dispatcher
Dispatcher.compile = one_at_a_time(Dispatcher.compile, Path({folder!r}))
import kernel_module
print("ready", flush=True)
sys.stdin.readline()
assert kernel_module.double(1.5) == 3.0
print(sum(kernel_module.double.stats.cache_misses.values()), flush=True)
"""


def test_one_of_two_compiles_and_the_other_loads(tmp_path: Path) -> None:
    (tmp_path / "kernel_module.py").write_text(KERNEL)
    code = PROCESS.format(folder=str(tmp_path), tests=str(ROOT / "tests"))
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:  # both start before either is waited for
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=600)[0] for process in both]
    assert sorted(said) == ["0\n", "1\n"]
