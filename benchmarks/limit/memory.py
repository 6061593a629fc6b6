"""Peak memory of a whole run: `python -m benchmarks.limit.memory RUN-ARGUMENTS` prints MB, having run that command."""

import subprocess
import sys
import tempfile
from pathlib import Path

from sim.scenario import Scenario

STATUS = Path("/proc/self/status")


def peak_of_run(scenario: Scenario) -> float:
    """Peak resident MB of `python -m sim run` with one worker, in a process of its own, its kernels on disk."""
    with tempfile.TemporaryDirectory(prefix="limit-") as folder:
        file, out = Path(folder) / "scenario.yaml", Path(folder) / "run"
        file.write_text(scenario.to_yaml())
        arguments = ["run", str(file), "--out", str(out), "--workers", "1", "--no-report", "--quiet"]
        command = [sys.executable, "-m", "benchmarks.limit.memory", *arguments]
        finished = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise SystemExit(f"the run whose memory was to be measured failed with exit code {finished.returncode}")
    return float(finished.stdout.split()[-1])


def peak() -> float:
    """Peak resident MB of this process.

    From /proc where there is one: `ru_maxrss` also counts what the parent held when it started this process.
    """
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> int:
    """Run the command in this process, then say how much memory it took."""
    from sim.cli import exit_code

    code = exit_code(sys.argv[1:])
    print(f"{peak():.1f}")
    return code


if __name__ == "__main__":
    sys.exit(main())
