"""The run folder: what lies where in it, who may write into it, and the manifest that says what is complete.

While a run goes on, finished blocks lie under `.blocks`, the manifest says `running`, and a lock keeps a second
program out. A run that is interrupted, or killed, keeps its finished blocks and can be resumed; one that is
interrupted before its first finished block leaves nothing behind.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError, StorageError
from sim.files import is_whole_parquet, write_text

FORMAT = 1
MANIFEST = "manifest.json"
LOCK = ".lock"
# Everything that a run may have written; `clear` touches nothing else.
OWN_FILES = (
    "scenario.yaml",
    "replications.parquet",
    "curves.parquet",
    "allocation.parquet",
    "exploration.parquet",
    "estimation.parquet",
    "revenue.parquet",
    "revenue_differences.parquet",
    "regret_over_time.parquet",
    "ranks.parquet",
    "beats.parquet",
    "summary.parquet",
    "pairs.parquet",
    "summary.json",
    "report.html",
    "report.md",
)
OWN_FOLDERS = (".blocks", "stats", "sends", "figures", "tables")


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds one run."""

    path: Path

    @property
    def blocks(self) -> Path:
        """Where finished blocks wait to be merged."""
        return self.path / ".blocks"

    def log(self, kind: str, policy: str, replication: int) -> Path:
        """The file of one replication below `stats` or `sends`."""
        return self.path / kind / f"policy={policy}" / f"replication={replication}.parquet"

    def manifest(self) -> dict[str, Any]:
        """The manifest, empty where there is none; raises StorageError when it cannot be read."""
        try:
            text = (self.path / MANIFEST).read_text(encoding="utf-8")
            manifest = json.loads(text)
        except FileNotFoundError:
            return {}
        except ValueError as problem:
            raise StorageError(f"{self.path / MANIFEST} is not JSON: {problem}") from None
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise StorageError(f"{self.path / MANIFEST} is not a manifest that this version can read")
        return manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replace the manifest."""
        write_text(self.path / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")

    @property
    def complete(self) -> bool:
        """Whether the run has ended well."""
        return self.manifest().get("status") == "complete"

    def require_complete(self) -> "RunFolder":
        """Itself; raises StorageError when there is no complete run here, or a table of it is cut short."""
        manifest = self.manifest()
        if not manifest:
            raise StorageError(f"{self.path} holds no run (there is no {MANIFEST})")
        if manifest["status"] != "complete":
            raise StorageError(f"the run in {self.path} is not complete", "Continue it with `run … --resume`.")
        for table in sorted(self.path.glob("*.parquet")):
            _require_whole(table)
        return self

    def require_free(self, manifest: dict[str, Any], *, resume: bool, fresh: bool) -> None:
        """Raise InputError unless the run that `manifest` describes may be written here; writes nothing.

        A run that is there may be replaced (`fresh`), or continued when it is the same (`resume`).
        """
        there = self.manifest()
        if not there:
            self._refuse_strangers()
        elif not fresh and not resume:
            raise InputError(f"{self.path} already holds a run ({there['status']})", self._ways_out(there))
        elif resume:
            _require_same(self.path, there, manifest)

    def begin(self, manifest: dict[str, Any], scenario_yaml: str, *, fresh: bool) -> None:
        """Write scenario and manifest of a run that begins, in place of the one there if `fresh`; else it goes on."""
        if fresh:
            self.clear()
        if not self.manifest():
            write_text(self.path / "scenario.yaml", scenario_yaml)
            self.write_manifest(manifest)

    def _refuse_strangers(self) -> None:
        # Hidden files are our lock, and what file managers leave behind.
        strangers = sorted(item.name for item in self.path.iterdir() if not item.name.startswith("."))
        if strangers:
            raise InputError(
                f"{self.path} is not empty (it holds {strangers[0]}) and holds no run", "Choose another --out."
            )

    def _ways_out(self, there: dict[str, Any]) -> str:
        resume = "" if there["status"] == "complete" else "--resume to continue it, "
        return f"Use {resume}--fresh to replace it, or --out DIR to write elsewhere."

    def clear(self) -> None:
        """Remove what runs write, and nothing else."""
        (self.path / MANIFEST).unlink(missing_ok=True)  # first: a folder without manifest holds no run
        for name in OWN_FILES:
            (self.path / name).unlink(missing_ok=True)
        for name in OWN_FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder, making it where needed, and remove it at the end if it is empty then.

        Raises StorageError when another program holds it. The lock is the operating system's: it ends with its process.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415

        made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK, timeout=0)
            with lock:
                try:
                    yield
                finally:
                    (self.path / LOCK).unlink(missing_ok=True)
        except Timeout:
            raise StorageError(
                f"another run is writing into {self.path}", "Wait for it to end, or choose another --out."
            ) from None
        except (FileExistsError, NotADirectoryError):
            raise StorageError(f"{self.path} is not a folder") from None
        finally:
            if made:
                _remove_if_empty(self.path)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _require_whole(table: Path) -> None:
    """A Parquet file begins and ends with the same four bytes; a copy that broke off lacks the last ones."""
    if not is_whole_parquet(table):
        raise StorageError(
            f"{table}: not a Parquet file", "is the run folder damaged? Run the scenario again with --fresh."
        )


def _require_same(path: Path, there: dict[str, Any], manifest: dict[str, Any]) -> None:
    for key, what in (("digest", "another scenario"), ("version", "another version of this program")):
        if there.get(key) != manifest[key]:
            raise InputError(
                f"{path} holds a run of {what}; it cannot be resumed with this one",
                "Use --fresh to replace it, or --out DIR to write elsewhere.",
            )
