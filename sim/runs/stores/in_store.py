"""A run folder in an object store, by way of a temporary one on this machine.

    manifest.json created (or compared) ──> blocks, one object each ──> all there? ── yes ──> merged here, uploaded
                                                                          └── no: another shard will merge

Blocks are below `.blocks/KEY/`, where KEY names scenario and code, so that blocks of different runs never meet. Each is
created only where there is none. The manifest of the complete run is uploaded last. Two processes that merge at once
upload the same files.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sim.backends.base import Backend
from sim.errors import SimError, StorageError
from sim.runs.folders.manifest import COMPLETE, run_key, to_text
from sim.runs.folders.run_folder import MANIFEST, SCENARIO, RunFolder
from sim.runs.job import Job, simulate_packed
from sim.runs.packed import is_whole, unpack
from sim.runs.plan import Block
from sim.runs.runner import Blocks, Pipeline, Progress
from sim.runs.shards import Shard, simulate_blocks
from sim.runs.stores.object_store import CONNECTIONS, ObjectStore

BLOCKS = ".blocks"
SUFFIX = ".block"


def create_block(store: ObjectStore, job: Job) -> None:
    """Simulate one block and create its object; one that another process has created meanwhile stays."""
    store.create(_object(job.run_key, job.block), simulate_packed(job))


@dataclass(frozen=True)
class IntoStore:
    """Workers write blocks into the object store; see `sim.runs.delivery.Delivery`."""

    store: ObjectStore

    @property
    def work(self) -> Callable[[Job], None]:
        """Runs in the worker."""
        return partial(create_block, self.store)

    def receive(self, job: Job, result: object) -> None:
        """Nothing is left to do."""


@dataclass(frozen=True)
class StoredFolder:
    """The run folder at the URL of `store`, and the folder of this machine in which its run is put together."""

    store: ObjectStore
    local: RunFolder

    def prepare(self, prepare: Callable[[], Pipeline | None], *, whole: bool) -> Pipeline | None:
        """What `prepare` decides on the files that are there; begins a run where none is.

        `whole`: fetch all files of a complete run, which may be continued, rather than its manifest only.
        """
        self.fetch(whole=whole)
        with self.named():
            there = self.local.manifest()
            damaged = whole and there.get("status") == COMPLETE and self.local.damaged(there, logs=True)
            pipeline = prepare()
        if pipeline is None:
            if damaged:  # and repaired
                self.publish()
            return None
        if not there and not self._begin(pipeline):
            return self.prepare(prepare, whole=whole)  # another process has begun at the same moment
        return replace(pipeline, delivery=IntoStore(self.store))

    def fetch(self, *, whole: bool = True) -> None:
        """Fetch the manifest and the scenario; of a complete run all files, if `whole`."""
        self.local.path.mkdir(parents=True, exist_ok=True)
        self.store.download(self.local.path, [MANIFEST, SCENARIO])
        with self.named():
            manifest = self.local.manifest()
        if whole and manifest.get("status") == COMPLETE:
            self.store.download(self.local.path, manifest["files"])

    def simulate(self, pipeline: Pipeline, shard: Shard, backend: Backend, progress: Progress) -> Blocks | int:
        """Make the missing blocks of a shard; returns all blocks, fetched, or how many other shards have to make."""
        while True:
            own, blocks = list(shard.blocks(pipeline)), list(pipeline.plan)
            simulate_blocks(pipeline, own, self._missing(pipeline, own), backend, progress)
            absent = len(self._missing(pipeline, blocks))
            if absent and self._merged_meanwhile(pipeline):
                return []
            if absent:
                return absent
            if self._fetch_blocks(pipeline, blocks):
                return [[b for b in blocks if b.policy == i] for i in range(len(pipeline.plan.policies))]

    def publish(self) -> None:
        """Upload the complete run, its manifest last; then remove its blocks and what an earlier run had besides."""
        path = self.local.path
        names = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
        names = {name for name in names if not name.startswith(".")}
        old = self._files_there()
        self.store.upload(path, sorted(names - {MANIFEST}))
        self.store.upload(path, [MANIFEST])
        self.store.remove(sorted(old - names))
        self.store.remove(sorted(self.store.names(_folder(run_key(self.local.manifest())))))

    def _files_there(self) -> set[str]:
        before = RunFolder(self.local.path / ".before")
        before.path.mkdir(exist_ok=True)
        self.store.download(before.path, [MANIFEST])
        return set(before.manifest().get("files", {}))

    def _begin(self, pipeline: Pipeline) -> bool:
        if not self.store.create(MANIFEST, to_text(pipeline.manifest).encode()):
            return False
        self.store.write(SCENARIO, pipeline.scenario.to_yaml().encode())
        return True

    def _merged_meanwhile(self, pipeline: Pipeline) -> bool:
        """Whether another process has merged the run, and removed its blocks; the complete run is then fetched."""
        content = self.store.read(MANIFEST)
        (self.local.path / MANIFEST).write_bytes(content or b"")
        there = self.local.manifest() if content else {}
        same = bool(there) and run_key(there) == run_key(pipeline.manifest)
        if not same or there["status"] != COMPLETE or there["replications"] != pipeline.manifest["replications"]:
            return False
        self.fetch()
        return True

    def _fetch_blocks(self, pipeline: Pipeline, blocks: Sequence[Block]) -> bool:
        """Fetch blocks into the local folder; False where some were damaged, which are removed from the store."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            fetched = pool.map(partial(self._fetch_block, pipeline), blocks)
            return all(list(fetched))

    def _fetch_block(self, pipeline: Pipeline, block: Block) -> bool:
        name = self._name(pipeline, block)
        content = self.store.read(name)
        if content is None or not is_whole(content):
            self.store.remove([name])
            return False
        unpack(content, pipeline.folder.blocks, block)
        return True

    def _missing(self, pipeline: Pipeline, blocks: list[Block]) -> list[Block]:
        there = self.store.names(_folder(run_key(pipeline.manifest)))
        return [block for block in blocks if self._name(pipeline, block) not in there]

    def _name(self, pipeline: Pipeline, block: Block) -> str:
        return _object(run_key(pipeline.manifest), block)

    def named(self) -> AbstractContextManager[None]:
        """Let messages name the URL, not the temporary folder."""
        return named(self.store, self.local.path)


@contextmanager
def named(store: ObjectStore, folder: Path) -> Iterator[None]:
    """Let messages name the URL of `store` in place of the temporary `folder`."""
    try:
        yield
    except SimError as error:
        error.message = error.message.replace(str(folder), store.url)
        error.args = (error.message, *error.args[1:])
        raise


def require_complete(folder: StoredFolder) -> RunFolder:
    """The complete run of an object store, fetched; raises StorageError where there is none."""
    folder.fetch()
    with folder.named():
        if not folder.local.manifest():
            raise StorageError(f"{folder.store.url} holds no run (there is no {MANIFEST})")
        return folder.local.require_complete()


def _folder(key: str) -> str:
    return f"{BLOCKS}/{key[:16]}"


def _object(key: str, block: Block) -> str:
    return f"{_folder(key)}/{block.folder}{SUFFIX}"
