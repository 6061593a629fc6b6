"""Rules for infinitely many arms whose regret others have published; they look at single outcomes, one after the other.

An arm scores 1 while it is kept, 0 before it is tried, −1 once it is given up.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Policy, Rule, parameter

KEPT, GIVEN_UP = 1.0, -1.0
PLAYS, FAILURES, FOUND = range(3)  # places in the notes of an arm


class Targets(NamedTuple):
    """After `failures` failures an arm is given up, unless it was played `second` times; after one, unless `first`."""

    first: float
    second: float
    failures: float


def _summarise(n, s, ipw_successes, true_mean, params):
    return 0.0, 0.0


def _learn_outcomes(t, n, s, notes, a, b, params, state):
    for arm in range(len(n)):
        if n[arm] > 0.0:
            notes[arm, PLAYS] += n[arm]
            notes[arm, FAILURES] += n[arm] - s[arm]
            a[arm] = KEPT
            successes = notes[arm, PLAYS] - notes[arm, FAILURES]
            if successes >= params.second and notes[arm, FAILURES] <= params.failures:
                notes[arm, FOUND] = 1.0
            if notes[arm, FOUND] == 0.0 and n[arm] > s[arm]:
                early = notes[arm, FAILURES] == 1.0 and successes < params.first
                if early or notes[arm, FAILURES] >= params.failures:
                    a[arm] = GIVEN_UP


@dataclass(frozen=True, kw_only=True)
class TwoTarget(Policy):
    """Bonald & Proutière 2013: targets (T/2)^(1/3) and m sqrt(T/2) for T trials."""

    trials: float = parameter(1000.0, "T", low=1.0)
    m: float = parameter(3.0, "failures that an arm is granted", low=1.0)

    kind: ClassVar[str] = "two_target"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, learn_batch=_learn_outcomes)
    deterministic: ClassVar[bool] = True
    reads_batches: ClassVar[bool] = True
    note_size: ClassVar[int] = 3

    def parameters(self):
        return Targets(
            float(math.floor((self.trials / 2.0) ** (1.0 / 3.0))),
            float(math.floor(self.m * math.sqrt(self.trials / 2.0))),
            float(self.m),
        )


@dataclass(frozen=True, kw_only=True)
class RunOfSuccesses(TwoTarget):
    """Berry et al. 1997: an arm is given up at its first failure, unless it has won `run` times before."""

    run: float = parameter(1e9, "1e9: the one-failure strategy; sqrt(T): the run strategy", low=1.0)

    kind: ClassVar[str] = "run_of_successes"

    def parameters(self):
        return Targets(float(self.run), float(self.run), 1.0)
