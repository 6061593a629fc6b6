"""Whether the sample of a comparison is large enough for its interval.

An interval of a mean cannot warn of a tail that the sample has not met. What is known of the policies can:

- fewer than `LEAST_REPLICATIONS` replications decide nothing;
- a policy that can lock out the best caption has a mean made of two parts, pages that end locked out and pages that
  do not. Its mean is known once `LEAST_LOCK_OUTS` pages of each part were met. Where none is locked out,
  `RARE_PAGES` pages are needed: then lock-out is rarer than 0.4 % (95 % Wilson limit);
- a skewed difference needs `RARE_REPLICATIONS` replications, and 25 · skewness² (Cochran 1977, section 2.15).
"""

import math
from dataclasses import dataclass

from reports.decision.inputs import DecisionInput, LockOuts
from reports.estimators.intervals import ENOUGH, SKEWED, Moments, moments

LEAST_REPLICATIONS = 20
LEAST_LOCK_OUTS = 15
RARE_PAGES = 1_000
RARE_REPLICATIONS = ENOUGH


@dataclass(frozen=True)
class Shortage:
    """Why an interval cannot be trusted yet, and about how many replications it needs."""

    why: str
    needed: int


def shortage(policy: str, given: DecisionInput) -> Shortage | None:
    """The largest shortage of the comparison of `policy` with the baseline; None where the sample is large enough."""
    found = [
        _few(given.replications),
        *(lock_out_shortage(name, given.lock_outs.get(name), given.replications) for name in (policy, given.baseline)),
        _skewed(moments(given.values[policy] - given.values[given.baseline])),
    ]
    return max((each for each in found if each is not None), key=lambda each: each.needed, default=None)


def _few(n: int) -> Shortage | None:
    return Shortage(f"{n} replications are too few", LEAST_REPLICATIONS) if n < LEAST_REPLICATIONS else None


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
