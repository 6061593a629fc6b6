"""The run folder: what lies where in it, and whether it is what the manifest says.

While a run goes on, finished blocks lie in `.blocks` and the manifest says `running`. A complete run's manifest holds
the digest of every file. A run that replaces another one, or adds replications to it, is built beside it, in `.next`,
and then exchanged with it (`sim.runs.folders.exchange`).
"""

import errno
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sim.errors import InputError, StorageError
from sim.files import Unchanged, digest, make_folder, write_bytes, write_text
from sim.runs.folders.lock import locked
from sim.runs.folders.manifest import COMPLETE, Manifest, read, to_text
from sim.runs.folders.source_file import CAPTIONS

MANIFEST = "manifest.json"
SCENARIO = "scenario.yaml"
OBSERVATIONS = "observations.npz"
NEXT, REPLACING, MOVING = ".next", ".replacing", ".moving"
TABLES = (
    "replications.parquet",
    "curves.parquet",
    "pages.parquet",
    "allocation.parquet",
    "exploration.parquet",
    "estimation.parquet",
    "revenue.parquet",
    "weeks.parquet",
)
DERIVED = (
    "revenue_differences.parquet",
    "regret_over_time.parquet",
    "ranks.parquet",
    "beats.parquet",
    "summary.parquet",
    "pairs.parquet",
    "summary.json",
)
UNLUCKY = ("unlucky.parquet", "strata.parquet", "early.parquet")  # of a scenario with `world.unlucky`
INCIDENTS = "incidents.parquet"  # what incidents cost, written by the command of that name
# Everything that a run may have written; `clear` touches nothing else.
OWN_FILES = (SCENARIO, OBSERVATIONS, CAPTIONS, *TABLES, *DERIVED, *UNLUCKY, INCIDENTS, "report.html", "report.md")
LOGS = ("stats", "sends")
OWN_FOLDERS = (".blocks", *LOGS, "figures", "tables")
RESUME = "Run the scenario again with --resume to repair it."


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds one run."""

    path: Path

    @property
    def blocks(self) -> Path:
        """Where finished blocks wait to be merged."""
        return self.path / ".blocks"

    @cached_property
    def next(self) -> "RunFolder":
        """Where the run is built that takes the place of this one."""
        return RunFolder(self.path / NEXT)

    def log(self, kind: str, policy: str, replication: int) -> Path:
        """The file of one replication below `stats` or `sends`."""
        return self.path / kind / f"policy={policy}" / f"replication={replication}.parquet"

    def manifest(self) -> Manifest:
        """The manifest, empty where there is none; raises StorageError when it is damaged or of another format."""
        return read(self.path / MANIFEST)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        write_text(self.path / MANIFEST, to_text(manifest))

    def locked(self, wait_seconds: float = 0.0) -> AbstractContextManager[None]:
        """Hold the folder; see `sim.runs.folders.lock.locked`."""
        return locked(self.path, wait_seconds)

    @property
    def complete(self) -> bool:
        """Whether the run has ended well."""
        return self.manifest().get("status") == COMPLETE

    @property
    def resumable(self) -> bool:
        """Whether finished blocks are kept, here or in the run that is built beside."""
        return any(any(folder.blocks.glob("*/*")) for folder in (self, self.next))

    def require_complete(self) -> "RunFolder":
        """Itself; raises StorageError when there is no complete run here, or a table of it is damaged.

        Logs are as many as replications, so each is verified when it is read: `verified_log`.
        """
        manifest = self.manifest()
        if not manifest:
            raise StorageError(f"{self.path} holds no run (there is no {MANIFEST})", self._exchange_hint())
        if manifest["status"] != COMPLETE:
            raise StorageError(f"the run in {self.path} is not complete", "Continue it with `run … --resume`.")
        damaged = self.damaged(manifest, logs=False)
        if damaged:
            raise self.damage(damaged)
        return self

    def held(self) -> Unchanged:
        """The manifest and the tables, which nobody may replace while a reader of the run needs them."""
        files: dict[str, str] = self.manifest().get("files", {})
        return Unchanged(self.path / name for name in (MANIFEST, *files) if not name.startswith(LOGS))

    def damaged(self, manifest: Manifest, *, logs: bool) -> list[str]:
        """Names of the files that are missing or whose content does not match the manifest."""
        files: dict[str, str] = manifest["files"]
        wanted = (name for name in files if logs or not name.startswith(LOGS))
        return [name for name in wanted if _digest(self.path / name) != files[name]]

    def damage(self, names: list[str]) -> StorageError:
        """The error that names damaged files."""
        more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        what = "is damaged: its content does not match its digest in manifest.json"
        missing = "is missing" if not (self.path / names[0]).exists() else what
        return StorageError(f"{self.path / names[0]}{more} {missing}", RESUME)

    def verified_log(self, kind: str, policy: str, replication: int) -> Path:
        """The path of a log that the run recorded; raises StorageError where it is damaged or missing."""
        path = self.log(kind, policy, replication)
        name = path.relative_to(self.path).as_posix()
        if _digest(path) != self.manifest()["files"].get(name):
            raise self.damage([name])
        return path

    def verified_logs(self, kind: str, policy: str) -> list[Path]:
        """The logs of all recorded replications of a policy; raises StorageError where one is damaged or missing."""
        files: dict[str, str] = self.manifest()["files"]
        names = [name for name in files if name.startswith(f"{kind}/policy={policy}/")]
        if damaged := [name for name in names if _digest(self.path / name) != files[name]]:
            raise self.damage(damaged)
        return sorted(self.path / name for name in names)

    def begin(self, manifest: Manifest, scenario_yaml: str) -> None:
        """Write the manifest and the scenario of a run that begins or goes on; the manifest first, which names the run.

        A death between the two leaves a run that can be resumed: the scenario is then written again.
        """
        make_folder(self.path)
        if self.manifest() != manifest:
            self.write_manifest(manifest)
        text = scenario_yaml.encode()
        if _digest(self.path / SCENARIO) != manifest["files"][SCENARIO]:
            write_bytes(self.path / SCENARIO, text)

    def refuse_strangers(self, scenario_yaml: str) -> None:
        """Raise InputError where a folder without a manifest holds anything but what a run would write there.

        Hidden files are our lock, and what file managers leave behind. A scenario.yaml equal to ours is what a run
        leaves that is stopped early.
        """
        strangers = sorted(item.name for item in self.path.iterdir() if not item.name.startswith("."))
        if strangers == [SCENARIO] and (self.path / SCENARIO).read_bytes() == scenario_yaml.encode():
            return
        if strangers:
            raise InputError(
                f"{self.path} is not empty (it holds {strangers[0]}) and holds no run", "Choose another --out."
            )

    def clear(self) -> None:
        """Remove what runs write, and nothing else."""
        (self.path / MANIFEST).unlink(missing_ok=True)  # first: a folder without manifest holds no run
        for name in OWN_FILES:
            (self.path / name).unlink(missing_ok=True)
        for name in OWN_FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)

    def _exchange_hint(self) -> str:
        if any((self.path / name).exists() for name in (REPLACING, MOVING)):
            return "A new run was about to take its place; run the scenario again with --resume to finish this."
        return ""


def _digest(path: Path) -> str | None:
    try:
        return digest(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP):
            raise
        return None
