"""A policy against random, rotation and perfect choice."""

import math
from dataclasses import dataclass

from reports.decision.inputs import DecisionInput
from reports.decision.tails import gain_of, tails_of
from reports.estimators.intervals import Estimate, Floats, Moments, moments
from reports.estimators.simultaneous import critical_value
from reports.estimators.strata import Strata, StratifiedMoments, stratified_covariance, stratified_moments


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
    known, floor = tails_of(given), given.values[given.random]
    own, best = (
        known.sample((name, given.random), given.values[name], floor, metric=given.metric)
        for name in (policy, given.oracle)
    )
    return ratio_interval(own.values, best.values, level, own.strata)


def ratio_interval(
    numerator: Floats, denominator: Floats, level: float, strata: Strata | None = None
) -> Estimate | None:
    """Ratio of two paired means, of samples of `strata` if given, with Fieller's interval (Fieller 1954, JRSS B 16).

    None where the denominator's mean is not shown to be above 0: the set of ratios is then unbounded.
    """
    if len(numerator) < 2:
        return None
    a, b, cross, freedom = _plain(numerator, denominator) if strata is None else _by(strata, numerator, denominator)
    if b.mean <= 0.0:
        return None
    t2 = critical_value(level, freedom) ** 2
    square = b.mean**2 - t2 * b.standard_error**2
    if square <= 0.0:
        return None
    centre = a.mean * b.mean - t2 * cross
    root = math.sqrt(max(0.0, centre**2 - square * (a.mean**2 - t2 * a.standard_error**2)))
    return Estimate(a.mean / b.mean, (centre - root) / square, (centre + root) / square, "Fieller")


def _plain(numerator: Floats, denominator: Floats) -> tuple[Moments, Moments, float, float]:
    """Moments of both samples, the covariance of their means, and degrees of freedom."""
    n, a, b = len(numerator), moments(numerator), moments(denominator)
    return a, b, math.fsum((numerator - a.mean) * (denominator - b.mean)) / (n - 1) / n, n - 1


def _by(
    strata: Strata, numerator: Floats, denominator: Floats
) -> tuple[StratifiedMoments, StratifiedMoments, float, float]:
    a, b = stratified_moments(numerator, strata), stratified_moments(denominator, strata)
    freedom = min(a.freedom, b.freedom, len(numerator) - 1)
    return a, b, stratified_covariance(numerator, denominator, strata), freedom
