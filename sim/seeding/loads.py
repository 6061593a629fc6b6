"""A seed plan as a load of caption_bandit_stats, for any target."""

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from sim.backends.base import Backend
from sim.seeding.distributed import write_parts_by
from sim.seeding.plan import DEFAULT_PART_ROWS, PartPlan, SeedPlan
from sim.seeding.writing import write_parts
from sim.warehouse.base import STATS, RowTotals
from sim.warehouse.load.loading import Load, Made

PartsWriter = Callable[[SeedPlan, Iterable[PartPlan], Path], Iterator[tuple[PartPlan, Path, RowTotals]]]
"""Writes parts into a folder; yields them in order, with their paths and totals."""


def by_threads(workers: int) -> PartsWriter:
    """Parts are written by threads of this process."""
    return lambda plan, parts, folder: write_parts(plan, parts, folder, workers)


def by_backend(backend: Backend, *, collect: bool) -> PartsWriter:
    """Parts are written where `backend` computes; with `collect` they come back as bytes.

    Their names are those of this process: another process of the same shard may write into the folder.
    """
    own = f"{platform.node()}-{os.getpid()}-"
    return lambda plan, parts, folder: write_parts_by(backend, plan, parts, folder, collect=collect, prefix=own)


def in_own_folder(writer: PartsWriter) -> PartsWriter:
    """Parts are written into a temporary folder of this machine: another process of the same shard may run."""

    def write(plan: SeedPlan, parts: Iterable[PartPlan], folder: Path) -> Iterator[tuple[PartPlan, Path, RowTotals]]:  # noqa: ARG001
        own = Path(tempfile.mkdtemp(prefix="caption-sim-seed-"))
        try:
            for part, path, totals in writer(plan, parts, own):
                yield part, path, totals
                path.unlink(missing_ok=True)
        finally:
            shutil.rmtree(own, ignore_errors=True)

    return write


def seed_load(
    plan: SeedPlan, part_rows: int = DEFAULT_PART_ROWS, workers: int = 1, writer: PartsWriter | None = None
) -> Load:
    """The rows of `plan`, made in parts of about `part_rows` rows by `writer`, by default `workers` threads."""
    parts, write_missing = plan.parts(part_rows), writer or by_threads(workers)

    def write(done: Collection[int], folder: Path) -> Iterator[Made]:
        missing = [part for part in parts if part.index not in done]
        for part, path, totals in write_missing(plan, missing, folder):
            yield part.index, path, totals

    return Load(STATS, f"seed-{plan.digest}", str(part_rows), len(parts), write, plan.description())
