"""A run as one pipeline: plan -> missing blocks -> backend -> merged tables in the run folder."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.backends.base import Backend
from sim.runs import merge as run_tables
from sim.runs.blocks import Block, discard_unfinished, is_done, plan, write_block
from sim.runs.folder import RunFolder
from sim.scenario.sections.traffic import TIERS

if TYPE_CHECKING:
    from sim.scenario import Scenario

Progress = Callable[[int, int], None]
"""Told (done, all): replications of policies."""


def no_progress(done: int, total: int) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know to simulate one block."""

    scenario: "Scenario"
    block: Block
    blocks: Path

    def __str__(self) -> str:
        return str(self.block)


def simulate_block(job: Job) -> None:
    """Simulate one block and write it."""
    from sim.worlds.engine import simulate  # noqa: PLC0415 - only those who simulate pay for the engine

    spec = job.scenario.policies[job.block.policy]
    write_block(job.blocks, job.block, simulate(job.scenario, spec, job.block.replications))


def simulate_missing(scenario: "Scenario", folder: RunFolder, backend: Backend, progress: Progress) -> None:
    """Simulate every block that is not there yet."""
    blocks = plan(scenario)
    missing = [block for block in blocks if not is_done(folder.blocks, block)]
    total = len(scenario.policies) * scenario.replications
    done = total - _size(missing)
    progress(done, total)
    for job, _ in backend.run(_jobs(scenario, folder, missing), simulate_block):
        done += _size([job.block])
        progress(done, total)


@contextmanager
def keeping_finished_blocks(scenario: "Scenario", folder: RunFolder) -> Iterator[None]:
    """On any error or interruption finished blocks stay, unfinished ones go; a run without finished ones goes whole."""
    blocks = plan(scenario)  # first: what is wrong with a table world's file is found before anything is written
    try:
        yield
    except BaseException:
        discard_unfinished(folder.blocks)
        if not any(is_done(folder.blocks, block) for block in blocks):
            folder.clear()
        raise


def _size(blocks: list[Block]) -> int:
    return sum(len(block.replications) for block in blocks)


def _jobs(scenario: "Scenario", folder: RunFolder, blocks: list[Block]) -> list[Job]:
    # By replication first: workers then start with different policies, and no two compile the same kernel.
    ordered = sorted(blocks, key=lambda block: (block.start, block.policy))
    return [Job(scenario, block, folder.blocks) for block in ordered]


def merge(scenario: "Scenario", folder: RunFolder) -> None:
    """Make the run's tables and logs of the finished blocks; may be repeated until `folder.blocks` is removed."""
    blocks = plan(scenario)
    _give_back()
    os.sync()  # the logs, written without an fsync each, are on the disk before they leave their blocks
    tiers = TIERS if scenario.world.kind == "traffic" else ()
    run_tables.merge(folder.blocks, blocks, folder.path, tiers)
    for block in blocks:
        for kind in ("stats", "sends"):
            _move_logs(folder.blocks / block.folder / kind, folder.path / kind / f"policy={block.name}")


def _give_back() -> None:
    """Return what blocks have freed to the system: glibc would keep it while the tables are made, 10 MB of 300."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def _move_logs(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        path.rename(target / path.name)
