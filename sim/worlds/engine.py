"""Simulate a block of replications: between two events of its calendar the world advances all rows.

The number of events grows with the points of the curve and the changes of the world, never with pulls or fans.
"""

import math
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from sim.calendar import observation_points, world_changes
from sim.calendar.base import build
from sim.kernels import compiling_rule
from sim.scenario import PolicySpec, Scenario
from sim.units import DAY_US
from sim.worlds.base import CaptionCounts, Counts, Floats, PageTotals, SendLog, Totals, World, WorldFactory
from sim.worlds.metrics.loop import LoopMetrics
from sim.worlds.metrics.observation import LockOuts, Observations, Observer, watched_points

TICKS = DAY_US  # in a day or pull


@dataclass(frozen=True)
class BlockResult:
    """What one policy did in one block of replications; R is their number, P the number of curve points.

    `stats` and `sends` hold one entry per recorded replication of the block, `stats_of` and `sends_of` say which.
    """

    policy: str
    replications: range
    totals: Totals
    pages: PageTotals
    lock_outs: LockOuts
    observations: Observations
    loop: LoopMetrics
    at: Floats
    """(P,): pulls or days, the horizon last."""
    regret: Floats
    """(P, R): cumulative."""
    reward: Floats
    """(P, R): cumulative."""
    revenue_micros: Counts
    """(P, R): cumulative, in millionths of a dollar."""
    stats: list[CaptionCounts]
    stats_of: list[int]
    sends: list[SendLog]
    sends_of: list[int]

    @property
    def locked_out(self) -> NDArray[np.bool_]:
        """(R,): locked out at the end, on the page or on at least half of many pages."""
        return self.lock_outs.now

    @property
    def locked_out_pages(self) -> Floats:
        """(R,): share of pages whose best arm ended with probability exactly 0."""
        return self.lock_outs.pages


class Curve:
    """Regret, reward and revenue of all replications at the curve's points."""

    def __init__(self, at: Floats, observer: Observer | None = None) -> None:
        self.at = at
        self.regret: list[Floats] = []
        self.reward: list[Floats] = []
        self.revenue_micros: list[Counts] = []
        self._observer = observer

    def record(self, at: float, totals: Totals) -> None:
        """Append the point `at`, and let the observer look."""
        self.regret.append(totals.regret)
        self.reward.append(totals.reward)
        self.revenue_micros.append(totals.revenue_micros)
        if self._observer is not None:
            self._observer.record(at, totals)


def simulate(scenario: Scenario, spec: PolicySpec, replications: range) -> BlockResult:
    """Run one policy over a block of replications, given by their numbers in the run.

    Results depend on (scenario, policy, replication) alone, not on how replications are split into blocks.
    """
    world = build_world(scenario, spec, replications)
    at = curve_points(scenario)
    watched = watched_points(at, pulls=scenario.horizon.pulls is not None)
    observer = Observer(world, watched)
    curve = Curve(at, observer)
    with compiling_rule(spec.name):
        world.simulate_through(at, watched)
        run(world, curve)
    stats_of = recorded(scenario.record.stats, scenario.replications, replications)
    sends_of = list(replications) if scenario.record.sends else []
    sends = [(number, world.sends(number - replications.start)) for number in sends_of]
    kept = [(number, log) for number, log in sends if log is not None]
    loop = world.loop()
    return BlockResult(
        policy=spec.name,
        replications=replications,
        totals=world.totals(),
        pages=world.page_totals(),
        lock_outs=observer.lock_outs(),
        observations=observer.observations(loop.weeks),
        loop=loop,
        at=at,
        regret=np.array(curve.regret),
        reward=np.array(curve.reward),
        revenue_micros=np.array(curve.revenue_micros),
        stats=[world.counts(number - replications.start) for number in stats_of],
        stats_of=stats_of,
        sends=[log for _, log in kept],
        sends_of=[number for number, _ in kept],
    )


def build_world(scenario: Scenario, spec: PolicySpec, replications: range) -> World:
    """The scenario's world at time zero; its module is imported only now."""
    module, _, name = scenario.world_kind.engine.partition(":")
    factory: WorldFactory = getattr(import_module(module), name)
    return factory(scenario, spec, replications)


def curve_points(scenario: Scenario) -> Floats:
    """Times at which curves are recorded: log-spaced whole pulls, or evenly spaced days; the horizon is the last."""
    points, pulls, days = scenario.record.curve_points, scenario.horizon.pulls, scenario.horizon.days
    if pulls is None:
        return np.linspace(0.0, float(days or 0), points + 1)[1:]
    return np.unique(np.append(np.geomspace(1, pulls, points).round(), pulls))


def recorded(stats: str, total: int, replications: range) -> list[int]:
    """The replications of this block whose caption statistics are kept under `record.stats`."""
    wanted = {"all": range(total), "last": range(total - 1, total), "none": range(0)}[stats]
    return [number for number in replications if number in wanted]


def run(world: World, curve: Curve) -> None:
    """Carry `world` to its horizon, applying its changes and recording `curve` on the way, changes first."""
    changes = list(world.changes())
    processes = [
        partial(world_changes.changes, times=[ticks(at) for at, _ in changes]),
        partial(observation_points.observations, times=[ticks(at) for at in curve.at]),
    ]
    calendar = build(processes, ticks(curve.at[-1]))
    for changed, number in zip(calendar.of(world_changes.CHANGE), calendar.value.astype(int), strict=True):
        at = changes[number][0] if changed else curve.at[number]
        world.advance(at)
        if changed:
            changes[number][1]()
        else:
            curve.record(at, world.totals())


def ticks(at: float) -> int:
    """A time in pulls or days as whole ticks; raises ValueError for one that is not finite."""
    if not math.isfinite(at):
        raise ValueError(f"{at} is no time")
    return round(float(at) * TICKS)
