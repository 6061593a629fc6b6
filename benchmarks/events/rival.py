"""A SimPy process a message against ours: CPU time a message, and whether both simulate the same world."""

import math
import statistics
from typing import NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.events.captions import ArrayTier, ObjectTier, Tier
from benchmarks.events.process_a_send import DAY, Page, make_pages
from benchmarks.limit.timing import timed
from benchmarks.limit.traffic import advanced, scenario_of, world_of
from sim.scenario import Scenario
from sim.worlds.traffic.world import TrafficWorld

BAR = 80.0  # for captions as objects
CONFIDENCE = 0.9999
KINDS: dict[str, type[Tier]] = {"objects": ObjectTier, "arrays": ArrayTier}
MEASURES = ("purchases a message", "regret a message, purchases")

Floats = NDArray[np.float64]


class Difference(NamedTuple):
    """SimPy's mean less ours over replications of the same banks, and its interval."""

    measure: str
    simpy: float
    ours: float
    low: float
    high: float

    @property
    def agrees(self) -> bool:
        """Whether the interval holds zero."""
        return self.low <= 0.0 <= self.high


class Outcome(NamedTuple):
    """SimPy with captions of one kind against ours; seconds are CPU time a message, medians of the rounds."""

    kind: str
    simpy: float
    ours: float
    ratio: float
    """Median over the rounds of SimPy's time over ours."""
    differences: list[Difference]


class Played(NamedTuple):
    """Some replications with SimPy."""

    seconds: float
    """A message."""
    means: Floats
    """(replications, measures)."""


def compare(pages: int, days: int, replications: int, rounds: int) -> list[Outcome]:
    """SimPy on a small part of the traffic scenario, ours on all of it, in turn; then the means on the same part."""
    whole, part = scenario_of(replications=1), scenario_of(pages=pages, days=days, replications=replications)
    world = world_of(part)
    blocks = np.array_split(np.arange(replications), rounds)
    world_of(whole).advance(1.0)  # compiles
    ours: list[float] = []
    played: dict[str, list[Played]] = {kind: [] for kind in KINDS}
    for block in blocks:
        for kind in KINDS:
            played[kind].append(play(part, world, block, kind))
        ours.append(seconds_a_message(whole))
    advanced(world, part)
    return [_outcome(kind, rounds_of_it, ours, world) for kind, rounds_of_it in played.items()]


def play(scenario: Scenario, world: TrafficWorld, replications: NDArray[np.int64], kind: str) -> Played:
    """Some replications with SimPy on the banks of `world`, which is at time zero; pages are made outside the clock."""
    seconds, sends, means = 0.0, 0, []
    until = DAY * int(scenario.horizon.days or 0)
    for number in replications.tolist():
        clock, rng = simpy.Environment(), np.random.default_rng([scenario.seed, 1, number])
        bank, fans = world.bank(number), world.audiences(number).tolist()
        made = make_pages(clock, rng, scenario, bank=bank, fans=fans, kind=KINDS[kind])
        seconds += timed(lambda clock=clock: clock.run(until=until))[0]  # type: ignore[misc]
        sends += sum(page.sends for page in made)
        means.append(_means(made))
    return Played(seconds / sends, np.array(means))


def _means(pages: list[Page]) -> tuple[float, float]:
    sends = sum(page.sends for page in pages)
    return sum(page.purchases for page in pages) / sends, sum(page.regret for page in pages) / sends


def seconds_a_message(scenario: Scenario) -> float:
    """Ours, from one point of the curve to the next, as in a run."""
    world = world_of(scenario)
    seconds, _ = timed(lambda: advanced(world, scenario))
    return seconds / float(world.totals().pulls.sum())


def _outcome(kind: str, played: list[Played], ours: list[float], world: TrafficWorld) -> Outcome:
    theirs = [one.seconds for one in played]
    ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
    found = differences(np.concatenate([one.means for one in played]), world)
    return Outcome(kind, statistics.median(theirs), statistics.median(ours), ratio, found)


def differences(means: Floats, world: TrafficWorld) -> list[Difference]:
    """Student's interval of the paired differences, a measure each: SimPy's `means` (replications, measures) less ours.

    `world` has been carried to the same horizon.
    """
    totals = world.totals()
    ours = np.stack([totals.reward, totals.regret], axis=1) / totals.pulls[:, None]
    gap = means - ours
    reach = stdtrit(len(gap) - 1, 0.5 + 0.5 * CONFIDENCE) * gap.std(axis=0, ddof=1) / math.sqrt(len(gap))
    columns = (means.mean(axis=0), ours.mean(axis=0), gap.mean(axis=0) - reach, gap.mean(axis=0) + reach)
    return [Difference(name, *map(float, line)) for name, line in zip(MEASURES, np.stack(columns, axis=1), strict=True)]
