"""What the decision rule reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reports.decision.unlucky import Unlucky
from reports.estimators.intervals import Floats
from reports.formatting import number

Flags = NDArray[np.bool_]

LEAST_REPLICATIONS = 20  # fewer decide nothing
MATERIAL = 0.01  # of the baseline's mean: a smaller difference is no reason to act


@dataclass(frozen=True)
class Unit:
    """What gains are counted in, such as (`$`, ``, `per page and month`)."""

    prefix: str
    noun: str
    per: str


def amount(value: float, unit: Unit) -> str:
    """`$12.3`, `−$12.3` or `12.3 purchases`."""
    noun = f" {unit.noun}" if unit.noun else ""
    return f"{'−' if value < 0 else ''}{unit.prefix}{number(abs(value), 3)}{noun}"


def bare(unit: Unit) -> Unit:
    """The unit without its noun, for columns whose header names it."""
    return Unit(unit.prefix, "", unit.per)


def signed(value: float, unit: Unit) -> str:
    """An amount with its sign, `+$12.3`."""
    return f"{'+' if value > 0 else ''}{amount(value, unit)}"


def compared(value: float, unit: Unit) -> str:
    """`$12.3 more` or `$12.3 less`."""
    return f"{amount(abs(value), unit)} {'more' if value >= 0 else 'less'}"


@dataclass(frozen=True)
class LockOuts:
    """Pages of all replications that end with probability 0 of sending the best caption.

    `each` says it of every replication, (replications,), in a world where a replication is one page.
    """

    locked: int
    pages: int
    each: Flags | None = field(default=None, compare=False, repr=False)

    @property
    def share(self) -> float:
        """Share of pages."""
        return self.locked / self.pages


@dataclass(frozen=True)
class DecisionInput:
    """One run, as the decision rule reads it.

    `values` holds the metric of each policy by replication, shape (replications,), larger is better, in the unit
    `unit`; replication r of all policies meets the same luck. `lock_outs` holds only policies that can exclude the
    best caption for ever, `learners` those that learn on the one page of a replication; `unlucky` holds more
    replications of rare luck. `drop_in` are policies with the SQL signature of the deployed rule.
    """

    metric: str
    unit: Unit
    values: Mapping[str, Floats]
    baseline: str
    oracles: frozenset[str] = frozenset()
    random: str | None = None
    rotation: str | None = None
    drop_in: frozenset[str] = frozenset()
    lock_outs: Mapping[str, LockOuts] = field(default_factory=dict)
    learners: frozenset[str] = frozenset()
    unlucky: Unlucky | None = None
    scenario: str = ""
    one_caption: bool = False
    can_be_unlucky: bool = False
    """Whether the scenario could have unlucky replications (`world.unlucky`)."""

    @property
    def replications(self) -> int:
        """Replications of each policy."""
        return len(self.values[self.baseline])

    @property
    def tails_wanted(self) -> bool:
        """Whether unlucky replications could be added to the run."""
        return self.can_be_unlucky and self.unlucky is None and self.replications >= LEAST_REPLICATIONS

    @property
    def oracle(self) -> str | None:
        """The policy that knows the truth; the best one where there are several."""
        return max(self.oracles & set(self.values), key=lambda name: float(self.values[name].mean()), default=None)

    @property
    def rivals(self) -> list[str]:
        """Every policy that is compared with the baseline: all but the baseline and the oracles."""
        return [name for name in self.values if name != self.baseline and name not in self.oracles]

    @property
    def candidates(self) -> list[str]:
        """Rivals that can be recommended: random choice is an anchor only."""
        return [name for name in self.rivals if name != self.random]
