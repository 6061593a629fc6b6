"""How much work a scenario is, from its numbers alone: the size of blocks, and what `--dry-run` tells.

The costs are rough figures of one core of 2025, those of docs/performance.md; they decide nothing about results.
"""

import math
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    from policies.base import Policy
    from sim.scenario import PolicySpec, Scenario

PULL_NS = 20.0  # a pull without its scores
# In a bernoulli world not every arm is scored at every decision.
TAIL_SHARE = 0.15  # of arms that a `tail_evaluable` policy draws
LEADER_SHARE = 0.3  # of decisions at which a `state_independent_score` policy compares all arms
FAN_NS = 3.0  # a fan's Bernoulli trial
MESSAGE_NS = 450.0  # a message of the traffic world: its fans, its sales, its label
PAGE_NS = 20_000.0  # to make a page
CAPTION_NS = 30.0  # to make a caption of its bank
WEEK_NS = 2.0  # a caption's week: its rate drifts
LOOK_NS = 5.0  # to look, each day, at a caption
LOOK_UP_SECONDS = 1.0  # of the starts of all candidates for unlucky replications
START_SECONDS = 1.0  # of a run beside its replications: starting, tables, summary
REPORT_SECONDS = 2.5
REPORT_SECONDS_PER_POLICY = 0.4
REPORT_SECONDS_PER_ROW = 1e-6  # of curves.parquet
STATS_FILE_SECONDS = 0.0006
CURVE_POINT_BYTES = 17.0
STATS_ROW_BYTES = 75.0
STATS_FILE_BYTES = 5_000.0
SEND_ROW_BYTES = 40.0
# Memory, while a block is simulated and written.
POINT_BYTES = 90.0
SEND_BYTES = 150.0
FLEET_BYTES = 16.0  # of two sums: of a caption over all pages, and of what each page has added to them
# Longer runs are refused.
SECONDS_PER_YEAR = 365.25 * 86_400
MAX_YEARS = 10


@dataclass(frozen=True)
class Workload:
    """One replication of one policy: pulls (or messages), arms of all pages, and processor seconds."""

    pulls: float
    cells: float
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """A whole run: `seconds` are those of its replications with one worker, `unlucky_seconds` of the unlucky ones."""

    pulls: float
    seconds: float
    disk_bytes: float
    unlucky_seconds: float = 0.0

    def wall_seconds(self, workers: int) -> float:
        """With `workers` workers, kernels compiled, the report apart; unlucky replications wait for the others."""
        return START_SECONDS + self.seconds / workers + self.unlucky_seconds


def report_seconds(scenario: "Scenario") -> float:
    """About how long drawing the report takes."""
    rows = len(scenario.policies) * scenario.replications * scenario.record.curve_points
    return REPORT_SECONDS + REPORT_SECONDS_PER_POLICY * len(scenario.policies) + rows * REPORT_SECONDS_PER_ROW


def workload(scenario: "Scenario", kind: str = "wilson_sample") -> Workload:
    """The size of one replication of a policy of `kind`, by default the deployed rule.

    Raises, for a table world, what `read_counts` raises of its file.
    """
    module, _, name = scenario.world_kind.workload.partition(":")
    estimated: Workload = getattr(import_module(module), name)(scenario, kind)
    return estimated


def memory_bytes(scenario: "Scenario") -> float:
    """About what a replication of a policy keeps in memory until it is on disk."""
    size, record = workload(scenario), scenario.record
    points = record.curve_points * POINT_BYTES
    sends = record.sends * size.pulls * SEND_BYTES
    return size.cells * scenario.world_kind.cell_bytes + points + sends + fleet_bytes(scenario)


def fleet_bytes(scenario: "Scenario") -> float:
    """What a replication keeps for policies that read the sums over pages of a shared bank; 0 without one."""
    world: Any = scenario.world
    bank = getattr(world, "bank", None)
    if bank is None or not bank.shared or not any(_policy(spec.kind).reads_fleet for spec in scenario.policies):
        return 0.0
    cells = workload(scenario).cells
    return FLEET_BYTES * cells * (1.0 + 1.0 / int(world.pages))


def estimate(scenario: "Scenario") -> Estimate:
    """The size of the whole run."""
    size = workload(scenario)
    pairs, unlucky = len(scenario.policies) * scenario.replications, scenario.world.unlucky_wanted
    costs = {spec.name: workload(scenario, spec.kind).seconds for spec in scenario.policies}
    each = sum(costs.values())
    early = sum(costs[spec.name] for spec in scenario.policies if can_be_early(spec))
    seconds = scenario.replications * each
    files = {"all": pairs, "last": len(scenario.policies), "none": 0}[scenario.record.stats]
    disk = pairs * scenario.record.curve_points * CURVE_POINT_BYTES
    disk += files * (STATS_FILE_BYTES + min(size.cells, size.pulls) * STATS_ROW_BYTES)
    disk += pairs * size.pulls * SEND_ROW_BYTES * scenario.record.sends
    return Estimate(
        (pairs + len(scenario.policies) * unlucky) * size.pulls,
        seconds + files * STATS_FILE_SECONDS,
        disk,
        unlucky * (each + early) + LOOK_UP_SECONDS * (unlucky > 0),  # early phases cost as much as whole ones
    )


