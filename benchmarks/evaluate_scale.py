"""`python -m sim evaluate` on a long log: wall seconds, CPU seconds and the most memory.

    python -m benchmarks.evaluate_scale                  # 10 million rows, two columns of text
    python -m benchmarks.evaluate_scale --refreshes 360  # collected by 360 policies in turn

Exit code 1 above 60 s or 1 GB. One thread per library: set OMP_NUM_THREADS and POLARS_MAX_THREADS for more.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ACTIONS, STRATA = 34, 3
PART = 1_000_000
SECONDS, GIGABYTES = 60.0, 1.0
COLUMNS = "stratum=page,action=item,reward=click,propensity=p"
THREADS = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def main() -> int:
    """Write the log, evaluate it, print what it took; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--refreshes", type=int, default=1, help="logging policies, one after the other")
    parser.add_argument("--policy", default="uniform")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.parquet"
        write(file, arguments.rows, arguments.refreshes)
        wall, cpu, peak = measured(file, arguments.policy)
    print(
        f"{arguments.rows:,} rows, {arguments.refreshes} logging policies: "
        f"{wall:.1f} s, {cpu:.1f} s of CPU, {peak:.2f} GB"
    )
    return 0 if wall <= SECONDS and peak <= GIGABYTES else 1


def write(file: Path, rows: int, refreshes: int) -> None:
    """A log in which each refresh has Dirichlet shares of its own."""
    generator = np.random.default_rng(1)
    shares = generator.dirichlet(np.full(ACTIONS, 3.0), (refreshes, STRATA))
    rates = generator.beta(2, 40, (STRATA, ACTIONS))
    pages, items = (np.array([f"{name}_{i:04}" for i in range(n)]) for name, n in (("page", STRATA), ("item", ACTIONS)))
    schema = pa.schema({"page": pa.string(), "item": pa.string(), "click": pa.float64(), "p": pa.float64()})
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, rows, PART):
            count = min(PART, rows - start)
            refresh = (start + np.arange(count)) * refreshes // rows
            stratum = generator.integers(0, STRATA, count)
            sums = np.cumsum(shares, axis=2)[refresh, stratum]
            action = (generator.random(count)[:, None] > sums).sum(axis=1).clip(0, ACTIONS - 1)
            click = (generator.random(count) < rates[stratum, action]).astype(np.float64)
            columns = [pages[stratum], items[action], click, shares[refresh, stratum, action]]
            writer.write_table(pa.table(columns, schema=schema))


def measured(file: Path, policy: str) -> tuple[float, float, float]:
    """(wall seconds, CPU seconds, most GB in memory) of the command, as a process of its own."""
    words = [sys.executable, "-m", "sim", "evaluate", str(file), "--columns", COLUMNS, "--policy", policy, "--quiet"]
    began = time.perf_counter()
    subprocess.run(words, check=True, env=THREADS | os.environ, stdout=subprocess.DEVNULL)
    wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
