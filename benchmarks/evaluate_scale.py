"""`python -m sim evaluate` on a long log: wall seconds, CPU seconds and the most memory.

    python -m benchmarks.evaluate_scale                  # 10 million rows, two columns of text
    python -m benchmarks.evaluate_scale --refreshes 360  # collected by 360 policies in turn
    python -m benchmarks.evaluate_scale --every          # each decision with probabilities of its own
    python -m benchmarks.evaluate_scale --send-log       # times out of order, earnings, numbers of captions
    python -m benchmarks.evaluate_scale --csv --policy wilson_sample

Exit code 1 above 60 s or 1 GB. One thread per library: set OMP_NUM_THREADS and POLARS_MAX_THREADS for more.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Set
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow.csv import CSVWriter

Floats, Integers = NDArray[np.float64], NDArray[np.int64]

ACTIONS, STRATA = 34, 3
PART = 1_000_000
SECONDS, GIGABYTES = 60.0, 1.0
COLUMNS = "stratum=page,action=item,reward=click,propensity=p"
KINDS = {
    "every": "each decision has probabilities of its own",
    "send-log": "times out of order, earnings, numbers of captions",
    "csv": "a CSV file",
}
START_US = 1_735_689_600_000_000
THREADS = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def main() -> int:
    """Write the log, evaluate it, print what it took; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--refreshes", type=int, default=1, help="logging policies, one after the other")
    parser.add_argument("--policy", default="uniform")
    for kind, what in KINDS.items():
        parser.add_argument(f"--{kind}", action="store_true", help=what)
    arguments = parser.parse_args()
    kinds = {kind for kind in KINDS if vars(arguments)[kind.replace("-", "_")]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ("log.csv" if "csv" in kinds else "log.parquet")
        write(file, arguments.rows, arguments.refreshes, kinds)
        wall, cpu, peak = measured(file, arguments.policy, [] if "send-log" in kinds else ["--columns", COLUMNS])
    named = ", ".join([f"{arguments.refreshes} logging policies", arguments.policy, *sorted(kinds)])
    print(f"{arguments.rows:,} rows, {named}: {wall:.1f} s, {cpu:.1f} s of CPU, {peak:.2f} GB")
    return 0 if wall <= SECONDS and peak <= GIGABYTES else 1


def write(file: Path, rows: int, refreshes: int, kinds: Set[str] = frozenset()) -> None:
    """A log in which each refresh has Dirichlet shares of its own."""
    generator = np.random.default_rng(1)
    shares = generator.dirichlet(np.full(ACTIONS, 3.0), (refreshes, STRATA))
    rates = generator.beta(2, 40, (STRATA, ACTIONS))
    with ExitStack() as opened:
        writer = None
        for start in range(0, rows, PART):
            row = np.arange(start, min(start + PART, rows))
            stratum = generator.integers(0, STRATA, len(row))
            table = _part(generator, stratum, shares[row * refreshes // rows, stratum], rates, kinds)
            if writer is None:
                make = CSVWriter if file.suffix == ".csv" else pq.ParquetWriter
                writer = opened.enter_context(make(str(file), table.schema))
            writer.write_table(table)


def _part(
    generator: np.random.Generator, stratum: Integers, shares: Floats, rates: Floats, kinds: Set[str]
) -> pa.Table:
    """Rows of the log. `shares`: of the logging policy of each row, (rows, actions)."""
    if "every" in kinds:
        shares = shares * generator.uniform(0.5, 1.0, shares.shape)
        shares /= shares.sum(axis=1, keepdims=True)
    action = (generator.random(len(stratum))[:, None] > np.cumsum(shares, axis=1)).sum(axis=1).clip(0, ACTIONS - 1)
    reward = (generator.random(len(stratum)) < rates[stratum, action]).astype(np.float64)
    page, p = _names("page", STRATA)[stratum], shares[np.arange(len(stratum)), action]
    if "send-log" not in kinds:
        return pa.table({"page": page, "item": _names("item", ACTIONS)[action], "click": reward, "p": p})
    time = pa.array(START_US + generator.permutation(len(stratum)), pa.timestamp("us", "UTC"))
    earnings = reward * np.round(generator.uniform(3.0, 50.0, len(stratum)), 2)
    return pa.table(
        {"page_name": page, "sending_time": time, "caption_id": action, "earnings": earnings, "propensity": p}
    )


def _names(kind: str, count: int) -> NDArray[np.str_]:
    return np.array([f"{kind}_{i:04}" for i in range(count)])


def measured(file: Path, policy: str, columns: list[str]) -> tuple[float, float, float]:
    """(wall seconds, CPU seconds, most GB in memory) of the command, as a process of its own."""
    words = [sys.executable, "-m", "sim", "evaluate", str(file), *columns, "--policy", policy, "--quiet"]
    began = time.perf_counter()
    subprocess.run(words, check=True, env=THREADS | os.environ, stdout=subprocess.DEVNULL)
    wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