def can_be_early(spec: "PolicySpec") -> bool:
    """Whether the policy can lock out the best arm for ever, by itself: it then has early phases."""
    return _policy(spec.kind).bounded_support and spec.pool is None


def require_feasible(scenario: "Scenario") -> None:
    """Raise InputError where the run would take longer than `MAX_YEARS` of one worker."""
    years = estimate(scenario).seconds / SECONDS_PER_YEAR
    if years > MAX_YEARS:
        message = f"the run would take one worker about {years:,.0f} years; the limit is {MAX_YEARS}"
        raise InputError(message, "Reduce horizon, replications, policies, or what each message costs.")


def bernoulli(scenario: Any, kind: str) -> Workload:
    """One replication of a bernoulli world."""
    pulls, arms = scenario.horizon.pulls, scenario.world.size
    policy = _policy(kind)
    share = TAIL_SHARE if policy.tail_evaluable else LEADER_SHARE if policy.state_independent_score else 1.0
    rows = scenario.world.rows
    return Workload(rows * pulls, rows * arms, 1e-9 * rows * pulls * (PULL_NS + arms * share * policy.score_ns))


def _policy(kind: str) -> "type[Policy]":
    from policies.registry import kinds  # noqa: PLC0415  (imports every policy)

    return kinds()[kind]


def table(scenario: Any, kind: str) -> Workload:
    """One replication of a table world."""
    from sim.worlds.table.source import counts_of  # noqa: PLC0415 - imports NumPy

    world = scenario.world
    counts = counts_of(world)
    pages, rows = len(counts.page_names), len(counts.trials)
    sends = pages * world.sends_per_day * scenario.horizon.days
    scores = sends / pages * rows  # every send of a page looks at all its captions
    return Workload(sends, rows, 1e-9 * (sends * world.fans_per_send * FAN_NS + scores * _policy(kind).score_ns))


def traffic(scenario: Any, kind: str) -> Workload:
    """One replication of a traffic world."""
    world, days = scenario.world, scenario.horizon.days
    arriving = world.turnover.arrivals_per_week * days / 7
    captions = world.bank.captions + arriving
    # Each caption rests after a send, and those that arrive come evenly.
    possible = (world.bank.captions + arriving / 2) * (1 + days / max(scenario.selection.cool_down_days, 1e-3))
    sends = world.pages * min(messages_a_day(world, scenario.selection) * days, possible)
    tried = min(captions, sends / world.pages / 2)
    looks = world.pages * days * _scored_daily(scenario, kind, captions, tried)
    made = world.pages * (PAGE_NS + captions * (CAPTION_NS + WEEK_NS * days / 7))
    nanoseconds = made + sends * MESSAGE_NS + looks * (LOOK_NS + _policy(kind).score_ns)
    return Workload(sends, world.pages * captions, 1e-9 * nanoseconds)


def _scored_daily(scenario: Any, kind: str, captions: float, tried: float) -> float:
    """Captions of a page that a day is asked about: those tried where the others are equals, else all."""
    selection, tiers = scenario.selection, scenario.world.bank.tiers
    if selection.score == "plain" and selection.agency_lock == "none" and _policy(kind).exchangeable_untried:
        return tried
    weights = [getattr(tiers, tier) for tier in type(tiers).model_fields]
    by_hand = selection.bump == "by_hand"
    return captions * (1.0 - tiers.bump / sum(weights)) if by_hand else captions


def messages_a_day(world: Any, selection: Any) -> float:
    """Mean messages of a page and day, as planned."""
    sends = world.sends
    if not selection.scaled:
        return float(sum(selection.quotas.model_dump().values()))
    if sends.per_day is not None:
        return float(sends.per_day)
    least, most = sends.per_day_limits
    means = ((low + high) / 2 for low, high in sends.priced_per_day)
    planned = [max(mean, min(most, max(least, mean / max(1e-9, 1.0 - sends.unpriced_share)))) for mean in means]
    return float(sum(share * each for share, each in zip(_size_shares(world), planned, strict=True)))


def _size_shares(world: Any) -> list[float]:
    """Share of the pages in each size class."""
    below = [0.0, *(_share_below(world.audience, limit) for limit in world.sends.size_limits), 1.0]
    return [high - low for low, high in pairwise(below)]


def _share_below(audience: Any, fans: float) -> float:
    """Share of the pages that have fewer fans, log-linear between the points of the distribution."""
    if audience.fixed is not None:
        return float(audience.fixed < fans)
    for (low, fewest), (high, most) in pairwise(audience.quantiles):
        if fans < most:
            return float(low + (high - low) * max(0.0, math.log(fans / fewest) / math.log(most / fewest)))
    return 1.0
