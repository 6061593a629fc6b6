"""The Python side of the program: `sim.run`, `sim.load_run`, and what they return."""

import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from reports.plots import Plots
from sim.backends.base import Backend
from sim.backends.local import LocalBackend
from sim.errors import LocalError, UsageError
from sim.runs import runner
from sim.runs.folder import RunFolder
from sim.runs.manifest import manifest
from sim.runs.merge import CURVES, REPLICATIONS
from sim.scenario import Scenario, load

if TYPE_CHECKING:
    from reports.checks import Verdict

RUNS = Path("runs")


@dataclass(frozen=True)
class Run(Plots):
    """A complete run; its tables are polars frames, read when first asked for, its `plot_…` methods draw."""

    path: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """`manifest.json`."""
        return RunFolder(self.path).manifest()

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario that was run, every default filled in."""
        return load(self.path / "scenario.yaml")

    @cached_property
    def replications(self) -> pl.DataFrame:
        """One row a policy and replication."""
        return self._read(REPLICATIONS)

    @cached_property
    def curves(self) -> pl.DataFrame:
        """One row a policy, replication and point in time."""
        return self._read(CURVES)

    @cached_property
    def summary(self) -> pl.DataFrame:
        """One row a policy: means with 95 % intervals, quantiles, shares."""
        return self._read("summary.parquet")

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """One row a pair of policies: paired difference of regret, interval, p-values."""
        return self._read("pairs.parquet")

    def table(self, name: str) -> pl.DataFrame:
        """Another table of the run, such as `allocation` or `ranks`: docs/data-dictionary.md lists all."""
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise LocalError(f"{self.path} holds no table {name!r}")
        return self._read(path.name)

    @cached_property
    def checks(self) -> "list[Verdict]":
        """The verdicts on the scenario's checks."""
        from reports.checks import judge  # noqa: PLC0415

        return judge(self.scenario.checks, self.replications)

    def stats(self, policy: str, replication: int) -> pl.DataFrame:
        """The rows of caption_bandit_stats at the end of a replication; raises LocalError where none were recorded."""
        return self._log("stats", policy, replication)

    def sends(self, policy: str, replication: int) -> pl.DataFrame:
        """The send log of one replication; raises LocalError where none was recorded."""
        return self._log("sends", policy, replication)

    def report(self, baseline: str | None = None, metric: str = "regret") -> Path:
        """Write report.html, report.md and figures/; returns the path of report.html.

        `baseline` is the policy that others are compared with (by default the deployed rule, else the first), `metric`
        what policies are judged by: regret, reward or revenue_usd. Raises UsageError where the run has no such thing.
        """
        from reports.report import write_report  # noqa: PLC0415

        return write_report(self, baseline, metric)

    def _read(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.path / name, glob=False, hive_partitioning=False)

    def _log(self, kind: str, policy: str, replication: int) -> pl.DataFrame:
        path = RunFolder(self.path).log(kind, policy, replication)
        if not path.is_file():
            raise LocalError(
                f"{self.path} holds no {kind} of policy {policy!r}, replication {replication}{_kept(path.parent)}",
                f"The scenario's record.{kind} decides what is kept.",
            )
        return pl.read_parquet(path, glob=False, hive_partitioning=False)


def run(
    scenario: "str | Path | Mapping[str, Any] | Scenario",
    out: str | Path | None = None,
    workers: int = 1,
    *,
    overrides: Iterable[str] = (),
    resume: bool = False,
    fresh: bool = False,
    report: bool = True,
    backend: Backend | None = None,
    progress: runner.Progress | None = None,
) -> Run:
    """Simulate a scenario into a run folder.

    Args:
        scenario: a path, the name of a shipped scenario, YAML text, or a mapping.
        out: the run folder; `runs/<name>` by default.
        workers: processes; 1 means this one. Results do not depend on it.
        overrides: `KEY.PATH=VALUE`, as `--set`.
        resume: continue the same run where it stopped (or start it).
        fresh: replace a run that is there.
        report: whether to write the report too.
        backend: where to simulate; by default `workers` processes of this machine.
        progress: told (done, all) whenever replications of a policy are done.

    Raises:
        UsageError: a bad scenario (ScenarioError), or another run is in the folder.
        LocalError: files cannot be read or written, or another program is writing there.
    """
    if resume and fresh:
        raise UsageError("resume and fresh exclude each other")
    if not isinstance(workers, int) or workers < 1:
        raise UsageError(f"workers must be a whole number of at least 1, got {workers!r}")
    if out is not None and not isinstance(out, str | Path):
        raise UsageError(f"out must be the path of a folder, got {out!r}")
    loaded = load(scenario, overrides)
    loaded.require_files()
    folder = RunFolder(Path(out) if out is not None else RUNS / loaded.name)
    with folder.locked():
        described = manifest(loaded)
        folder.require_free(described, resume=resume, fresh=fresh)
        if fresh or not folder.complete:
            with runner.keeping_finished_blocks(loaded, folder):
                folder.begin(described, loaded.to_yaml(), fresh=fresh)
                _complete(loaded, folder, backend or LocalBackend(workers), progress or _silent)
        done = Run(folder.path)
        if report:
            done.report()
    return done


def load_run(folder: str | Path) -> Run:
    """Open a complete run; raises LocalError when there is none."""
    return Run(RunFolder(Path(folder)).require_complete().path)


def _kept(folder: Path) -> str:
    """Which replications of a policy were recorded, in words."""
    kept = sorted(int(path.stem.removeprefix("replication=")) for path in folder.glob("replication=*.parquet"))
    if not kept:
        return ""
    return f"; it holds {'only' if len(kept) == 1 else 'those from'} {kept[0]}{f' to {kept[-1]}' if kept[1:] else ''}"


def _silent(done: int, total: int) -> None:
    pass


def _complete(scenario: Scenario, folder: RunFolder, backend: Backend, progress: runner.Progress) -> None:
    from reports.tables.derived import write_summary  # noqa: PLC0415

    began = time.perf_counter()
    runner.simulate_missing(scenario, folder, backend, progress)
    runner.merge(scenario, folder)
    write_summary(folder.path, scenario)
    folder.write_manifest({**folder.manifest(), "status": "complete", "seconds": round(time.perf_counter() - began, 3)})
    shutil.rmtree(folder.blocks, ignore_errors=True)
