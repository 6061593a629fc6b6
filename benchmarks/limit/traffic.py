"""Traffic at scale against the C kernel of `traffic.c`: the same purchases, dollars and regrets to the last bit."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.limit.report import Figure
from benchmarks.limit.timing import Duel, duel, timed
from benchmarks.limit.traffic_kernel import Problem
from benchmarks.limit.traffic_kernel import simulate as limit
from sim.scenario import Scenario, load
from sim.units import MICROS
from sim.worlds.base import Totals
from sim.worlds.engine import build_world, curve_points, simulate
from sim.worlds.traffic.world import TrafficWorld

Result = NDArray[np.void]


def scenario_of(captions: int = 500, pages: int = 100, days: int = 90, replications: int = 2) -> Scenario:
    """Pages of 2,000 fans that send 20 messages a day; purchases come late, the table is refreshed every 6 hours."""
    return load(
        {
            "version": 1,
            "name": "traffic_limit",
            "seed": 7,
            "replications": replications,
            "horizon": {"days": days},
            "world": {
                "kind": "traffic",
                "pages": pages,
                "audience": {"fixed": 2_000},
                "sends": {"per_day": 20},
                "bank": {"captions": captions},
            },
            "feedback": {"refresh_hours": 6},
            "policies": ["wilson_sample"],
            "record": {"stats": "none"},
        }
    )


def measure(scenario: Scenario, rounds: int) -> Iterator[Figure]:
    """The kernels alone, then all that a block of a run takes: banks built, lock-outs judged, sends tallied."""
    section: Any = scenario.world
    simulate(scenario, scenario.policies[0], range(1))  # compiles
    problem = problem_of(scenario)
    messages = int(limit(problem)["sends"].sum())
    for part, play in (("kernel", kernels), ("whole", wholes)):
        result = play(scenario, problem, rounds)
        name = f"traffic, {section.bank.captions:,} captions, {part}"
        yield Figure(name, "message", result.ours / messages, result.limit / messages, result)


def problem_of(scenario: Scenario) -> Problem:
    """What C needs to know of the scenario."""
    return Problem(scenario, scenario.policies[0], range(scenario.replications), world_of(scenario))


def world_of(scenario: Scenario) -> TrafficWorld:
    """The world of all replications at time zero."""
    world = build_world(scenario, scenario.policies[0], range(scenario.replications))
    assert isinstance(world, TrafficWorld)
    return world


def kernels(scenario: Scenario, problem: Problem, rounds: int) -> Duel:
    """Ours from one point of the curve to the next, as in a run, and C from end to end."""

    def ours() -> tuple[float, TrafficWorld]:
        world = world_of(scenario)
        return timed(lambda: advanced(world, scenario))[0], world

    return duel(ours, lambda: timed(lambda: limit(problem)), rounds, world_agrees)


def advanced(world: TrafficWorld, scenario: Scenario) -> None:
    """Carry a world to its horizon, as the engine does."""
    points = curve_points(scenario)
    world.simulate_through(points, np.zeros(0))
    for at in points:
        world.advance(at)


def wholes(scenario: Scenario, problem: Problem, rounds: int) -> Duel:
    """Ours as the engine simulates a block, and C after the same Python has built pages and banks."""

    def theirs() -> Result:
        world_of(scenario)
        return limit(problem)

    spec, block = scenario.policies[0], range(scenario.replications)
    return duel(
        lambda: timed(lambda: simulate(scenario, spec, block)),
        lambda: timed(theirs),
        rounds,
        lambda mine, c: totals_agree(mine.totals, c),
    )


def growth(few: Scenario, many: Scenario, rounds: int) -> Duel:
    """Ours alone, all that a block takes, with few and with many captions in turn; `ratio`: the time of many over few.

    They agree where both send the same number of messages: then times are compared message by message.
    """

    def messages(scenario: Scenario) -> tuple[float, NDArray[Any]]:
        spec, block = scenario.policies[0], range(scenario.replications)
        return timed(lambda: simulate(scenario, spec, block).totals.pulls)

    return duel(lambda: messages(few), lambda: messages(many), rounds, np.array_equal)


def world_agrees(world: TrafficWorld, c: Result) -> bool:
    """Whether all sums are the same, and purchases went the same ways."""
    flow = world.flow()
    ways = np.array_equal(flow.counted, c["counted"]) and np.array_equal(flow.late, c["late"])
    return ways and np.array_equal(world.unfilled(), c["unfilled"]) and totals_agree(world.totals(), c)


def totals_agree(totals: Totals, c: Result) -> bool:
    """Whether messages, purchases, dollars and both regrets are the same, to the last bit."""
    pairs = (
        (totals.pulls, c["sends"]),
        (totals.reward, c["purchases"]),
        (totals.revenue_micros, c["revenue"] * MICROS),
        (totals.best_pulls, c["best"]),
        (totals.regret, c["regret"]),
        (totals.regret_usd, c["regret_usd"]),
    )
    return all(np.array_equal(ours, theirs) for ours, theirs in pairs)
