"""What a piece of work takes: CPU time of this process, or of a whole run in a process of its own."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.growth.problems import Content


class Spent(NamedTuple):
    """What a whole run took, its start included."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, its workers' included."""
    peak: float
    """Megabytes of resident memory, at most, in its largest process."""


def cost(content: Content, replications: int) -> tuple[float, float]:
    """(CPU seconds, pulls) of `sim.worlds.engine.simulate` on some replications, in this process."""
    from sim.scenario import load
    from sim.worlds.engine import simulate

    scenario = load(content)
    start = time.process_time()
    result = simulate(scenario, scenario.policies[0], range(replications))
    return time.process_time() - start, float(result.totals.pulls.sum())


def whole_run(content: Content, workers: int = 1) -> Spent:
    """A run in a process of its own, from its start to the last table; the report apart."""
    command = [sys.executable, "-m", "benchmarks.growth.spent", str(workers)]
    start = time.perf_counter()
    done = subprocess.run(command, input=json.dumps(content), capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"the run failed:\n{done.stderr}")
    cpu, peak = json.loads(done.stdout.splitlines()[-1])
    return Spent(wall, cpu, peak)


def _run(content: Any, workers: int) -> None:
    import sim

    with tempfile.TemporaryDirectory() as folder:
        sim.run(content, Path(folder) / "run", workers, report=False)
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = sum(one.ru_utime + one.ru_stime for one in (own, others))
    print(json.dumps([cpu, _megabytes(own.ru_maxrss, others.ru_maxrss)]))


def _megabytes(own: int, of_workers: int) -> float:
    """The larger peak; Linux's own `ru_maxrss` begins with what the parent held, VmHWM does not."""
    status = Path("/proc/self/status")
    if status.exists():
        own = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return max(own, of_workers) / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":  # spawned workers import this module, too
    _run(json.load(sys.stdin), int(sys.argv[1]))
