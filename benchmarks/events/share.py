"""SimPy's own share of the time: what passes on the clock outside the world's work and its records.

The engine runs as always, but on a world and a curve that time every call into them. What is left of the clock's time
is SimPy, our few lines around it, and the meter itself: an upper bound. It is held against the whole of `simulate`.
"""

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

from benchmarks.limit.timing import timed
from sim.scenario import PolicySpec, Scenario
from sim.worlds.base import Totals, World
from sim.worlds.engine import Curve, build_world, curve_points, run, simulate
from sim.worlds.metrics.observation import Observer, watched_points

BAR = 0.05

Result = TypeVar("Result")


class Share(NamedTuple):
    """Medians over the rounds, CPU seconds of a block of a policy."""

    policy: str
    clock: float
    """SimPy's own, at most."""
    whole: float
    share: float


class MeteredWorld:
    """A world whose work is timed, as far as the clock calls for it."""

    def __init__(self, world: World) -> None:
        self._world, self.horizon, self.pages, self.seconds = world, world.horizon, world.pages, 0.0

    def advance(self, until: float) -> None:
        """Simulate up to `until`."""
        self.metered(lambda: self._world.advance(until))

    def totals(self) -> Totals:
        """Sums from time zero."""
        return self.metered(self._world.totals)

    def changes(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """The world's changes, timed as they are made and as they are applied."""
        changes = iter(self._world.changes())
        while True:
            change = self.metered(lambda: next(changes, None))
            if change is None:
                return
            at, apply = change
            yield at, partial(self.metered, apply)

    def metered(self, work: Callable[[], Result]) -> Result:
        """Do some work on this world's bill."""
        seconds, result = timed(work)
        self.seconds += seconds
        return result


class MeteredCurve(Curve):
    """A curve whose recording is on its world's bill."""

    def __init__(self, scenario: Scenario, world: World, metered: MeteredWorld) -> None:
        at = curve_points(scenario)
        super().__init__(at, Observer(world, watched_points(at, pulls=scenario.horizon.pulls is not None)))
        self._metered = metered

    def record(self, at: float, totals: Totals) -> None:
        """Append the point `at`."""
        self._metered.metered(lambda: super(MeteredCurve, self).record(at, totals))


def measure(scenario: Scenario, replications: int, rounds: int) -> list[Share]:
    """Every policy of the scenario, one block of `replications`."""
    return [_share(scenario, spec, range(replications), rounds) for spec in scenario.policies]


def _share(scenario: Scenario, spec: PolicySpec, block: range, rounds: int) -> Share:
    simulate(scenario, spec, block)  # compiles
    found = []
    for _ in range(rounds):
        whole, _ = timed(lambda: simulate(scenario, spec, block))
        found.append((clock_seconds(scenario, spec, block), whole))
    clock, whole = (statistics.median(values) for values in zip(*found, strict=True))
    return Share(spec.name, clock, whole, statistics.median(a / b for a, b in found))


def clock_seconds(scenario: Scenario, spec: PolicySpec, block: range) -> float:
    """CPU seconds that pass on the clock outside the world."""
    world: Any = build_world(scenario, spec, block)
    metered: Any = MeteredWorld(world)
    curve = MeteredCurve(scenario, world, metered)
    seconds, _ = timed(lambda: run(metered, curve))
    return seconds - float(metered.seconds)
