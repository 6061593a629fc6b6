"""The folder of a sweep: what was swept, and one ordinary run folder per cell.

sweep.json      scenario, digest, keys and values, cells      cells/KEY=VALUE,…/   run folders
sweep.parquet, tables/sweep.csv, sweep.html, sweep.md, figures/   the results, written when all cells are complete
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError, StorageError
from sim.files import make_folder, write_text
from sim.runs.folders.lock import locked
from sim.runs.folders.run_folder import RunFolder
from sim.runs.sweeps.grid import GridCell, Variation, grid
from sim.scenario import Scenario

SWEEP = "sweep.json"
CELLS = "cells"
FORMAT = 1


@dataclass(frozen=True)
class SweepFolder:
    """A folder that holds one sweep."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def cell(self, cell: GridCell) -> Path:
        """The run folder of a cell."""
        return self.path / CELLS / cell.folder

    def locked(self, wait_seconds: float) -> AbstractContextManager[None]:
        """Hold the folder; see `sim.runs.folders.lock.locked`."""
        return locked(self.path, wait_seconds)

    def description(self) -> dict[str, Any]:
        """`sweep.json`, empty where there is none; raises StorageError where it is damaged."""
        try:
            found = json.loads((self.path / SWEEP).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StorageError(f"{self.path / SWEEP} cannot be read: {error}") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise StorageError(f"{self.path / SWEEP} is not a sweep of this version")
        return found

    def begin(self, scenario: Scenario, varied: Sequence[Variation], *, resume: bool) -> None:
        """Write `sweep.json`; the cells of an earlier sweep of the same scenario stay.

        Raises InputError where another sweep, or anything else, is in the folder, or this one and not `resume`.
        """
        there = self.description()
        if there and there["digest"] != scenario.digest:
            raise InputError(f"{self.path} holds a sweep of another scenario", "Choose another --out.")
        if there and not resume:
            raise InputError(f"{self.path} already holds a sweep", "Use --resume to continue it, or another --out.")
        if not there and self.path.is_dir() and any(not each.name.startswith(".") for each in self.path.iterdir()):
            raise InputError(f"{self.path} is not empty and holds no sweep", "Choose another --out.")
        make_folder(self.path)
        write_text(self.path / SWEEP, json.dumps(_described(scenario, varied), indent=2, ensure_ascii=False) + "\n")

    def variations(self) -> list[Variation]:
        """The keys and values of the sweep that is there; raises StorageError where there is none."""
        there = self.description()
        if not there:
            raise StorageError(f"{self.path} holds no sweep (there is no {SWEEP})")
        return [Variation(each["key"], tuple(each["values"]), tuple(each["labels"])) for each in there["vary"]]

    def incomplete(self) -> list[GridCell]:
        """Cells whose run is not complete."""
        return [cell for cell in grid(self.variations()) if not RunFolder(self.cell(cell)).complete]


def _described(scenario: Scenario, varied: Sequence[Variation]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "digest": scenario.digest,
        "vary": [{"key": each.key, "values": list(each.values), "labels": list(each.labels)} for each in varied],
        "cells": [f"{CELLS}/{cell.folder}" for cell in grid(varied)],
    }
