"""Compile kernels ahead: into an image, or into a folder that many shards share.

A kernel is compiled by being called: each policy simulates one replication, which is dropped.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim import kernel_cache
from sim.backends.base import Backend

if TYPE_CHECKING:
    from sim.scenario import PolicySpec, Scenario

LOADED_ROWS = 1_000


@dataclass(frozen=True)
class CompileJob:
    """One policy of a scenario; or, without one, the kernels of `seed` and `verify`."""

    scenario: "Scenario | None" = None
    policy: "PolicySpec | None" = None

    def __str__(self) -> str:
        if self.scenario is None or self.policy is None:
            return "seed and verify"
        return f"{self.scenario.name}, {self.policy.name}"


def compile_jobs(scenarios: Sequence["Scenario"], *, loads: bool) -> list[CompileJob]:
    """The jobs of some scenarios, and with `loads` that of `seed` and `verify`."""
    jobs = [CompileJob()] if loads else []
    return jobs + [CompileJob(scenario, policy) for scenario in scenarios for policy in scenario.policies]


def compile_job(job: CompileJob) -> "Counter[str]":
    """Compile the kernels of one job, or load them; returns how many were loaded, saved and lost."""
    before = kernel_cache.kernels.copy()
    if job.scenario is None or job.policy is None:
        _compile_loads()
    else:
        from sim.worlds.engine import simulate  # noqa: PLC0415 - imports the worlds

        simulate(job.scenario.model_copy(update={"replications": 1}), job.policy, range(1))
    return kernel_cache.kernels - before


def compile_all(jobs: Sequence[CompileJob], backend: Backend) -> "Iterator[tuple[CompileJob, Counter[str]]]":
    """Run the jobs; yields each with its counts."""
    return backend.run(jobs, compile_job)


def _compile_loads() -> None:
    from sim.seeding import SeedPlan  # noqa: PLC0415 - only this job needs them
    from sim.seeding.loads import seed_load  # noqa: PLC0415
    from sim.warehouse.base import STATS  # noqa: PLC0415
    from sim.warehouse.load.loading import load  # noqa: PLC0415
    from sim.warehouse.targets import open_target, parse_target  # noqa: PLC0415
    from sim.warehouse.verify.row_scan import scan  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory() as folder,
        open_target(parse_target(f"parquet:{Path(folder) / 'rows'}")) as target,
    ):
        load(target, [seed_load(SeedPlan(rows=LOADED_ROWS))])
        scan(target, STATS, 0, 1.0)
