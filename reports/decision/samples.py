"""A sample of a mean or a difference with what is known of its tail, and how means change between two runs."""

import math
from dataclasses import dataclass

import numpy as np

from reports.estimators.intervals import (
    CONFIDENCE,
    Difference,
    Estimate,
    Floats,
    independent_difference,
    paired_difference,
)
from reports.estimators.split import Groups, p_value_of, split_difference, split_interval
from reports.estimators.strata import Strata, stratified_difference, stratified_moments

COMBINED = "split, combined"


@dataclass(frozen=True)
class Sample:
    """Values, (values,), whose mean is wanted; how they are grouped, if the mean is split; their strata, if any."""

    values: Floats
    groups: Groups | None = None
    strata: Strata | None = None

    @property
    def mean(self) -> float:
        """The mean of the population."""
        return float(self.values.mean()) if self.strata is None else stratified_moments(self.values, self.strata).mean

    def special(self, confidence: float) -> Estimate | None:
        """The mean by strata, or split; None where it is neither."""
        if self.strata is not None:
            found = stratified_difference(self.values, self.strata, confidence)
            return None if found is None else found.estimate
        return None if self.groups is None else split_interval(self.values, self.groups, confidence)

    def estimate(self, confidence: float = CONFIDENCE) -> Estimate:
        """The mean with its interval: by strata, split, or as `paired_difference`."""
        found = self.special(confidence)
        return found or paired_difference(self.values, np.zeros_like(self.values), confidence).estimate

    def difference(self, confidence: float = CONFIDENCE) -> Difference:
        """As `estimate`, with the p-value of a mean of 0."""
        found = None
        if self.strata is not None:
            found = stratified_difference(self.values, self.strata, confidence)
        elif self.groups is not None:
            found = split_difference(self.values, self.groups, confidence)
        return found or paired_difference(self.values, np.zeros_like(self.values), confidence)


def change(one: Sample, two: Sample, confidence: float = CONFIDENCE, *, paired: bool) -> Difference:
    """The mean of `two` minus that of `one`; `paired`: values of both are of the same replications, in order.

    Paired samples of the same strata are subtracted value by value. Samples that are not paired have a mean each, whose
    limits are put together (Zou, Huang & Zhang 2009): differences from the estimates add in quadrature. So do paired
    samples of unlike strata, which makes their interval wider than it has to be.
    """
    if paired and _alike(one.strata, two.strata):
        return Sample(two.values - one.values, _regrouped(one.groups, two.groups), one.strata).difference(confidence)
    if one.special(confidence) is None and two.special(confidence) is None:
        return independent_difference(two.values, one.values, confidence)

    def interval_at(level: float) -> Estimate:
        return _combined(one.estimate(level), two.estimate(level))

    return Difference(interval_at(confidence), p_value_of(interval_at))


def _alike(one: Strata | None, two: Strata | None) -> bool:
    if one is None or two is None:
        return one is two
    same = np.array_equal(one.of_value, two.of_value)
    return same and np.array_equal(one.probability, two.probability)


def _regrouped(one: Groups | None, two: Groups | None) -> Groups | None:
    """1 where the second sample's group is above the first's, −1 where it is below: what is in both drops out."""
    if one is None or two is None:
        return one if two is None else two
    found: Groups = np.sign(two - one).astype(np.int8)
    return found


def _combined(one: Estimate, two: Estimate) -> Estimate:
    value = two.value - one.value
    if one.low is None or one.high is None or two.low is None or two.high is None:
        return Estimate(value, None, None, "single")
    below = math.hypot(two.value - two.low, one.high - one.value)
    above = math.hypot(two.high - two.value, one.value - one.low)
    return Estimate(value, value - below, value + above, COMBINED)
