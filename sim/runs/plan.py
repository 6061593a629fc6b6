"""Into which blocks a run is cut. The cut decides what is lost by an interruption, and no number."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.runs.workload import memory_bytes, require_feasible, workload

if TYPE_CHECKING:
    from sim.scenario import Scenario

TARGET_SECONDS = 0.25  # of estimated work: short enough to lose, long enough to hide what starting a block costs
TARGET_BYTES = 16e6  # of estimated memory: little beside what the program itself takes


@dataclass(frozen=True)
class Block:
    """Replications `start … stop − 1` of the policy at `policy` in the scenario's list."""

    policy: int
    name: str
    start: int
    stop: int

    @property
    def replications(self) -> range:
        """As a range."""
        return range(self.start, self.stop)

    @property
    def folder(self) -> str:
        """Its folder below `blocks`."""
        return f"{self.name}/{self.start:07d}-{self.stop:07d}"

    def __str__(self) -> str:
        return f"{self.name}, replications {self.start} to {self.stop - 1}"


@dataclass(frozen=True)
class Plan:
    """All blocks of a run of `policies` (names) from replication `start` up to `stop`, `size` replications each.

    Blocks are made when they are asked for: a run may have millions.
    """

    policies: tuple[str, ...]
    start: int
    stop: int
    size: int

    def __len__(self) -> int:
        return len(self.policies) * -(-(self.stop - self.start) // self.size)

    def __iter__(self) -> Iterator[Block]:
        """In the order of the tables: by policy, then by replication."""
        return (block for policy in range(len(self.policies)) for block in self.missing(policy, ()))

    @property
    def replications(self) -> int:
        """Replications of all policies together."""
        return len(self.policies) * (self.stop - self.start)

    def missing(self, policy: int, stored: Iterable[Block]) -> Iterator[Block]:
        """Blocks of one policy for the replications that `stored`, in order of start, does not cover."""
        begin = self.start
        for found in stored:
            yield from self._cut(policy, begin, found.start)
            begin = found.stop
        yield from self._cut(policy, begin, self.stop)

    def all_missing(self, stored: Sequence[Sequence[Block]]) -> Iterator[Block]:
        """As `missing` for every policy, lowest replication first.

        Workers then start with different policies, and no two compile the same kernel.
        """
        streams = (self.missing(policy, stored[policy]) for policy in range(len(self.policies)))
        return heapq.merge(*streams, key=lambda block: (block.start, block.policy))

    def _cut(self, policy: int, start: int, stop: int) -> Iterator[Block]:
        for first in range(start, stop, self.size):
            yield Block(policy, self.policies[policy], first, min(first + self.size, stop))


def plan(scenario: "Scenario", start: int = 0) -> Plan:
    """The blocks of a run from replication `start` on; their size is a function of the scenario only.

    Raises InputError for a run of more than ten years and, for a table world, what `read_counts` raises.
    """
    require_feasible(scenario)
    total, one = scenario.replications, workload(scenario)
    size = max(1, min(total, int(min(TARGET_SECONDS / one.seconds, TARGET_BYTES / memory_bytes(scenario)))))
    return Plan(tuple(spec.name for spec in scenario.policies), start, total, size)
