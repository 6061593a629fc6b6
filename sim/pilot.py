"""A pilot: the first replications of a scenario, simulated for their spread; and what its traffic is like in the field.

Replications depend on (scenario, policy, replication) alone: a pilot's are those that a run would have.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

import numpy as np

from reports.decision.unlucky import Unlucky, read_unlucky
from reports.estimators.power import FieldTraffic, design_effect
from sim.backends.local import LocalBackend
from sim.runs import runner
from sim.runs.unlucky import unlucky_tables
from sim.runs.workload import workload
from sim.scenario import PolicySpec, Record, Scenario
from sim.worlds.table.source import counts_of

if TYPE_CHECKING:
    import polars as pl

    from sim.scenario import BernoulliSection, TableSection
    from sim.worlds.base import Floats, SendLog

PILOT_SECONDS = 20.0  # of estimated work, in all
FEWEST, MOST = 10, 100  # replications of a pilot whose size is not given
UNLUCKY = 200  # unlucky replications beside a pilot
LOGGED_SENDS = 1_000_000
LOGGED_REPLICATIONS = 20


def pilot_size(scenario: Scenario, policies: int, workers: int) -> int:
    """Replications of a pilot: some seconds' work by estimate, within `FEWEST` and `MOST`."""
    each = workload(scenario).seconds * policies / max(1, workers)
    return int(min(MOST, max(FEWEST, PILOT_SECONDS / max(each, 1e-9))))


def simulate_pilot(
    scenario: Scenario,
    names: Sequence[str],
    replications: int,
    workers: int,
    progress: runner.Progress = runner.no_progress,
) -> "pl.DataFrame":
    """The rows of replications.parquet of the first `replications` of the policies named; writes no file."""
    import polars as pl  # noqa: PLC0415 - slow to import

    smaller = scenario.model_copy(
        update={
            "replications": replications,
            "policies": tuple(spec for spec in scenario.policies if spec.name in names),
            "record": Record(curve_points=2, stats="none"),
            "checks": (),
        }
    )
    rows = runner.simulate_replications(smaller, LocalBackend(workers), progress)
    return cast("pl.DataFrame", pl.from_arrow(rows))


def unlucky_pilot(scenario: Scenario, names: Sequence[str], replications: int) -> "Unlucky | None":
    """Unlucky replications beside a pilot, as many as the scenario asks for or `UNLUCKY`; None where there are none."""
    import polars as pl  # noqa: PLC0415

    if not scenario.world.can_be_unlucky:
        return None
    world = scenario.world.model_copy(update={"unlucky": scenario.world.unlucky_wanted or UNLUCKY})
    specs = tuple(spec for spec in scenario.policies if spec.name in names)
    smaller = scenario.model_copy(update={"replications": replications, "policies": specs, "world": world})
    tables = {name: cast("pl.DataFrame", pl.from_arrow(table)) for name, table in unlucky_tables(smaller).items()}
    return read_unlucky(lambda name: tables.get(f"{name}.parquet"))


def traffic(scenario: Scenario, spec: PolicySpec) -> FieldTraffic:
    """What the scenario says about the field; its traffic world is simulated a few times under `spec`.

    Its rate may be 0 or 1. Raises StorageError where a table world's file cannot be read.
    """
    module, _, name = scenario.world_kind.field.partition(":")
    measured: FieldTraffic = getattr(import_module(module), name)(scenario, spec)
    return measured


def textbook(scenario: Scenario, spec: PolicySpec) -> FieldTraffic:  # noqa: ARG001 - all worlds have the same signature
    """Of a bernoulli world: one fan per pull."""
    world = cast("BernoulliSection", scenario.world)
    if world.means is not None:
        return FieldTraffic(float(np.mean(world.means)), 1.0, np.nan, 1.0, "the mean of the scenario's rates")
    a, b = world.prior.beta if world.prior is not None else (1.0, 1.0)
    return FieldTraffic(a / (a + b), 1.0, np.nan, 1.0, "the mean of the scenario's prior")


def counted(scenario: Scenario, spec: PolicySpec) -> FieldTraffic:  # noqa: ARG001
    """Of a table world: the rate of the whole file."""
    world = cast("TableSection", scenario.world)
    file = counts_of(world)
    rate = int(file.successes.sum()) / max(1, int(file.trials.sum()))
    sends = float(len(file.page_names) * world.sends_per_day)
    return FieldTraffic(rate, float(world.fans_per_send), sends, 1.0, "successes per trial in the scenario's file")


def simulated(scenario: Scenario, spec: PolicySpec) -> FieldTraffic:
    """Of a traffic world: a few replications under `spec`."""
    from sim.worlds.engine import simulate  # noqa: PLC0415 - imports the worlds

    count = int(min(LOGGED_REPLICATIONS, max(1, LOGGED_SENDS // max(1.0, workload(scenario).pulls))))
    logged = scenario.model_copy(update={"record": Record(curve_points=2, stats="none", sends=True)})
    logs = [log for number in range(count) for log in simulate(logged, spec, range(number, number + 1)).sends]
    return _of_logs(logs, scenario.horizon.length, f"purchases per recipient of priced messages under {spec.name}")


def _of_logs(logs: "Sequence[SendLog]", days: float, source: str) -> FieldTraffic:
    """Priced messages only: the others sell nothing."""
    priced = [np.isfinite(log.price) for log in logs]
    sent = _joined([log.sent_count[kept] for log, kept in zip(logs, priced, strict=True)])
    purchased = _joined([log.purchased_count[kept] for log, kept in zip(logs, priced, strict=True)])
    # The n-th page of another replication is another page.
    page = _joined([log.page[kept] + i * 1_000_000 for i, (log, kept) in enumerate(zip(logs, priced, strict=True))])
    rate = float(purchased.sum() / max(1.0, sent.sum()))
    effect = design_effect(purchased, sent, page.astype(np.int64))
    return FieldTraffic(rate, float(sent.mean()), len(sent) / (len(logs) * days), effect, source)


def _joined(parts: "Sequence[np.ndarray[tuple[int], np.dtype[np.generic]]]") -> "Floats":
    return np.concatenate([part.astype(np.float64) for part in parts])
