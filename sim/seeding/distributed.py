"""Parts of a plan made by a backend: on the workers of a cluster, in a shared folder or as bytes."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from sim.backends.base import Backend
from sim.errors import StorageError
from sim.seeding.plan import PartPlan, SeedPlan
from sim.seeding.writing import write_part
from sim.warehouse.base import RowTotals

Written = tuple[RowTotals, bytes | None]
"""Totals of a part, and its content where the worker shares no folder."""


@dataclass(frozen=True)
class PartJob:
    """All that a worker needs to know to write one part."""

    plan: SeedPlan
    part: PartPlan

    def __str__(self) -> str:
        return f"rows {self.part.first_row:,} to {self.part.end_row - 1:,}"


def write_in(folder: Path, prefix: str, job: PartJob) -> Written:
    """Write a part into a folder that this process shares with the parent; its name begins with `prefix`."""
    return write_part(_known(job.plan), job.part, folder / f"{prefix}{job.part.name}"), None


def write_collected(job: PartJob) -> Written:
    """Write a part and return its content; leaves no file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / job.part.name
        return write_part(_known(job.plan), job.part, path), path.read_bytes()


@lru_cache(maxsize=1)
def _known(plan: SeedPlan) -> SeedPlan:
    """The plan as it arrived first: what it has computed of its pages serves all parts."""
    return plan


def write_parts_by(
    backend: Backend, plan: SeedPlan, parts: Iterable[PartPlan], folder: Path, *, collect: bool, prefix: str = ""
) -> Iterator[tuple[PartPlan, Path, RowTotals]]:
    """Let `backend` write `parts` into `folder`; yields them in order, with their totals.

    The names of the files begin with `prefix`, so that several processes may use one folder. Raises StorageError where
    a worker does not share the folder.
    """
    plain = replace(plan)  # without what it has computed: that can be large
    wanted, arrived = list(parts), dict[int, RowTotals]()
    work = write_collected if collect else partial(write_in, folder, prefix)
    waiting = iter(wanted)
    following = next(waiting, None)
    for job, (totals, content) in backend.run((PartJob(plain, part) for part in wanted), work):
        arrived[job.part.index] = totals
        _receive(folder / f"{prefix}{job.part.name}", content)
        while following is not None and following.index in arrived:
            yield following, folder / f"{prefix}{following.name}", arrived.pop(following.index)
            following = next(waiting, None)


def _receive(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    elif not path.is_file():
        raise StorageError(f"a worker wrote {path.name}, but it is not in {path.parent}", "Use --collect.")
