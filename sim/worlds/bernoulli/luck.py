"""Replications with an unlucky start, in which a policy is likely to be locked out, found without simulating them.

A policy that learns gives up the best arm where that arm disappoints early. The k-th outcome of an arm is a function of
(seed, replication, arm, k), no matter which policy asks for it, so the start of a replication can be looked up. Its
luck is the lowest upper Wilson bound that the best arm has after any of its first `OUTCOMES` outcomes. Replications are
stratified by luck with limits from many candidates, each of which costs a few hashes, so that a few replications of
each rare stratum say as much of the tail as many thousand that are drawn blindly (stratified sampling with known
strata: Cochran 1977, chapter 5; splitting towards a rare event: Kahn & Harris 1951).

             candidates (hashes only)                              simulated
    luck  |----------------------------------------|
          rarest 0.1 % | … 1 % | … 10 % | … | rest     a few of each rare stratum, and the run's own of all
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from policies.maths import draws
from policies.maths.wilson import wilson_bounds
from sim.rng import Keys, row_keys
from sim.worlds.base import Counts, Floats

if TYPE_CHECKING:
    from sim.scenario import BernoulliSection, Scenario

_mix = cast("Callable[[Keys], Keys]", draws.mix)  # written for scalars, and true of arrays

OUTCOMES = 32
CANDIDATES = 200_000
FIRST_CANDIDATE = 2**40
"""Number of the first candidate, beyond those of any run."""
RARE = (0.001, 10**-2.5, 0.01, 10**-1.5, 0.1, 10**-0.5)
"""Share of replications that are as unlucky as a stratum or worse; the rest is the last stratum."""
ALLOCATION = (0.05, 0.10, 0.20, 0.40, 0.15, 0.10)
"""Of the unlucky replications, by rare stratum: most where lock-out is as likely as not, or nearly so."""


@dataclass(frozen=True)
class Unlucky:
    """Replications of the rare strata, by number, and the strata they are of; probabilities of all strata."""

    numbers: list[int]
    strata: Counts
    probability: Floats
    limits: Floats
    """Luck at which a stratum ends, of all but the last."""

    def strata_of(self, luck: Floats) -> Counts:
        """The stratum of replications of this luck."""
        return np.searchsorted(self.limits, luck, side="left").astype(np.int64)


def find_unlucky(scenario: "Scenario", *wanted: int) -> list[Unlucky]:
    """Groups of about so many replications each, at least two of each rare stratum where candidates are left."""
    candidates = range(FIRST_CANDIDATE, FIRST_CANDIDATE + CANDIDATES)
    luck = luck_of(scenario, candidates)
    limits = np.sort(luck)[[round(share * CANDIDATES) - 1 for share in RARE]]
    strata = np.searchsorted(limits, luck, side="left")
    sizes = [[max(2, round(share * each)) for each in wanted] for share in ALLOCATION]
    parts = [np.split(np.flatnonzero(strata == each), np.cumsum(size)) for each, size in enumerate(sizes)]
    return [_group([of[group] for of in parts], strata, limits) for group in range(len(wanted))]


def _group(found: "list[Counts]", strata: Counts, limits: Floats) -> Unlucky:
    """The candidates `found` in each rare stratum; `strata` are those of all candidates."""
    chosen = np.sort(np.concatenate(found))  # tables are read in order of replication
    edges = np.array([0.0, *RARE, 1.0])
    return Unlucky([FIRST_CANDIDATE + int(each) for each in chosen], strata[chosen], np.diff(edges), limits)


def luck_of(scenario: "Scenario", replications: Sequence[int]) -> Floats:
    """The luck of each replication, (replications,): distinct, small where the best arm starts badly."""
    means = np.array(cast("BernoulliSection", scenario.world).means)
    best, keys = int(np.argmax(means)), row_keys(scenario.seed, "outcome", replications)[:, 0]
    successes, luck = np.zeros(len(keys)), np.ones(len(keys))
    for pull in range(OUTCOMES):
        successes += _uniform(keys, best, pull) < means[best]
        luck = np.minimum(luck, wilson_bounds(successes + 1.0, pull + 2.0 - successes)[1])
    # Starts that are equally bad are in random order, so that strata can end anywhere among them.
    return luck + 1e-9 * _uniform(keys, best, OUTCOMES)


def _uniform(keys: Keys, arm: int, pull: int) -> Floats:
    """What the kernel draws for a pull of an arm: `uniform(pull_key(arm_key(key, arm), pull))`, of all keys."""
    with np.errstate(over="ignore"):
        of_arm = keys + draws.ARM * np.uint64(arm + 1)
        bits = _mix(_mix(of_arm + draws.PULL * np.uint64(pull + 1))) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53
