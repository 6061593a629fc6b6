"""The Python side of the program: `sim.run`, `sim.simulate`, `sim.load_run`, and what they return."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from reports.checks import CheckOutcome
from reports.decision.rule import Decision
from reports.decision.text import headline
from reports.decision.who import WhoGains
from reports.plots import PlottedRun
from reports.report_input import report_input
from reports.tables.derived import write_summary
from sim.backends.base import Backend
from sim.backends.registry import as_backend
from sim.errors import InputError
from sim.runs import runner
from sim.runs.delivery import Collected
from sim.runs.folders.exchange import exchange, finish
from sim.runs.folders.run_folder import RunFolder
from sim.runs.folders.temporary import TemporaryRunFolder, remove_abandoned
from sim.runs.prepare import Request
from sim.runs.runner import Pipeline
from sim.runs.shards import LOCK_WAIT_SECONDS, Shard, missing_blocks, simulate_shard
from sim.runs.stores.in_store import StoredFolder, require_complete
from sim.runs.stores.object_store import ObjectStore, is_url
from sim.runs.unlucky import write_unlucky
from sim.scenario import Scenario, load

RUNS = Path("runs")


class Run(PlottedRun):
    """A complete run: its tables are polars frames, its `plot_…` methods draw figures, `report` writes the report."""

    def __repr__(self) -> str:
        return f"Run({self.scenario.name!r}, {str(self.path)!r}: {headline(self.decision)})"

    @cached_property
    def checks(self) -> list[CheckOutcome]:
        """The outcomes of the scenario's checks."""
        return report_input(self).checks

    @cached_property
    def decision(self) -> Decision:
        """Switch, keep or undecided, with the figures it rests on."""
        return report_input(self).decision

    @cached_property
    def who_gains(self) -> WhoGains | None:
        """Who gains from the policy that the decision rests on: pages, histories, classes, tiers, periods."""
        return report_input(self).who_gains

    def report(
        self,
        baseline: str | None = None,
        metric: str | None = None,
        *,
        out: str | Path | None = None,
        title: str | None = None,
        author: str | None = None,
    ) -> Path:
        """Write report.html, report.md and figures/; returns the path of report.html.

        `baseline` is the policy that others are compared with (by default the deployed rule, else the first), `metric`
        what policies are compared by: regret, reward or revenue_usd. Raises InputError where the run has no such thing.
        `out` is another folder to write into, `title` another title, `author` a name below it.
        """
        from reports.report import write_report  # noqa: PLC0415 - matplotlib is slow to import

        return write_report(self, baseline, metric, out=None if out is None else Path(out), title=title, author=author)


def run(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    out: str | Path | None = None,
    workers: int = 1,
    *,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    resume: bool = False,
    fresh: bool = False,
    report: bool = True,
    backend: Backend | Executor | str | None = None,
    collect: bool = False,
    progress: runner.Progress | None = None,
    wait_seconds: float = 0.0,
) -> Run:
    """Simulate a scenario into a run folder.

    Args:
        scenario: a path, the name of a shipped scenario, YAML text, or a mapping.
        out: the run folder; or its URL in an object store, such as s3://bucket/study. None, the default: a temporary
            folder that goes with the run that is returned, so that a cell of a notebook can be run again.
        workers: processes; 1 means a thread of this one. Results do not depend on it.
        overrides: `KEY.PATH=VALUE`, as `--set`, or a mapping such as `{"replications": 500}`.
        resume: continue the same run where it stopped (or start it); more replications are added to those there.
        fresh: replace a run that is there; the old one stays until the new one is complete.
        report: whether to write the report too.
        backend: where to simulate; by default `workers` processes of this machine. A backend, its name ("dask"), or
            any executor of `concurrent.futures`.
        collect: workers return blocks as bytes, because they do not share the run folder.
        progress: called with (done, all) whenever replications of a policy are done.
        wait_seconds: how long to wait for another program that is writing into the folder.

    Raises:
        InputError: a bad scenario (ScenarioError), or another run is in the folder.
        StorageError: files cannot be read or written, or another program is writing there.
    """
    if resume and fresh:
        raise InputError("resume and fresh exclude each other")
    if not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers must be a whole number of at least 1, got {workers!r}")
    if out is not None and not isinstance(out, str | Path):
        raise InputError(f"out must be the path of a folder, got {out!r}")
    used = as_backend(backend, workers)
    loaded = load(scenario, overrides)
    loaded.require_files()
    if out is None:
        return _temporary(loaded, used, collect, progress, report=report)
    if is_url(out):
        done = _run_in_store(loaded, str(out), Shard(0, 1), used, progress, resume=resume, fresh=fresh, report=report)
        assert isinstance(done, Run)  # all shards were made
        return done
    folder = RunFolder(Path(out))
    with folder.locked(wait_seconds):
        finish(folder)
        pipeline = _prepared(Request(loaded, folder, resume, fresh), collect=collect)
        if pipeline is not None:
            with pipeline.keeping_finished_blocks():
                _complete(pipeline, used, progress or runner.no_progress)
            if pipeline.folder != folder:
                exchange(folder)
        done = Run(folder.path)
        if report:
            done.report()
    return done


