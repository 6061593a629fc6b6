"""Peak memory of a whole run grows neither with replications nor with the horizon."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = 1.05  # for four times as much
# `resource` would count what the parent held when it started the child.
CHILD = """
import json, sys
from pathlib import Path
import sim
sim.run(json.loads(sys.argv[1]), sys.argv[2], report=json.loads(sys.argv[3]))
print(next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))
"""
WORLDS: dict[str, dict[str, Any]] = {
    "bernoulli": {
        "horizon": {"pulls": 500},
        "replications": 2_500,
        "world": {"kind": "bernoulli", "means": [0.2, 0.3]},
    },
    "traffic": {"horizon": {"days": 10}, "replications": 60, "world": {"kind": "traffic", "pages": 4}},
}

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux to tell a process's peak memory"),
]


def peak(folder: Path, scenario: dict[str, Any], *, report: bool = False) -> int:
    """Kilobytes; the kernel is compiled by an earlier run."""
    content = {"name": "memory", "policies": ["wilson_sample"], "record": {"stats": "none"}} | scenario
    program = [sys.executable, "-c", CHILD, json.dumps(content), str(folder), json.dumps(report)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("report", [False, True], ids=["run", "run and report"])
@pytest.mark.parametrize("world", list(WORLDS))
def test_memory_does_not_grow_with_replications(tmp_path: Path, world: str, report: bool) -> None:
    base = WORLDS[world]
    peak(tmp_path / "compile", base | {"replications": 2})
    once = peak(tmp_path / "once", base, report=report)
    more = peak(tmp_path / "more", base | {"replications": 4 * base["replications"]}, report=report)
    assert more <= ALLOWED * once


@pytest.mark.parametrize("world", list(WORLDS))
def test_memory_does_not_grow_with_the_horizon(tmp_path: Path, world: str) -> None:
    base = WORLDS[world]
    peak(tmp_path / "compile", base | {"replications": 2})
    once = peak(tmp_path / "once", base)
    more = peak(tmp_path / "more", base | {"horizon": {unit: 4 * length for unit, length in base["horizon"].items()}})
    assert more <= ALLOWED * once


def test_the_test_sees_what_is_kept(tmp_path: Path) -> None:
    """A log of sends is held until its block is written: with a hundred times the sends it must show."""
    base = WORLDS["traffic"] | {"replications": 1, "record": {"stats": "none", "sends": True}}
    long = {"kind": "traffic", "pages": 100, "bank": {"captions": 400}}
    peak(tmp_path / "compile", base)
    assert peak(tmp_path / "more", base | {"world": long, "horizon": {"days": 200}}) > ALLOWED * peak(
        tmp_path / "a", base
    )
