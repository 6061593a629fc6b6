"""A run as one pipeline: plan -> missing blocks -> backend -> merged tables in the run folder."""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sim.backends.base import Backend
from sim.files import digest, link_or_copy, make_folder
from sim.runs.blocks import block_digests, discard_unfinished, stored_blocks
from sim.runs.delivery import Delivery, SharedFolder
from sim.runs.folders.lock import remove_if_empty
from sim.runs.folders.manifest import BASE, COMPLETE, Manifest, run_key
from sim.runs.folders.run_folder import DERIVED, LOGS, OBSERVATIONS, SCENARIO, TABLES, UNLUCKY, RunFolder
from sim.runs.folders.source_file import write_captions
from sim.runs.job import Job, simulate_rows
from sim.runs.merge import Sources, merge
from sim.runs.plan import Block, Plan, plan

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.scenario import Scenario

Progress = Callable[[int, int], None]
"""Called with (done, all): replications of all policies."""
Blocks = list[list[Block]]
"""Of each policy, in order of replication."""


def no_progress(done: int, total: int) -> None:
    """Say nothing."""


def tell_compiled(progress: Progress, blocks: Blocks) -> None:
    """Call the method `compiled` of a progress that has one with (policies with a finished block, all policies).

    The first block of a policy takes the compilation of its kernels, which a machine does once.
    """
    if (tell := getattr(progress, "compiled", None)) is not None:
        tell(sum(map(bool, blocks)), len(blocks))


def simulate_replications(scenario: "Scenario", backend: Backend, progress: Progress = no_progress) -> "pa.Table":
    """The rows of replications.parquet, in its order; writes no file."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    blocks = plan(scenario)
    done, total, rows = 0, blocks.replications, []
    progress(done, total)
    jobs = (Job(scenario, block, Path(), "", {}) for block in blocks.all_missing([[] for _ in blocks.policies]))
    for job, table in backend.run(jobs, simulate_rows):
        rows.append((job.block.policy, job.block.start, table))
        done += len(job.block.replications)
        progress(done, total)
    return pa.concat_tables([table for *_, table in sorted(rows, key=lambda row: row[:2])])


@dataclass(frozen=True)
class Pipeline:
    """One run on its way into `folder`: the replications of `plan`, after those of the complete run `base`."""

    scenario: "Scenario"
    manifest: Manifest
    plan: Plan
    folder: RunFolder
    base: RunFolder | None = None
    delivery: Delivery = field(default_factory=SharedFolder)

    def simulate_missing(self, backend: Backend, progress: Progress) -> Blocks:
        """Simulate every block that is not there yet; returns all."""
        stored = stored_blocks(self.folder, self.plan.policies, run_key(self.manifest))
        done, total = sum(map(_size, stored)), self.plan.replications
        progress(done, total)
        tell_compiled(progress, stored)
        for job, result in backend.run(self._jobs(stored), self.delivery.work):
            self.delivery.receive(job, result)
            stored[job.block.policy].append(job.block)
            tell_compiled(progress, stored)
            done += len(job.block.replications)
            progress(done, total)
        return [sorted(blocks, key=lambda block: block.start) for blocks in stored]

    def merge(self, blocks: Blocks) -> dict[str, str]:
        """Make the run's tables and logs of the finished blocks; returns the digests of the logs.

        May be repeated until the blocks are removed.
        """
        _return_memory()
        os.sync()  # the logs, written without an fsync each, are on the disk before they leave their blocks
        base = None if self.base is None else self.base.path
        merge(
            Sources(self.plan.policies, self.folder.blocks, blocks, base, *self._clairvoyant()),
            self.folder.path,
            self.scenario.world_kind.tiers,
        )
        return {**self._link_base_logs(), **self._move_logs(blocks)}

    def _clairvoyant(self) -> tuple[str | None, bool]:
        """The policy that shortfall is measured from, and whether in dollars."""
        oracles = (spec.name for spec in self.scenario.policies if spec.kind == "oracle")
        return next(oracles, None), self.scenario.world.has_money

    def finish(self, logs: dict[str, str], seconds: float) -> None:
        """Write the manifest of the complete run, and remove the blocks."""
        path = self.folder.path
        csv = sorted(table.relative_to(path).as_posix() for table in path.glob("tables/*.csv"))
        unlucky = [name for name in UNLUCKY if (path / name).is_file()]
        names = (SCENARIO, OBSERVATIONS, *TABLES, *DERIVED, *unlucky, *csv, *write_captions(self.scenario, path))
        files = {name: digest(path / name) for name in names}
        manifest = {name: value for name, value in self.manifest.items() if name != BASE}
        self.folder.write_manifest(
            {**manifest, "status": COMPLETE, "seconds": round(seconds, 3), "files": {**files, **logs}}
        )
        shutil.rmtree(self.folder.blocks, ignore_errors=True)

    @contextmanager
    def keeping_finished_blocks(self) -> Iterator[None]:
        """On any error or interruption finished blocks stay, and unfinished ones go.

        A run without finished ones goes whole.
        """
        try:
            yield
        except BaseException:
            discard_unfinished(self.folder.blocks)
            if not any(self.folder.blocks.glob("*/*")):
                self.folder.clear()
                remove_if_empty(self.folder.path)  # one that was built beside
            raise

    def job(self, block: Block) -> Job:
        """The job that makes a block of this run."""
        return Job.of_run(self.scenario, block, self.folder.blocks, self.manifest)

    def _jobs(self, stored: Sequence[Sequence[Block]]) -> Iterator[Job]:
        # A copy: `stored` grows while jobs are taken.
        missing = self.plan.all_missing([list(blocks) for blocks in stored])
        return (self.job(block) for block in missing)

    def _wanted(self, kind: str) -> range:
        """The replications whose logs are kept; a run whose number of replications rose has others, too."""
        record, total = self.scenario.record, self.scenario.replications
        everything = kind == "sends" or record.stats == "all"
        return range(total) if everything else range(total - 1, total)

    def _move_logs(self, blocks: Blocks) -> dict[str, str]:
        digests: dict[str, str] = {}
        for block in (block for of_policy in blocks for block in of_policy):
            for name, content in block_digests(self.folder.blocks, block).items():
                kind, _, file = name.partition("/")
                if kind in LOGS and _replication(file) in self._wanted(kind):
                    target = self.folder.log(kind, block.name, _replication(file))
                    _move(self.folder.blocks / block.folder / name, target)
                    digests[target.relative_to(self.folder.path).as_posix()] = content
        return digests

    def _link_base_logs(self) -> dict[str, str]:
        """The logs of the complete run, under the new one as well."""
        if self.base is None:
            return {}
        kept: dict[str, str] = {}
        for name, content in self.base.manifest()["files"].items():
            kind, _, rest = name.partition("/")
            if kind in LOGS and _replication(rest) in self._wanted(kind):
                target = self.folder.path / name
                make_folder(target.parent)
                target.unlink(missing_ok=True)
                link_or_copy(self.base.path / name, target)
                kept[name] = content
        return kept


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.replications) for block in blocks)


def _replication(file: str) -> int:
    return int(file.rpartition("replication=")[2].removesuffix(".parquet"))


def _move(source: Path, target: Path) -> None:
    if source.exists():  # else an interrupted merge has moved it
        make_folder(target.parent)
        source.replace(target)


def _return_memory() -> None:
    """Return what blocks have freed to the system: glibc would keep it while the tables are made, 10 MB of 300."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