def simulate(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    workers: int = 1,
    *,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    backend: Backend | Executor | str | None = None,
    progress: runner.Progress | None = None,
) -> Run:
    """Simulate a scenario without a run folder of yours: files are temporary and go with the returned object.

    Arguments and errors are those of `run`.
    """
    return run(
        scenario,
        None,
        workers,
        overrides=overrides,
        report=False,
        backend=backend,
        collect=backend is not None,
        progress=progress,
    )


def run_shard(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    shard: Shard,
    out: str | Path | None = None,
    workers: int = 1,
    *,
    overrides: Iterable[str] | Mapping[str, Any] = (),
    report: bool = True,
    backend: Backend | Executor | str | None = None,
    collect: bool = False,
    progress: runner.Progress | None = None,
) -> Run | int:
    """Simulate one part of a scenario into a run folder that all parts share.

    Returns the complete run when all blocks are there, which then are merged, and else the number of blocks that other
    shards have still to make. A shard may be interrupted and repeated. Arguments and errors are those of `run`.
    """
    loaded = load(scenario, overrides)
    loaded.require_files()
    used = as_backend(backend, workers)
    if is_url(out):
        return _run_in_store(loaded, str(out), shard, used, progress, resume=True, fresh=False, report=report)
    folder = RunFolder(Path(out) if out is not None else RUNS / loaded.name)
    request = Request(loaded, folder, resume=True)
    with folder.locked(LOCK_WAIT_SECONDS):
        finish(folder)
        pipeline = _prepared(request, collect=collect)
        if pipeline is not None:
            pipeline.folder.begin(pipeline.manifest, loaded.to_yaml())
    if pipeline is not None:
        simulate_shard(pipeline, shard, used, progress or runner.no_progress)
        running = pipeline.folder.manifest() == pipeline.manifest  # else another process has merged it meanwhile
        if running and (missing := missing_blocks(pipeline)):
            return missing
    return run(
        loaded,
        folder.path,
        workers,
        resume=True,
        report=report,
        backend=backend,
        collect=collect,
        wait_seconds=LOCK_WAIT_SECONDS,
    )


def _temporary(
    loaded: Scenario, backend: Backend, collect: bool, progress: runner.Progress | None, *, report: bool
) -> Run:
    """A run in a temporary folder, which goes with the object."""
    remove_abandoned()
    folder = TemporaryRunFolder()
    done = run(loaded, folder.path, report=report, backend=backend, collect=collect, progress=progress)
    folder.belongs_to(done)
    return done


def load_run(folder: str | Path) -> Run:
    """Open a complete run, also by its URL in an object store; raises StorageError when there is none."""
    if not is_url(folder):
        return Run.open(folder)
    temporary, place = _stored_folder(str(folder))
    run = Run(require_complete(place).path)
    temporary.belongs_to(run)
    return run


def _stored_folder(url: str) -> tuple[TemporaryRunFolder, StoredFolder]:
    remove_abandoned()
    store = ObjectStore(url.rstrip("/"))
    temporary = TemporaryRunFolder(store.plain_path)
    return temporary, StoredFolder(store, RunFolder(temporary.path))


def _run_in_store(
    scenario: Scenario,
    url: str,
    shard: Shard,
    backend: Backend,
    progress: runner.Progress | None,
    *,
    resume: bool,
    fresh: bool,
    report: bool,
) -> Run | int:
    began = time.perf_counter()
    temporary, place = _stored_folder(url)
    local = place.local
    pipeline = place.prepare(
        lambda: Request(scenario, local, resume, fresh).prepare(write_summary), whole=resume and not fresh
    )
    if pipeline is not None:
        blocks = place.simulate(pipeline, shard, backend, progress or runner.no_progress)
        if isinstance(blocks, int):
            return blocks
        if blocks:  # else another process has merged them meanwhile
            pipeline.folder.begin(pipeline.manifest, scenario.to_yaml())
            _merge(pipeline, blocks, began)
            if pipeline.folder != local:
                exchange(local)
    done = Run(local.path)
    if pipeline is not None and blocks:
        if report:
            done.report()
        place.publish()
    temporary.belongs_to(done)
    return done


def _prepared(request: Request, *, collect: bool) -> Pipeline | None:
    pipeline = request.prepare(write_summary)
    return replace(pipeline, delivery=Collected()) if pipeline is not None and collect else pipeline


def _complete(pipeline: Pipeline, backend: Backend, progress: runner.Progress) -> None:
    began = time.perf_counter()
    pipeline.folder.begin(pipeline.manifest, pipeline.scenario.to_yaml())
    _merge(pipeline, pipeline.simulate_missing(backend, progress), began)


def _merge(pipeline: Pipeline, blocks: runner.Blocks, began: float) -> None:
    logs = pipeline.merge(blocks)
    write_unlucky(pipeline.folder.path, pipeline.scenario)
    write_summary(pipeline.folder.path, pipeline.scenario)
    pipeline.finish(logs, time.perf_counter() - began)
