"""How fast seeding is, against libraries that merely write the same finished rows; and how much memory it takes.

    python -m benchmarks.seeding                      # 4 million rows, three rounds
    python -m benchmarks.seeding --rows 100000000 --memory-only

Each round runs every contender once, in turn (A B C D A B C D …), so that a busy moment falls on all alike. The
contenders get the rows in memory, made beforehand, in the form they like best, and write one file by their defaults;
seeding makes the rows, writes them, sums them up and publishes them. Rates are rows a second, the best of all rounds.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.backends.local import default_workers
from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.seeding.writing import batch
from sim.warehouse.load.loading import load
from sim.warehouse.targets import open_target, parse_target

BAR = 0.5  # of the fastest contender


def main() -> None:
    """Measure and print."""
    arguments = parse()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        show_memory(arguments.rows, Path(folder))  # first: a child's peak counts what its parent holds
        if not arguments.memory_only:
            show_rates(arguments.rows, arguments.rounds, Path(folder))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write [the system's temporary folder]")
    parser.add_argument("--memory-only", action="store_true", help="one run of the command, its time and peak memory")
    return parser.parse_args()


def show_rates(rows: int, rounds: int, folder: Path) -> None:
    """The table of rates."""
    contenders = {"seed (makes and writes)": lambda: seeded(rows, folder), **writers(rows, folder)}
    seeded(10_000, folder)  # compile before the first round
    best = dict.fromkeys(contenders, (math.inf, math.inf))
    for _ in range(rounds):
        for name, run in contenders.items():
            best[name] = min(best[name], timed(run))
    for name, (seconds, busy) in best.items():
        print(f"{name:24} {rows / seconds / 1e6:6.2f} million rows/s, {busy / rows * 1e6:.2f} µs of processor a row")
    ours, *others = (seconds for seconds, _ in best.values())
    print(f"ratio to the fastest: {min(others) / ours:.2f} (bar: {BAR})")


def timed(run: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of one run: by the clock, and of all processors together."""
    began, busy = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - began, time.process_time() - busy


def seeded(rows: int, folder: Path) -> None:
    """What the command does, in this process."""
    shutil.rmtree(folder / "seeded", ignore_errors=True)
    with open_target(parse_target(f"parquet:{folder / 'seeded'}")) as target:
        load(target, [seed_load(SeedPlan(rows), workers=default_workers())])


def writers(rows: int, folder: Path) -> dict[str, Callable[[], Any]]:
    """The contenders, each with the finished rows in memory."""
    import duckdb
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    plan = SeedPlan(rows)
    tables = [batch(plan, pages) for part in plan.parts() for pages in plan.batches(part)]
    made = pa.concat_tables(tables).unify_dictionaries()
    place = made.schema.get_field_index("page_name")
    made = made.set_column(place, pa.field("page_name", pa.string(), nullable=False), made["page_name"].cast("string"))
    frame, connection = pl.from_arrow(made), duckdb.connect()
    assert isinstance(frame, pl.DataFrame)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE TABLE finished AS SELECT * FROM made")
    return {
        "pyarrow": lambda: pq.write_table(made, folder / "pyarrow.parquet"),
        "polars": lambda: frame.write_parquet(folder / "polars.parquet"),
        "duckdb": lambda: connection.execute(f"COPY finished TO '{folder / 'duckdb.parquet'}' (FORMAT parquet)"),
    }


def show_memory(rows: int, folder: Path) -> None:
    """Time, peak memory and disk of the command, in a process of its own."""
    target = folder / "measured"
    command = [
        sys.executable,
        "-m",
        "sim",
        "seed",
        "--rows",
        str(rows),
        "--to",
        f"parquet:{target}",
        "--json",
        "--quiet",
    ]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    disk = sum(file.stat().st_size for file in target.rglob("*.parquet"))
    print(
        f"the command: {said['rows']:,} rows in {seconds:.1f} s ({rows / seconds / 1e6:.2f} million rows/s), "
        f"peak memory {usage.ru_maxrss / 1024:.0f} MB, {disk / 1e6:.0f} MB of Parquet in {said['parts']} parts"
    )


if __name__ == "__main__":
    main()
