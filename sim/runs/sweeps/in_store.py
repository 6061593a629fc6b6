"""The folder of a sweep in an object store, by way of a temporary one on this machine.

sweep.json is written at the URL; every cell is a run in the store (`sim.runs.stores.in_store`). When all cells are
complete, they are fetched, and the results are put together here and uploaded.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property

from sim.errors import InputError
from sim.runs.folders.run_folder import RunFolder
from sim.runs.folders.temporary import TemporaryRunFolder
from sim.runs.stores.in_store import StoredFolder, named
from sim.runs.stores.object_store import CONNECTIONS, ObjectStore
from sim.runs.sweeps.folder import CELLS, SWEEP, SweepFolder
from sim.runs.sweeps.grid import GridCell, Variation, grid
from sim.scenario import Scenario


@dataclass(frozen=True)
class StoredSweep:
    """The sweep at the URL of `store`, and the folder of this machine in which its results are put together."""

    store: ObjectStore

    def __str__(self) -> str:
        return self.store.url

    @cached_property
    def temporary(self) -> TemporaryRunFolder:
        """The folder of this machine; it goes with this object, unless it belongs to another one."""
        return TemporaryRunFolder(self.store.plain_path)

    @property
    def local(self) -> SweepFolder:
        """The part of the sweep that was fetched."""
        return SweepFolder(self.temporary.path)

    def cell(self, cell: GridCell) -> str:
        """The URL of a cell's run."""
        return f"{self.store.url}/{CELLS}/{cell.folder}"

    def locked(self, wait_seconds: float) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nothing is held: an object store has no locks, and `begin` decides by a conditional write."""
        return nullcontext()

    def begin(self, scenario: Scenario, varied: Sequence[Variation], *, resume: bool) -> None:
        """As `SweepFolder.begin`; of two processes that begin at once, the second continues or is refused."""
        there = self._fetch_description()
        if not there and any(not name.startswith(".") for name in self.store.names("")):
            raise InputError(f"{self.store.url} is not empty and holds no sweep", "Choose another --out.")
        with self._named():
            self.local.begin(scenario, varied, resume=resume)
        content = (self.local.path / SWEEP).read_bytes()
        if there:
            self.store.write(SWEEP, content)
        elif not self.store.create(SWEEP, content):
            self.begin(scenario, varied, resume=resume)

    def incomplete(self) -> list[GridCell]:
        """Cells whose run is not complete."""
        self._fetch_description()
        with self._named():
            cells = grid(self.local.variations())
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            complete = list(pool.map(self._is_complete, cells))
        return [cell for cell, done in zip(cells, complete, strict=True) if not done]

    def fetch(self) -> None:
        """Fetch sweep.json and the complete runs of all cells."""
        self._fetch_description()
        with self._named():
            cells = grid(self.local.variations())
        for cell in cells:
            self._run(cell).fetch()

    def publish(self) -> None:
        """Upload the results, which lie beside the cells."""
        path = self.local.path
        files = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
        self.store.upload(path, sorted(file.as_posix() for file in files if file.parts[0] != CELLS))

    def _is_complete(self, cell: GridCell) -> bool:
        run = self._run(cell)
        run.fetch(whole=False)
        return run.local.complete

    def _run(self, cell: GridCell) -> StoredFolder:
        return StoredFolder(replace(self.store, url=self.cell(cell)), RunFolder(self.local.cell(cell)))

    def _fetch_description(self) -> bool:
        self.local.path.mkdir(parents=True, exist_ok=True)
        self.store.download(self.local.path, [SWEEP])
        return (self.local.path / SWEEP).is_file()

    def _named(self) -> AbstractContextManager[None]:
        return named(self.store, self.local.path)
