"""How long the contents checks take at scale, against a Polars scan that computes the bounds of the same files.

    python benchmarks/verify_scale.py [--rows 10000000] [--rounds 3] [--duckdb] [--each] [--folder DIR]

Both run in turn on the same rows, freshly seeded. Printed: seconds (wall and CPU) of each round, the ratio of the
medians; with --each what each check file takes by itself. The bar is a ratio of 3.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.warehouse.base import STATS, TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.load.loading import load
from sim.warehouse.targets import open_target
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.questions import check_rows, parameters, read_clock
from sim.warehouse.verify.results import ask

CONTENTS = [check for check in shipped().values() if check.group == "contents"]


def timed(work):
    """(wall, CPU) seconds of `work`."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def polars_bounds(folder):
    """Scan, compute both bounds, and compare with the stored ones: the least that a check of the bounds has to do."""
    s, n = pl.col("successes").cast(pl.Float64), (pl.col("successes") + pl.col("failures")).cast(pl.Float64)
    p, square = s / n, 1.96 * 1.96
    centre = (p + square / (2.0 * n)) / (1.0 + square / n)
    half = 1.96 * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt() / (1.0 + square / n)
    worst = (
        (pl.col("confidence_lower_bound") - (centre - half)).abs().max().alias("lower"),
        (pl.col("confidence_upper_bound") - (centre + half)).abs().max().alias("upper"),
    )
    found = pl.scan_parquet(folder / "*.parquet").select(worst).collect(engine="streaming")
    assert max(found.row(0)) < 1e-9


def checked(target):
    """Check the contents of `target`, which must hold."""
    results = check_rows(target, CONTENTS, Options())
    assert all(result.status in {"pass", "skip"} for result in results), results


def main():
    """Measure as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--duckdb", action="store_true", help="check a DuckDB file in place of the Parquet files")
    parser.add_argument("--each", action="store_true", help="also time each check file by itself")
    parser.add_argument("--folder", type=Path, help="seeded rows are kept here and used again")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="verify-scale-"))
    try:
        measure(folder, arguments)
    finally:
        if not arguments.folder:
            shutil.rmtree(folder)


def seeded(spec, rows):
    """Put `rows` seeded rows into the target of `spec`."""
    with open_target(spec) as target:
        if "functions" not in target.unsupported:
            carry_out(target, plan(target))
        load(target, [seed_load(SeedPlan(rows=rows, seed=1))], replace=True)


def measure(folder, arguments):
    """Print the times of the scan and of the checks, round by round, then the ratio of their medians."""
    files = TargetSpec("parquet", str(folder / f"rows-{arguments.rows}"))
    spec = TargetSpec("duckdb", str(folder / f"rows-{arguments.rows}.duckdb")) if arguments.duckdb else files
    for one in {files, spec}:
        if not one.path.exists():
            print(f"seeding {one} …")
            seeded(one, arguments.rows)
    with open_target(spec, read_only=True) as target:
        rounds = [(timed(lambda: polars_bounds(files.path / STATS)), timed(lambda: checked(target)))
                  for _ in range(arguments.rounds)]  # fmt: skip
        for scan, check in rounds:
            print(f"polars {scan[0]:6.2f} s ({scan[1]:6.2f} CPU)   verify {check[0]:6.2f} s ({check[1]:6.2f} CPU)")
        filled = parameters(Options(), read_clock(target, Options()), CONTENTS)
        asked = [one for one in CONTENTS if not one.parameters & {"sends", "loads"}]
        for check in asked if arguments.each else ():
            print(f"  {check.name:24} {timed(lambda check=check: ask(target, check, filled))[0]:6.2f} s")
    wall, cpu = (
        statistics.median(b[i] for _, b in rounds) / statistics.median(a[i] for a, _ in rounds) for i in (0, 1)
    )
    print(f"{arguments.rows:,} rows of {spec.kind}: verify takes {wall:.2f} × the scan ({cpu:.2f} × its CPU)")


if __name__ == "__main__":
    main()
