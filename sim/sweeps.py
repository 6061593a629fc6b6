"""`sim.sweep`: a scenario over a grid of values, each cell an ordinary run with the same random numbers."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from reports.sweep.cells import CellResult, cell_result, common_unit
from reports.sweep.robustness import Robustness, robustness
from reports.sweep.table import sweep_frame, write_sweep_table
from reports.sweep.text import sweep_headline
from sim.api import RUNS, Run, run, run_shard
from sim.backends.base import Backend
from sim.backends.registry import as_backend, kept
from sim.errors import InputError, ScenarioError, StorageError
from sim.runs import runner
from sim.runs.plan import plan
from sim.runs.shards import LOCK_WAIT_SECONDS, Shard
from sim.runs.stores.object_store import ObjectStore, is_url
from sim.runs.sweeps.folder import SweepFolder
from sim.runs.sweeps.grid import GridCell, Variation, grid, variations
from sim.runs.sweeps.in_store import StoredSweep
from sim.scenario import Scenario, load

if TYPE_CHECKING:
    import polars as pl

CellTask = tuple[GridCell, Scenario]


@dataclass(frozen=True)
class Sweep:
    """A complete sweep: its cells, its table, its decision over all cells."""

    path: Path
    baseline: str | None = None

    @classmethod
    def open(cls, folder: str | Path, baseline: str | None = None) -> Self:
        """Open a complete sweep, also by its URL; raises StorageError where there is none, or where cells are missing.

        A sweep in an object store is fetched into a temporary folder, which goes with the object.
        """
        return cls._of(_place(folder), baseline)

    @classmethod
    def _of(cls, place: SweepFolder | StoredSweep, baseline: str | None) -> Self:
        missing = place.incomplete()
        if missing:
            raise StorageError(
                f"{len(missing):,} cells of the sweep in {place} are not complete",
                "Continue it with `sweep … --resume`.",
            )
        if isinstance(place, SweepFolder):
            return cls(place.path, baseline)
        place.fetch()
        found = cls(place.local.path, baseline)
        place.temporary.belongs_to(found)
        return found

    @cached_property
    def grid(self) -> list[GridCell]:
        """Every combination of values."""
        return grid(SweepFolder(self.path).variations())

    @cached_property
    def runs(self) -> dict[str, Run]:
        """The run of each cell, by the cell's name."""
        return {cell.name: Run.open(SweepFolder(self.path).cell(cell)) for cell in self.grid}

    @cached_property
    def cells(self) -> list[CellResult]:
        """The decision of each cell, in the order of the grid."""
        found = [cell_result(cell.labels, self.runs[cell.name], self.baseline) for cell in self.grid]
        common_unit(found)
        return found

    @cached_property
    def table(self) -> "pl.DataFrame":
        """One row per cell and policy."""
        return sweep_frame(self.cells)

    @cached_property
    def decision(self) -> Robustness:
        """The most frequent decision, and how robust it is over the cells."""
        return robustness(self.cells)

    def report(self) -> Path:
        """Write sweep.html, sweep.md and figures/; returns the path of sweep.html."""
        from reports.sweep.report import write_sweep_report  # noqa: PLC0415 - matplotlib is slow to import

        scenario = str(SweepFolder(self.path).description()["scenario"])
        return write_sweep_report(self.path, scenario, self.cells, self.decision)

    def __repr__(self) -> str:
        return f"Sweep({str(self.path)!r}: {sweep_headline(self.decision)})"


