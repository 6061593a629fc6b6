"""Whether the sample of a comparison is large enough for its interval, and which interval it then has.

An interval of a mean cannot warn of a tail that the sample has not met, and neither can the sample's skewness. What is
known of the policies can:

- fewer than `LEAST_REPLICATIONS` replications decide nothing;
- a policy that can lock out the best caption has a mean made of two parts, pages that end locked out and pages that
  do not. Its mean is known once `LEAST_LOCK_OUTS` pages of each part were met. Where none is locked out,
  `RARE_PAGES` pages are needed: then lock-out is rarer than 0.4 % (95 % Wilson limit). Where a replication is one page,
  the mean is split in these parts (`reports.estimators.split`);
- a policy that learns on the one page of a replication can be unlucky for a long time, lock-out or not: its mean needs
  `LEARNER_REPLICATIONS`;
- both are known where the run has unlucky replications (`world.unlucky`), which make its sample a stratified one;
- where many pages make a replication, a skewed difference needs `RARE_REPLICATIONS` replications, and 25 · skewness²
  (Cochran 1977, section 2.15).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from reports.decision.inputs import LEAST_REPLICATIONS, DecisionInput, LockOuts
from reports.decision.samples import Sample
from reports.decision.unlucky import LOCKED_OUT, Unlucky
from reports.estimators.intervals import (
    CONFIDENCE,
    ENOUGH,
    SHARE,
    SKEWED,
    UNBOUNDED,
    Difference,
    Estimate,
    Floats,
    Moments,
    may_undercover,
    mean_interval,
    moments,
    share_interval,
    within,
)
from reports.estimators.power import Pilot
from reports.estimators.split import LEAST, RARE, Groups

Number = TypeVar("Number", np.float64, np.int8)
Pair = tuple[str, str | None]
"""A policy, and the one that it is compared with, if any."""

LEAST_LOCK_OUTS = LEAST
RARE_PAGES = RARE
RARE_REPLICATIONS = ENOUGH
LEARNER_REPLICATIONS = 2_000
"""From so many on, intervals of Thompson sampling's regret in the textbook problem cover 94 to 96 %."""


@dataclass(frozen=True)
class Shortage:
    """Why an interval cannot be trusted yet, and about how many replications it needs."""

    why: str
    needed: int


@dataclass(frozen=True)
class Tails:
    """What is known of the tails of a run's policies: their lock-outs, and which of them learn on a single page."""

    lock_outs: Mapping[str, LockOuts] = field(default_factory=dict)
    learners: frozenset[str] = frozenset()
    unlucky: Unlucky | None = None

    def groups(self, policy: str, other: str | None = None) -> Groups | None:
        """1 where `policy` alone is locked out, −1 where `other` alone is, else 0; None where a page is not one."""
        own, theirs = (self._flags(name) for name in (policy, other))
        if own is None and theirs is None:
            return None
        none = np.zeros_like(own if theirs is None else theirs)
        return (none if own is None else own) - (none if theirs is None else theirs)

    def mean(
        self,
        policy: str,
        values: Floats,
        confidence: float = CONFIDENCE,
        *,
        metric: str = "",
        bounds: tuple[float, float] = UNBOUNDED,
    ) -> Estimate:
        """The mean of a policy's `values` of `metric` by replication: stratified or split where it can be."""
        special = self.sample((policy, None), values, metric=metric).special(confidence)
        return mean_interval(values, confidence, bounds) if special is None else within(bounds, special)

    def locked_out(self, policy: str, flags: Floats, confidence: float = CONFIDENCE) -> Estimate:
        """The probability of lock-out, `flags` by replication: with Wilson's limits, or stratified.

        A sample that is locked out nowhere or everywhere has no spread: limits are of the run's own replications.
        """
        found = self.mean(policy, flags, confidence, metric=LOCKED_OUT, bounds=SHARE) if self.stratified else None
        if found is None or found.value in (0.0, 1.0):
            return share_interval(int(flags.sum()), len(flags), confidence)
        return found

    def gain(self, pair: Pair, own: Floats, other: Floats, confidence: float, *, metric: str = "") -> Estimate:
        """The mean of `own` − `other`, the values of `metric` of a pair of policies: as `mean`."""
        return self.sample(pair, own, other, metric=metric).estimate(confidence)

    def difference(self, pair: Pair, own: Floats, other: Floats, *, metric: str = "") -> Difference:
        """As `gain`, with the p-value of no difference."""
        return self.sample(pair, own, other, metric=metric).difference()

    def sample(self, pair: Pair, own: Floats, other: Floats | None = None, *, metric: str = "") -> Sample:
        """`own` − `other` (or 0), the values of `metric` of a pair, with the unlucky replications where there are any.

        Without these, or where they have no such metric, with the groups by which the mean is split.
        """
        plain = Sample(own if other is None else own - other, self.groups(*pair))
        if self.unlucky is None:
            return plain
        known = [(name, each) for name, each in zip(pair, (own, other), strict=True) if name and each is not None]
        found = self.unlucky.samples(known, metric)
        if found is None:
            return plain
        values, strata = found
        return Sample(values[0] if len(values) == 1 else _minus(values), strata=strata)

    def pilot(self, pair: tuple[str, str], values: Mapping[str, Floats], metric: str) -> Pilot:
        """The differences of a pair as a population: unlucky replications count as often as they occur."""
        own, groups = (values[name] for name in pair), self.groups(*pair)
        found = self.unlucky.samples([(name, values[name]) for name in pair], metric) if self.unlucky else None
        if self.unlucky is None or found is None:
            return Pilot(_minus(own), groups)
        samples, strata = found
        if groups is not None:
            groups = np.concatenate([groups, _minus(self.unlucky.locked_out(name) for name in pair)])
        return Pilot(_minus(samples), groups, strata.weights, strata.of_value)

    @property
    def stratified(self) -> bool:
        """Whether unlucky replications show the tails."""
        return self.unlucky is not None and self.unlucky.strata.enough

    def may_undercover(self, pair: Pair, values: Floats) -> bool:
        """Whether an interval of the mean of `values`, of a policy or a pair's difference, may cover less than it says.

        Of policies whose tails are known by their kind the sample's skewness is not asked: one that missed the tail is
        not skewed.
        """
        if self.shortage(*pair, len(values)) is not None:
            return True
        judged = self.stratified or self.learners & set(pair) or self.groups(*pair) is not None
        return not judged and may_undercover(moments(values))

    def shortage(self, policy: str, other: str | None, replications: int, *, above: bool = False) -> Shortage | None:
        """The largest shortage of lock-outs, or of replications of a learner; None where there are enough.

        `above`: the claim is that `policy` is above `other`. Lock-outs of `other` that no page shows do not weaken it:
        their cost would add to the difference.
        """
        if self.stratified:
            return None
        own, theirs = self.lock_outs.get(policy), self.lock_outs.get(other or "")
        if above and theirs and theirs.locked == 0:
            theirs = None
        if own and theirs:
            own, theirs = _without(own, theirs), _without(theirs, own)
        found = [lock_out_shortage(policy, own, replications)]
        if other is not None:
            found.append(lock_out_shortage(other, theirs, replications))
        found += [self._learner(name, replications) for name in (policy, other) if name in self.learners]
        return largest(found)

    def lock_outs_short(self, policy: str, replications: int) -> Shortage | None:
        """Why the cost of the policy's lock-outs is not known; None where it is."""
        return None if self.stratified else lock_out_shortage(policy, self.lock_outs.get(policy), replications)

    def _flags(self, name: str | None) -> Groups | None:
        seen = self.lock_outs.get(name or "")
        return None if seen is None or seen.each is None else seen.each.astype(np.int8)

    def _learner(self, name: str, replications: int) -> Shortage | None:
        if replications >= LEARNER_REPLICATIONS:
            return None
        why = f"{replications:,} replications are too few to have met the unlucky starts of {name}"
        return Shortage(why, LEARNER_REPLICATIONS)


