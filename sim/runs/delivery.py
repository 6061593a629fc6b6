"""How finished blocks come into the run folder: workers write them there, or return them as bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sim.errors import StorageError
from sim.runs.job import Job, simulate_block, simulate_packed
from sim.runs.packed import unpack


class Delivery(Protocol):
    """What a worker does for a job, and what this process does with the result."""

    @property
    def work(self) -> Callable[[Job], Any]:
        """Runs in the worker."""

    def receive(self, job: Job, result: Any) -> None:
        """Runs in this process, with the result of `work`."""


@dataclass(frozen=True)
class SharedFolder:
    """Workers see the run folder under the same path, and write blocks into it."""

    work: Callable[[Job], Any] = simulate_block

    def receive(self, job: Job, result: Any) -> None:  # noqa: ARG002 - the signature of the protocol
        """Raise StorageError where the block is not in the folder."""
        if not (job.blocks / job.block.folder).is_dir():
            raise StorageError(
                f"a worker made the block {job}, but it is not in {job.blocks.parent}",
                "The workers do not share this folder: use --collect, or an object store as --out.",
            )


@dataclass(frozen=True)
class Collected:
    """Workers share no folder; they return blocks as bytes."""

    work: Callable[[Job], Any] = simulate_packed

    def receive(self, job: Job, result: Any) -> None:
        """Write the block into the folder."""
        unpack(result, job.blocks, job.block)