def sweep(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    vary: Mapping[str, Any] | Iterable[str],
    out: str | Path | None = None,
    workers: int = 1,
    *,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    baseline: str | None = None,
    resume: bool = False,
    report: bool = True,
    backend: Backend | Executor | str | None = None,
    collect: bool = False,
    progress: runner.Progress | None = None,
) -> Sweep:
    """Run a scenario once per combination of values; every cell is an ordinary run folder below `cells/`.

    All cells have the scenario's seed, so that they differ by what is varied and not by luck.

    Args:
        scenario: a path, the name of a shipped scenario, YAML text, or a mapping.
        vary: values by key, such as `{"horizon.days": [30, 90]}`; a mapping of labels to values names the values.
            Or words as of `--vary`, such as `["cool_down"]`.
        out: the folder of the sweep, or its URL in an object store; `runs/<name>-sweep` by default.
        baseline: the policy that others are compared with; by default the deployed rule, else the first.
        resume: keep complete cells and finished blocks of the same sweep; the grid may have grown.
        workers, overrides, report, backend, collect, progress: as of `sim.run`.

    Raises:
        InputError: a bad scenario in any cell, a bad grid, or another sweep in the folder. Nothing is simulated then.
        StorageError: files cannot be read or written.
    """
    base, varied = load(scenario, overrides), variations(vary)
    tasks = cell_scenarios(base, varied)
    place = _place(out if out is not None else RUNS / f"{base.name}-sweep")
    place.begin(base, varied, resume=resume)
    tell = _Total(tasks, progress or runner.no_progress)
    with kept(as_backend(backend, workers)) as used:
        for cell, loaded in tasks:
            run(
                loaded,
                place.cell(cell),
                resume=True,
                report=False,
                backend=used,
                collect=collect,
                progress=tell.cell,
            )
            tell.next_cell()
    return _complete(place, baseline, report=report)


def sweep_shard(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    vary: Mapping[str, Any] | Iterable[str],
    shard: Shard,
    out: str | Path | None = None,
    workers: int = 1,
    *,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    baseline: str | None = None,
    report: bool = True,
    backend: Backend | Executor | str | None = None,
    collect: bool = False,
    progress: runner.Progress | None = None,
) -> Sweep | int:
    """Make one part of the blocks of every cell, in a folder that all parts share.

    Returns the complete sweep when all cells are there, and else how many cells other shards have still to finish.
    Arguments and errors are those of `sweep`.
    """
    base, varied = load(scenario, overrides), variations(vary)
    tasks = cell_scenarios(base, varied)
    place = _place(out if out is not None else RUNS / f"{base.name}-sweep")
    with place.locked(LOCK_WAIT_SECONDS):
        place.begin(base, varied, resume=True)
    tell = _Total(tasks, progress or runner.no_progress)
    with kept(as_backend(backend, workers)) as used:
        for cell, loaded in tasks:
            run_shard(loaded, shard, place.cell(cell), report=False, backend=used, collect=collect, progress=tell.cell)
            tell.next_cell()
    missing = len(place.incomplete())
    return missing or _complete(place, baseline, report=report)


def _complete(place: SweepFolder | StoredSweep, baseline: str | None, *, report: bool) -> Sweep:
    """Write the results of a sweep whose cells are all complete; raises StorageError where some are not."""
    done = Sweep._of(place, baseline)
    write_sweep_table(done.path, done.cells)
    if report:
        done.report()
    if isinstance(place, StoredSweep):
        place.publish()
    return done


def _place(folder: str | Path) -> SweepFolder | StoredSweep:
    """The folder of a sweep, on this machine or in an object store."""
    return StoredSweep(ObjectStore(str(folder).rstrip("/"))) if is_url(folder) else SweepFolder(Path(folder))


def cell_scenarios(base: Scenario, varied: Sequence[Variation]) -> list[CellTask]:
    """Every cell with its scenario; raises InputError, with the cell's name, for one that is invalid."""
    return [(cell, _loaded(base, cell)) for cell in grid(varied)]


def _loaded(base: Scenario, cell: GridCell) -> Scenario:
    try:
        loaded = load(base, cell.overrides)
    except ScenarioError as error:
        raise InputError(f"cell {cell.name}: {error}") from error
    loaded.require_files()
    return loaded


class _Total:
    """Progress over all cells, from that of one cell after the other."""

    def __init__(self, tasks: Sequence[CellTask], tell: runner.Progress) -> None:
        self.sizes = [plan(scenario).replications for _, scenario in tasks]
        self.tell, self.place = tell, 0

    def cell(self, done: int, _: int) -> None:
        """Progress of the present cell."""
        self.tell(sum(self.sizes[: self.place]) + done, sum(self.sizes))

    def next_cell(self) -> None:
        """The present cell is complete."""
        self.place += 1
        self.tell(sum(self.sizes[: self.place]), sum(self.sizes))
