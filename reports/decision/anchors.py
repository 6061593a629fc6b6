"""A policy against random, rotation and perfect choice."""

import math
from dataclasses import dataclass

from reports.decision.inputs import DecisionInput
from reports.decision.tails import gain_of
from reports.estimators.intervals import Estimate, Floats, moments
from reports.estimators.simultaneous import critical_value


@dataclass(frozen=True)
class Anchors:
    """A policy's gain over random and rotation, its shortfall from perfect, and the share of the possible gain.

    Each is None where the run has no such policy. `captured` is 0 for random and 1 for perfect choice.
    """

    policy: str
    over_random: Estimate | None
    over_rotation: Estimate | None
    shortfall: Estimate | None
    captured: Estimate | None


def anchors(policy: str, given: DecisionInput, level: float) -> Anchors:
    """The anchors of one policy, each interval at confidence `level`."""

    def gain(name: str | None) -> Estimate | None:
        return None if name is None or name == policy else gain_of(policy, name, given, level)

    shortfall = None if given.oracle is None else gain_of(given.oracle, policy, given, level)
    return Anchors(policy, gain(given.random), gain(given.rotation), shortfall, captured(policy, given, level))


def captured(policy: str, given: DecisionInput, level: float) -> Estimate | None:
    """(policy − random) / (perfect − random), a ratio of means; None without both anchors, or where they are equal."""
    if given.random is None or given.oracle is None:
        return None
    floor = given.values[given.random]
    return ratio_interval(given.values[policy] - floor, given.values[given.oracle] - floor, level)


def ratio_interval(numerator: Floats, denominator: Floats, level: float) -> Estimate | None:
    """Ratio of two paired means with Fieller's interval (Fieller 1954, JRSS B 16).

    None where the denominator's mean is not shown to be above 0: the set of ratios is then unbounded.
    """
    n, a, b = len(numerator), moments(numerator), moments(denominator)
    if n < 2 or b.mean <= 0.0:
        return None
    t2 = critical_value(level, n - 1) ** 2
    cross = math.fsum((numerator - a.mean) * (denominator - b.mean)) / (n - 1) / n
    square = b.mean**2 - t2 * b.standard_error**2
    if square <= 0.0:
        return None
    centre = a.mean * b.mean - t2 * cross
    root = math.sqrt(max(0.0, centre**2 - square * (a.mean**2 - t2 * a.standard_error**2)))
    return Estimate(a.mean / b.mean, (centre - root) / square, (centre + root) / square, "Fieller")
