"""The choice between switch, keep and undecided, from gains with their intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.decision.guardrails import Guardrail
from reports.decision.tails import Shortage
from reports.estimators.intervals import Estimate

Outcome = Literal["switch", "keep", "undecided"]


@dataclass(frozen=True)
class Gain:
    """A policy's gain over the baseline, with a simultaneous interval, and what else speaks for or against it.

    `better` is the share of replications with a gain, `median` the gain of the median replication.
    """

    policy: str
    estimate: Estimate
    better: Estimate
    median: float
    sd: float
    drop_in: bool
    shortage: Shortage | None
    guardrails: list[Guardrail]

    @property
    def low(self) -> float:
        """Lower limit; −∞ where one replication gives none."""
        return -math.inf if self.estimate.low is None else self.estimate.low

    @property
    def high(self) -> float:
        """Upper limit."""
        return math.inf if self.estimate.high is None else self.estimate.high

    @property
    def passes(self) -> bool:
        """Whether every guardrail holds."""
        return all(each.passed for each in self.guardrails)

    @property
    def barred(self) -> bool:
        """Whether a guardrail is shown to fail."""
        return not all(each.passed or each.unclear for each in self.guardrails)


def choose(open_to: Sequence[Gain], tied: Sequence[Gain], margin: float) -> tuple[Outcome, Gain | None]:
    """The outcome and the policy to switch to: one of `tied`, which pass every guardrail.

    `open_to` are all candidates that no guardrail bars; to keep the baseline, each must gain less than `margin`.
    """
    better = [gain for gain in tied if gain.low > 0.0 and gain.shortage is None]
    if better:
        return "switch", max(better, key=lambda gain: (gain.drop_in, gain.estimate.value))
    if all(gain.high <= margin and gain.shortage is None for gain in open_to):
        return "keep", None
    return "undecided", None
