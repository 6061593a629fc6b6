"""How long `calibrate` takes for a log of 60,000 messages: python benchmarks/calibration.py [PAGES]

The log is simulated: PAGES pages (50 by default) of the default traffic world for 90 days, uniform choice.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow.parquet as pq

from sim.calibration.calibrate import calibrate
from sim.scenario import load
from sim.tables.send_log import sends_arrow
from sim.worlds.traffic.world import TrafficWorld

DAYS = 90


def write_log(pages: int, file: Path) -> int:
    """Simulate a log; returns its messages."""
    scenario = load(
        {
            "version": 1,
            "name": "benchmark",
            "seed": 1,
            "replications": 1,
            "horizon": {"days": DAYS},
            "world": {"kind": "traffic", "pages": pages},
            "policies": ["uniform"],
            "record": {"sends": True},
        }
    )
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(float(DAYS))
    log = world.sends(0)
    assert log is not None
    table = sends_arrow(log)
    pq.write_table(table, file)
    return int(table.num_rows)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.parquet"
        messages = write_log(int(sys.argv[1]) if len(sys.argv) > 1 else 50, file)
        wall, cpu = time.perf_counter(), time.process_time()
        found = calibrate(str(file))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{messages:,} messages: {wall:.1f} s, {cpu:.1f} s of CPU; fits: {found.fits}")
