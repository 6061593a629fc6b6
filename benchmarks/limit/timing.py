"""CPU times of two pieces of work that take turns, so that both meet the same mood of the machine."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Ours = TypeVar("Ours")
Limit = TypeVar("Limit")


class Duel(NamedTuple):
    """Medians over the rounds A B A B …"""

    ours: float
    """CPU seconds."""
    limit: float
    ratio: float
    """Of the limit's time over ours: 1 is the limit's speed, more is better."""
    agree: bool
    """Whether both came to the same results in every round."""


def duel(
    ours: Callable[[], tuple[float, Ours]],
    limit: Callable[[], tuple[float, Limit]],
    rounds: int,
    agree: Callable[[Ours, Limit], bool],
) -> Duel:
    """Let both work in turn, each returning (CPU seconds, result), and compare the results after each round."""
    a, b, same = [], [], True
    for _ in range(rounds):
        seconds, mine = ours()
        a.append(seconds)
        seconds, theirs = limit()
        b.append(seconds)
        same = same and bool(agree(mine, theirs))
    ratio = statistics.median(theirs / mine for mine, theirs in zip(a, b, strict=True))
    return Duel(statistics.median(a), statistics.median(b), ratio, same)


def timed(work: Callable[[], Ours]) -> tuple[float, Ours]:
    """(CPU seconds of this process, result) of a call."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result
