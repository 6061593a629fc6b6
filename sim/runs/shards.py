"""Shards: several processes, on several machines, each make a part of the blocks in one shared run folder.

    begin (locked) ──> own blocks (not locked) ──> all blocks there? ── yes ──> merge (locked)
                                                         └── no: another shard will merge

Shard I of N makes every N-th block of the plan, which depends on the scenario only. A block appears by one rename, so
a shard may be interrupted and repeated, and two processes of the same shard do no harm: the second finds the blocks
there. The shard that finds all blocks there merges them; `run --resume` does so, too.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sim.backends.base import Backend
from sim.errors import InputError
from sim.runs.blocks import is_intact
from sim.runs.folders.manifest import run_key
from sim.runs.plan import Block
from sim.runs.runner import Pipeline, Progress

LOCK_WAIT_SECONDS = 600.0  # as long as a merge may take


@dataclass(frozen=True)
class Shard:
    """Part `index` (from 0) of `count`."""

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise InputError(f"shard {self} does not exist", "Give I/N with 1 <= I <= N.")

    def __str__(self) -> str:
        return f"{self.index + 1}/{self.count}"

    def blocks(self, pipeline: Pipeline) -> Iterator[Block]:
        """The blocks of this shard, lowest replication first."""
        nothing: list[list[Block]] = [[] for _ in pipeline.plan.policies]
        return islice(pipeline.plan.all_missing(nothing), self.index, None, self.count)


# Per scheduler: the variables of the index, of the number, of the first index, and of the step between indexes.
_SCHEDULERS = (
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"),
    ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", "", ""),
    ("JOB_COMPLETION_INDEX", "", "", ""),  # a Kubernetes job with completionMode: Indexed
    ("COILED_BATCH_TASK_ID", "", "", ""),
)


def parse_shard(text: str) -> Shard:
    """`I/N`, I from 1."""
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if not found:
        raise InputError(f"invalid shard {text!r}", "Give I/N, such as 2/8.")
    return Shard(int(found[1]) - 1, int(found[2]))


def shard_of_environment(count: int | None, environment: Mapping[str, str] = os.environ) -> Shard:
    """The shard that a scheduler's variables name; `count` is the number where the scheduler does not tell it.

    Raises InputError where no variable is set, or the number is unknown or another one.
    """
    for index_name, count_name, first_name, step_name in _SCHEDULERS:
        if index_name in environment:
            told = _number(count_name, environment) if count_name in environment else None
            if told is not None and count is not None and told != count:
                raise InputError(f"--shards {count}, but {count_name} is {told}")
            number = told or count
            if number is None:
                raise InputError(f"{index_name} is set, but not the number of shards", "Give it with --shards N.")
            first = _number(first_name, environment) if first_name in environment else 0
            step = max(1, _number(step_name, environment)) if step_name in environment else 1
            return Shard((_number(index_name, environment) - first) // step, number)
    names = ", ".join(names[0] for names in _SCHEDULERS)
    raise InputError("--shards needs a scheduler's variable for the index", f"Set one of {names}, or use --shard I/N.")


def simulate_shard(pipeline: Pipeline, shard: Shard, backend: Backend, progress: Progress) -> None:
    """Simulate the blocks of a shard that are not there yet."""
    own = list(shard.blocks(pipeline))
    simulate_blocks(pipeline, own, [block for block in own if not _is_there(pipeline, block)], backend, progress)


def simulate_blocks(
    pipeline: Pipeline, own: Sequence[Block], missing: Sequence[Block], backend: Backend, progress: Progress
) -> None:
    """Simulate the `missing` ones of a shard's `own` blocks."""
    total = sum(len(block.replications) for block in own)
    done = total - sum(len(block.replications) for block in missing)
    progress(done, total)
    for job, result in backend.run(map(pipeline.job, missing), pipeline.delivery.work):
        pipeline.delivery.receive(job, result)
        done += len(job.block.replications)
        progress(done, total)


def missing_blocks(pipeline: Pipeline) -> int:
    """How many blocks of all shards are not there yet; what other processes are writing is left alone."""
    return sum(not _exists(pipeline, block) for block in pipeline.plan)


def _exists(pipeline: Pipeline, block: Block) -> bool:
    return (pipeline.folder.blocks / block.folder).is_dir()


def _is_there(pipeline: Pipeline, block: Block) -> bool:
    """Whether a block is there and intact; a damaged one is removed."""
    if is_intact(pipeline.folder, block, run_key(pipeline.manifest)):
        return True
    shutil.rmtree(pipeline.folder.blocks / block.folder, ignore_errors=True)
    return False


def _number(name: str, environment: Mapping[str, str]) -> int:
    try:
        return int(environment[name])
    except ValueError:
        raise InputError(f"{name} is {environment[name]!r}, not a whole number") from None