def _minus(pair: Iterable[NDArray[Number]]) -> NDArray[Number]:
    one, two = pair
    found: NDArray[Number] = one - two
    return found


def tails_of(given: DecisionInput) -> Tails:
    """The tails of the run that is decided on."""
    return Tails(given.lock_outs, given.learners, given.unlucky)


def mean_of(policy: str, given: DecisionInput) -> float:
    """The mean of a policy, with the unlucky replications where there are any."""
    return tails_of(given).sample((policy, None), given.values[policy], metric=given.metric).mean


def gain_of(policy: str, other: str, given: DecisionInput, level: float) -> Estimate:
    """How much more `policy` gains than `other`, with its interval at confidence `level`."""
    own, theirs = given.values[policy], given.values[other]
    return tails_of(given).gain((policy, other), own, theirs, level, metric=given.metric)


def shortage(policy: str, given: DecisionInput) -> Shortage | None:
    """The largest shortage of the claim that `policy` gains; None where the sample is large enough.

    The opposite claim, which keeps the baseline, needs the baseline's lock-outs besides (`Tails.lock_outs_short`).
    """
    found = [
        _few(given.replications),
        tails_of(given).shortage(policy, given.baseline, given.replications, above=True),
    ]
    if not (tails_of(given).stratified or given.learners & {policy, given.baseline}):
        found.append(_skewed(moments(given.values[policy] - given.values[given.baseline])))
    return largest(found)


def largest(found: "list[Shortage | None]") -> Shortage | None:
    """The shortage that needs most replications."""
    return max((each for each in found if each is not None), key=lambda each: each.needed, default=None)


def lock_out_shortage(name: str, seen: LockOuts | None, replications: int) -> Shortage | None:
    """Whether too few lock-outs were seen to know their cost; `seen` is None for a policy that has none."""
    if seen is None or _enough(seen):
        return None
    if seen.locked == 0:
        why = f"{name} can lock out the best caption, and no page of this sample shows the cost"
        return Shortage(why, math.ceil(RARE_PAGES * replications / seen.pages))
    rare = min(seen.locked, seen.pages - seen.locked)
    what = "ends" if rare == 1 else "end"
    kind = "locked out" if rare == seen.locked else "not locked out"
    why = f"only {rare} {'page' if rare == 1 else 'pages'} of {name} {what} {kind}"
    return Shortage(why, math.ceil(replications * LEAST_LOCK_OUTS / rare))


def _without(seen: LockOuts, other: LockOuts) -> LockOuts:
    """The lock-outs of replications in which the other policy is not locked out, where both are known."""
    if seen.each is None or other.each is None:
        return seen
    return LockOuts(int((seen.each & ~other.each).sum()), seen.pages)


def _few(n: int) -> Shortage | None:
    return Shortage(f"{n} replications are too few", LEAST_REPLICATIONS) if n < LEAST_REPLICATIONS else None


def _enough(seen: LockOuts) -> bool:
    if seen.locked == 0:
        return seen.pages >= RARE_PAGES
    if seen.locked == seen.pages:
        return True
    return min(seen.locked, seen.pages - seen.locked) >= LEAST_LOCK_OUTS


def _skewed(m: Moments) -> Shortage | None:
    least = math.ceil(25.0 * m.skewness**2)
    needed = max(least, RARE_REPLICATIONS) if abs(m.skewness) > SKEWED else least
    return None if m.n >= needed else Shortage(f"the difference is skewed (skewness {m.skewness:.1f})", needed)
