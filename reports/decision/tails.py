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
- where many pages make a replication, a skewed difference needs `RARE_REPLICATIONS` replications, and 25 · skewness²
  (Cochran 1977, section 2.15).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from reports.decision.inputs import DecisionInput, LockOuts
from reports.estimators.intervals import (
    CONFIDENCE,
    ENOUGH,
    SKEWED,
    UNBOUNDED,
    Difference,
    Estimate,
    Floats,
    Moments,
    may_undercover,
    mean_interval,
    moments,
    paired_difference,
    within,
)
from reports.estimators.split import LEAST, RARE, Groups, split_difference, split_interval

LEAST_REPLICATIONS = 20
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

    def groups(self, policy: str, other: str | None = None) -> Groups | None:
        """1 where `policy` alone is locked out, −1 where `other` alone is, else 0; None where a page is not one."""
        own, theirs = (self._flags(name) for name in (policy, other))
        if own is None and theirs is None:
            return None
        none = np.zeros_like(own if theirs is None else theirs)
        return (none if own is None else own) - (none if theirs is None else theirs)

    def mean(
        self, policy: str, values: Floats, confidence: float = CONFIDENCE, bounds: tuple[float, float] = UNBOUNDED
    ) -> Estimate:
        """The mean of a policy's `values` by replication, split where it can be."""
        groups = self.groups(policy)
        split = None if groups is None else split_interval(values, groups, confidence)
        return mean_interval(values, confidence, bounds) if split is None else within(bounds, split)

    def gain(self, pair: tuple[str, str], own: Floats, other: Floats, confidence: float) -> Estimate:
        """The mean of `own` − `other`, the values of a `pair` of policies by replication, split where it can be."""
        groups = self.groups(*pair)
        split = None if groups is None else split_interval(own - other, groups, confidence)
        return split or paired_difference(own, other, confidence).estimate

    def difference(self, pair: tuple[str, str], own: Floats, other: Floats) -> Difference:
        """As `gain`, with the p-value of no difference."""
        groups = self.groups(*pair)
        split = None if groups is None else split_difference(own - other, groups, CONFIDENCE)
        return split or paired_difference(own, other)

    def may_undercover(self, pair: tuple[str, str | None], values: Floats) -> bool:
        """Whether an interval of the mean of `values`, of a policy or a pair's difference, may cover less than it says.

        Of policies whose tails are known by their kind the sample's skewness is not asked: one that missed the tail is
        not skewed.
        """
        if self.shortage(*pair, len(values)) is not None:
            return True
        return not self.learners & set(pair) and self.groups(*pair) is None and may_undercover(moments(values))

    def shortage(self, policy: str, other: str | None, replications: int) -> Shortage | None:
        """The largest shortage of lock-outs, or of replications of a learner; None where there are enough."""
        own, theirs = self.lock_outs.get(policy), self.lock_outs.get(other or "")
        if own and theirs:
            own, theirs = _without(own, theirs), _without(theirs, own)
        found = [lock_out_shortage(policy, own, replications)]
        if other is not None:
            found.append(lock_out_shortage(other, theirs, replications))
        found += [self._learner(name, replications) for name in (policy, other) if name in self.learners]
        return largest(found)

    def _flags(self, name: str | None) -> Groups | None:
        seen = self.lock_outs.get(name or "")
        return None if seen is None or seen.each is None else seen.each.astype(np.int8)

    def _learner(self, name: str, replications: int) -> Shortage | None:
        if replications >= LEARNER_REPLICATIONS:
            return None
        why = f"{replications:,} replications are too few to have met the unlucky starts of {name}"
        return Shortage(why, LEARNER_REPLICATIONS)


def tails_of(given: DecisionInput) -> Tails:
    """The tails of the run that is decided on."""
    return Tails(given.lock_outs, given.learners)


def gain_of(policy: str, other: str, given: DecisionInput, level: float) -> Estimate:
    """How much more `policy` gains than `other`, with its interval at confidence `level`."""
    return tails_of(given).gain((policy, other), given.values[policy], given.values[other], level)


def shortage(policy: str, given: DecisionInput) -> Shortage | None:
    """The largest shortage of the comparison of `policy` with the baseline; None where the sample is large enough."""
    found = [_few(given.replications), tails_of(given).shortage(policy, given.baseline, given.replications)]
    if not given.learners & {policy, given.baseline}:
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
