"""Read a complete run: its manifest, its scenario, its tables and its logs."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import polars as pl

from sim.errors import StorageError
from sim.files import Unchanged
from sim.runs.columns import require_columns, require_table, simulated_columns
from sim.runs.folders.run_folder import RunFolder
from sim.runs.merge import CURVES, PAGES, REPLICATIONS
from sim.scenario import Scenario, load


@dataclass(frozen=True)
class StoredRun:
    """A complete run. Tables are polars frames; each is read once, when it is first used."""

    path: Path

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a complete run; raises StorageError where there is none."""
        run = cls(Path(folder))
        with run.reading():  # first: what is verified is what is read later
            RunFolder(run.path).require_complete()
        return run

    @cached_property
    def _held(self) -> Unchanged:
        return RunFolder(self.path).held()

    def reading(self) -> AbstractContextManager[None]:
        """For a block that reads tables; raises StorageError where they were replaced since the run was opened."""
        return self._held.reading()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """`manifest.json`."""
        return RunFolder(self.path).manifest()

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario that was run, with every default filled in."""
        with self.reading():
            return load(self.path / "scenario.yaml")

    @cached_property
    def replications(self) -> pl.DataFrame:
        """One row per policy and replication."""
        return self._read(REPLICATIONS)

    @cached_property
    def curves(self) -> pl.DataFrame:
        """One row per policy, replication and point in time."""
        return self._read(CURVES)

    @cached_property
    def pages(self) -> pl.DataFrame:
        """One row per policy, replication and page."""
        return self._read(PAGES)

    @cached_property
    def summary(self) -> pl.DataFrame:
        """One row per policy: means with 95 % intervals, quantiles, shares."""
        return self._read("summary.parquet")

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """One row per pair of policies: paired difference of regret, interval, p-values."""
        return self._read("pairs.parquet")

    def table(self, name: str) -> pl.DataFrame:
        """Another table of the run, such as `allocation` or `ranks`: docs/data-dictionary.md lists all."""
        found = self.optional_table(name)
        if found is None:
            raise StorageError(f"{self.path} holds no table {name!r}")
        return found

    def optional_table(self, name: str) -> pl.DataFrame | None:
        """A table of the run; None where the run has none of that name."""
        path = self.path / f"{name}.parquet"
        return self._read(path.name) if path.is_file() else None

    def stats(self, policy: str, replication: int) -> pl.DataFrame:
        """The rows of caption_bandit_stats at a replication's end; raises StorageError where none were recorded."""
        return self._log("stats", policy, replication)

    def sends(self, policy: str, replication: int) -> pl.DataFrame:
        """The send log of one replication; raises StorageError where none was recorded."""
        return self._log("sends", policy, replication)

    def _read(self, name: str) -> pl.DataFrame:
        path = self.path / name
        with self.reading():
            require_table(path)
            frame = pl.read_parquet(path, hive_partitioning=False, glob=False)
        require_columns(path, frame.columns, simulated_columns().get(name, ()))
        return frame

    def _log(self, kind: str, policy: str, replication: int) -> pl.DataFrame:
        folder = RunFolder(self.path)
        path = folder.log(kind, policy, replication)
        if not path.is_file():
            raise StorageError(
                f"{self.path} holds no {kind} of policy {policy!r}, replication {replication}{_kept(path.parent)}",
                f"The scenario's record.{kind} decides what is kept.",
            )
        with Unchanged([path]).reading():
            return pl.read_parquet(folder.verified_log(kind, policy, replication), hive_partitioning=False, glob=False)


def _kept(folder: Path) -> str:
    """Which replications of a policy were recorded, in words."""
    kept = sorted(int(path.stem.removeprefix("replication=")) for path in folder.glob("replication=*.parquet"))
    if not kept:
        return ""
    return f"; it holds {'only' if len(kept) == 1 else 'those from'} {kept[0]}{f' to {kept[-1]}' if kept[1:] else ''}"
