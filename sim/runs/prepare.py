"""What `run` does in a folder: begin, go on, add replications, repair, replace, or refuse.

    in the folder              neither flag   --resume                          --fresh
    nothing                    begin          begin                             begin
    an unfinished run          refuse         go on, if it is the same          build beside, then exchange
    a complete run             refuse         nothing; add replications; or     build beside, then exchange
                                              repair what is damaged
    a damaged manifest         refuse         refuse                            build beside, then exchange

A run is the same when scenario and code are; the number of replications may rise. A replacement that was interrupted is
continued by --resume with its own scenario.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import InputError, StorageError
from sim.runs.folders.differences import require_same
from sim.runs.folders.exchange import discard
from sim.runs.folders.manifest import BASE, COMPLETE, Manifest, describe
from sim.runs.folders.run_folder import DERIVED, MANIFEST, SCENARIO, RunFolder
from sim.runs.plan import plan
from sim.runs.runner import Pipeline

if TYPE_CHECKING:
    from sim.scenario import Scenario

Summarise = Callable[[Path, "Scenario"], None]
"""Writes the derived tables of a run folder."""


@dataclass(frozen=True)
class Request:
    """A scenario for a folder, and what may be done with a run that is there."""

    scenario: "Scenario"
    folder: RunFolder
    resume: bool = False
    fresh: bool = False

    def prepare(self, summarise: Summarise) -> Pipeline | None:
        """What is left to simulate; None when a complete, intact run is there (after a repair, if need be).

        Raises InputError when another run is in the folder, StorageError when its manifest is damaged. Writes nothing
        then.
        """
        here = describe(self.scenario)
        if self.fresh:
            return self._replace(here)
        if self.resume and (found := self._replacement(here)):
            return found
        there = self.folder.manifest()
        if not there:
            self.folder.refuse_strangers(self.scenario.to_yaml())
            return self._pipeline(here, self.folder)
        if not self.resume:
            raise InputError(f"{self.folder.path} already holds a run ({there['status']})", _ways_out(there))
        require_same(self.folder, there, here, self.scenario)
        return self._resume(there, here, summarise)

    def _replace(self, here: Manifest) -> Pipeline:
        if not (self.folder.path / MANIFEST).exists():
            self.folder.refuse_strangers(self.scenario.to_yaml())
            return self._pipeline(here, self.folder)
        return self._build_beside(here)

    def _resume(self, there: Manifest, here: Manifest, summarise: Summarise) -> Pipeline | None:
        if there["status"] != COMPLETE:
            return self._pipeline(here, self.folder)
        damaged = self.folder.damaged(there, logs=True)
        if there["replications"] < here["replications"]:
            return self._build_beside(here if damaged else {**here, BASE: there["replications"]})
        if not damaged:
            shutil.rmtree(self.folder.blocks, ignore_errors=True)  # of a shard that ended after the merge
            return None
        if not all(name in (*DERIVED, SCENARIO) or name.startswith("tables/") for name in damaged):
            return self._build_beside(here)
        self.folder.begin(there, self.scenario.to_yaml())
        summarise(self.folder.path, self.scenario)
        return None if not self.folder.damaged(there, logs=True) else self._build_beside(here)

    def _replacement(self, here: Manifest) -> Pipeline | None:
        """The run that an interrupted command has begun to build beside, if it is this one."""
        try:
            begun = self.folder.next.manifest()
        except StorageError:
            return None
        base = begun.pop(BASE, 0)
        if begun != here or (base and not self._can_be_base(base)):
            return None
        return self._pipeline({**here, BASE: base} if base else here, self.folder.next)

    def _can_be_base(self, replications: int) -> bool:
        there = self.folder.manifest()
        whole = there.get("status") == COMPLETE and not self.folder.damaged(there, logs=True)
        return whole and bool(there["replications"] == replications)

    def _build_beside(self, here: Manifest) -> Pipeline:
        discard(self.folder)
        return self._pipeline(here, self.folder.next)

    def _pipeline(self, here: Manifest, folder: RunFolder) -> Pipeline:
        base = here.get(BASE, 0)
        return Pipeline(self.scenario, here, plan(self.scenario, base), folder, self.folder if base else None)


def _ways_out(there: Manifest) -> str:
    resume = "" if there["status"] == COMPLETE else "--resume to continue it, "
    return f"Use {resume}--fresh (in Python fresh=True) to replace it, or --out DIR (out=…) to write elsewhere."
