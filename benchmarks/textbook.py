"""Time the shipped textbook scenario: `python -m benchmarks.textbook`.

Runs the command itself, `python -m sim run textbook`, into a folder that is then removed, once to compile and then
`--rounds` times, and prints pulls per minute, CPU time and peak memory; then, policy by policy, CPU time per pull.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

BAR_PULLS_A_MINUTE = 100e6
BAR_MEGABYTES = 1_000


class Spent(NamedTuple):
    """What one run of the command took."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    """Peak resident memory of the largest of its processes, as /usr/bin/time tells it."""


def main() -> None:
    """Measure and print."""
    options = _options()
    pulls = total_pulls(options.overrides)
    run_command(options)
    runs = [run_command(options) for _ in range(options.rounds)]
    seconds = statistics.median(run.seconds for run in runs)
    print(f"{pulls / 1e6:,.0f} million pulls, {options.workers} worker(s); medians of {options.rounds} runs:")
    print(f"- {seconds:.2f} s wall, {statistics.median(run.cpu_seconds for run in runs):.2f} s CPU")
    print(f"- {60 * pulls / seconds / 1e6:,.0f} million pulls per minute (the bar: {BAR_PULLS_A_MINUTE / 1e6:,.0f})")
    print(f"- {max(run.megabytes for run in runs):,.0f} MB at most in one process (the bar: {BAR_MEGABYTES:,} in all)")
    print("\n| policy | ns per pull (CPU, one core) | million pulls per minute |\n|---|--:|--:|")
    for policy, nanoseconds in each_policy(options):
        print(f"| {policy} | {nanoseconds:.0f} | {60e3 / nanoseconds:,.0f} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY.PATH=VALUE")
    return parser.parse_args()


def total_pulls(overrides: list[str]) -> int:
    """Pulls of all policies and replications."""
    from sim.scenario import load

    scenario = load("textbook", overrides)
    return len(scenario.policies) * scenario.replications * int(scenario.horizon.length)


def run_command(options: argparse.Namespace) -> Spent:
    """The command in a process of its own; SystemExit where it fails (1: a check of the scenario did not hold)."""
    overrides = [word for override in options.overrides for word in ("--set", override)]
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        command = [sys.executable, "-m", "sim", "run", "textbook", "--quiet", "--no-report", "--out", out, *overrides]
        start = time.perf_counter()
        process = subprocess.Popen([*command, "--workers", str(options.workers)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"the run failed with exit code {process.returncode}")
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def each_policy(options: argparse.Namespace) -> list[tuple[str, float]]:
    """CPU nanoseconds a pull of one block of 100 replications, the median of the rounds; the policies take turns."""
    from sim.scenario import load
    from sim.worlds.engine import simulate

    scenario, block = load("textbook", [*options.overrides, "record.stats=none"]), range(100)
    spent: dict[str, list[float]] = {spec.name: [] for spec in scenario.policies}
    for round_number in range(options.rounds + 1):
        for spec in scenario.policies:
            start = time.process_time()
            pulls = simulate(scenario, spec, block).totals.pulls.sum()
            if round_number > 0:  # the first one compiles
                spent[spec.name].append(1e9 * (time.process_time() - start) / pulls)
    return [(name, statistics.median(values)) for name, values in spent.items()]


if __name__ == "__main__":
    main()
