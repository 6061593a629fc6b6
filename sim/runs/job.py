"""What a worker does: it simulates one block, and writes it into the run folder or returns it.

A worker first compares its versions and its code with those of the run: a worker on another machine may have others.
"""

import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import StorageError
from sim.runs.blocks import result_arrays, write_block
from sim.runs.folders.manifest import Manifest, describe_code, made_by, run_key
from sim.runs.merge import replication_rows
from sim.runs.packed import pack
from sim.runs.plan import Block

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.scenario import Scenario


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know to simulate one block."""

    scenario: "Scenario"
    block: Block
    blocks: Path
    run_key: str
    made_by: Mapping[str, str]
    """Versions and digests of the code that the run is made by; empty where any will do."""

    @classmethod
    def of_run(cls, scenario: "Scenario", block: Block, blocks: Path, manifest: Manifest) -> "Job":
        """The job that makes `block` of the run of `manifest` in the folder `blocks`."""
        return cls(scenario, block, blocks, run_key(manifest), made_by(manifest))

    def __str__(self) -> str:
        return str(self.block)


def simulate_block(job: Job) -> None:
    """Simulate one block and write it into the run folder."""
    from sim.worlds.engine import simulate  # noqa: PLC0415 - only those who simulate pay for the engine

    require_same_code(job)
    spec = job.scenario.policies[job.block.policy]
    write_block(job.blocks, job.block, simulate(job.scenario, spec, job.block.replications), job.run_key)


def simulate_packed(job: Job) -> bytes:
    """Simulate one block and return it, packed; leaves no file."""
    with tempfile.TemporaryDirectory() as folder:
        simulate_block(Job(job.scenario, job.block, Path(folder), job.run_key, job.made_by))
        return pack(Path(folder) / job.block.folder)


def simulate_rows(job: Job) -> "pa.Table":
    """Simulate one block and return its rows of replications.parquet; writes nothing."""
    from sim.worlds.engine import simulate  # noqa: PLC0415 - as above

    spec = job.scenario.policies[job.block.policy]
    return replication_rows(job.block, result_arrays(simulate(job.scenario, spec, job.block.replications)))


def require_same_code(job: Job) -> None:
    """Raise StorageError, naming what differs, where this process would make other numbers than the run's."""
    if not job.made_by:
        return
    here = made_by(describe_code(job.scenario))
    wrong = [name for name in job.made_by if here.get(name) != job.made_by[name]]
    unequal = [f"{name}: {job.made_by[name]} in the run, {here.get(name, 'nothing')} here" for name in wrong]
    if unequal:
        raise StorageError(
            "\n".join([f"the worker {os.getpid()} on {platform.node()} has other code than the run", *unequal]),
            "Start the workers from the same image or environment.",
        )
