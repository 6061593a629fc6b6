"""What many machines cost beside the simulation: the merge of 1,000 shards, and what Dask adds to blocks of a second.

    python benchmarks/scaling.py merge     # shards of the textbook scenario, one block each
    python benchmarks/scaling.py dask      # needs the extra `dask`

`dask` holds each job for a second instead of computing, so that other programs on the machine hardly matter: what is
above the ideal time is overhead. The start of the cluster is shown separately.
"""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from sim.api import run
from sim.backends.dask import DaskBackend
from sim.runs import plan
from sim.runs.folders.manifest import describe
from sim.runs.folders.run_folder import RunFolder
from sim.runs.job import Job, simulate_block
from sim.runs.runner import Pipeline
from sim.runs.workload import workload
from sim.scenario import load

SHARDS = 1_000
WORKERS, JOBS, SECONDS = 2, 20, 1.0


def merge(shards: int = SHARDS) -> dict[str, float]:
    """Wall and CPU seconds to merge `shards` blocks of the textbook scenario."""
    scenario = load("textbook")
    replications = -(-scenario.replications * len(scenario.policies) // shards)
    plan.TARGET_SECONDS = workload(scenario).seconds * (replications + 0.5)
    with tempfile.TemporaryDirectory() as home:
        folder = RunFolder(Path(home) / "run")
        pipeline = Pipeline(scenario, describe(scenario), plan.plan(scenario), folder)
        folder.begin(pipeline.manifest, scenario.to_yaml())
        for block in pipeline.plan:
            simulate_block(pipeline.job(block))
        wall, cpu = time.perf_counter(), time.process_time()
        run(scenario, folder.path, resume=True, report=False)
        return {
            "blocks": len(pipeline.plan),
            "wall seconds": time.perf_counter() - wall,
            "CPU seconds": time.process_time() - cpu,
        }


def hold(seconds: float, job: Job) -> None:  # noqa: ARG001
    """Take as long as a block of `seconds`."""
    time.sleep(seconds)


def dask() -> dict[str, float]:
    """Overhead of Dask as a share of the ideal time, with the jobs of a real run."""
    scenario = load("textbook")
    pipeline: Any = Pipeline(scenario, describe(scenario), plan.plan(scenario), RunFolder(Path("unused")))
    jobs = [pipeline.job(plan.Block(0, scenario.policies[0].name, i, i + 1)) for i in range(JOBS)]
    began = time.perf_counter()
    with DaskBackend(workers=WORKERS).kept() as backend:
        list(backend.run(jobs[:WORKERS], partial(hold, 0.0)))  # imports on the workers
        ready = time.perf_counter()
        list(backend.run(jobs, partial(hold, SECONDS)))
        took = time.perf_counter() - ready
    ideal = JOBS * SECONDS / WORKERS
    return {"start of the cluster, s": ready - began, "jobs, s": took, "overhead, %": 100 * (took / ideal - 1)}


if __name__ == "__main__":
    for name, value in {"merge": merge, "dask": dask}[sys.argv[1]]().items():
        print(f"{name:<26}{value:10.2f}")
