"""How much work a scenario is, from its numbers alone: the size of blocks, and what `--dry-run` tells.

The costs are rough figures of one core of 2025; they decide nothing about results.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.worlds.table_source import Counted

PULL_NS = 25.0  # a pull without its scores
SCORE_NS = 5.0  # one arm's score, of most policies
SCORE_NS_OF_KIND = {  # what is solved or sampled for a score takes longer; unknown kinds count as most
    "bayes_ucb": 300.0,
    "kl_ucb": 100.0,
    "discounted_thompson": 30.0,
    "sliding_window_thompson": 30.0,
    "thompson_beta": 25.0,
    "thompson_empirical_bayes": 25.0,
    "boltzmann": 18.0,
    "exp3": 18.0,
}
FAN_NS = 3.0  # a fan's Bernoulli trial
SEND_NS = 500.0  # a message of the traffic world
STATS_FILE_SECONDS = 0.0006
CURVE_POINT_BYTES = 17.0
STATS_ROW_BYTES = 75.0
STATS_FILE_BYTES = 5_000.0
SEND_ROW_BYTES = 40.0


@dataclass(frozen=True)
class Workload:
    """One replication of one policy: pulls (or messages), arms of all pages, and processor seconds."""

    pulls: float
    cells: float
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """A whole run: what it takes with one worker."""

    pulls: float
    seconds: float
    disk_bytes: float


def workload(scenario: "Scenario", kind: str = "") -> Workload:
    """The size of one replication of a policy of `kind`.

    Raises, for a table world, what `read_counts` raises of its file.
    """
    return _WORKLOADS[scenario.world.kind](scenario, SCORE_NS_OF_KIND.get(kind, SCORE_NS))


def estimate(scenario: "Scenario") -> Estimate:
    """The size of the whole run."""
    size = workload(scenario)
    pairs = len(scenario.policies) * scenario.replications
    seconds = scenario.replications * sum(workload(scenario, spec.kind).seconds for spec in scenario.policies)
    files = {"all": pairs, "last": len(scenario.policies), "none": 0}[scenario.record.stats]
    disk = pairs * scenario.record.curve_points * CURVE_POINT_BYTES
    disk += files * (STATS_FILE_BYTES + min(size.cells, size.pulls) * STATS_ROW_BYTES)
    disk += pairs * size.pulls * SEND_ROW_BYTES * scenario.record.sends
    return Estimate(pairs * size.pulls, seconds + files * STATS_FILE_SECONDS, disk)


def _bernoulli(scenario: Any, score_ns: float) -> Workload:
    pulls, arms = scenario.horizon.pulls, scenario.world.size
    return Workload(pulls, arms, 1e-9 * pulls * (PULL_NS + arms * score_ns))


def _table(scenario: Any, score_ns: float) -> Workload:
    world = scenario.world
    counts = _counts(world)
    pages, rows = len(counts.page_names), len(counts.trials)
    sends = pages * world.sends_per_day * scenario.horizon.days
    scores = sends / pages * rows  # every send of a page looks at all its captions
    return Workload(sends, rows, 1e-9 * (sends * world.fans_per_send * FAN_NS + scores * score_ns))


def _traffic(scenario: Any, score_ns: float) -> Workload:
    world, days = scenario.world, scenario.horizon.days
    quotas = scenario.selection.quotas
    sends_per_day = world.sends.most if scenario.selection.scaled else sum(quotas.model_dump().values())
    captions = world.bank.captions + world.turnover.arrivals_per_week * days / 7
    sends = world.pages * sends_per_day * days
    scores = world.pages * days * captions
    return Workload(sends, world.pages * captions, 1e-9 * (sends * SEND_NS + scores * score_ns))


_WORKLOADS = {"bernoulli": _bernoulli, "table": _table, "traffic": _traffic}


def _counts(world: Any) -> "Counted":
    from sim.worlds.table_source import read_counts  # noqa: PLC0415

    columns = world.columns
    return read_counts(str(world.source), (columns.page, columns.caption, columns.trials, columns.successes))
