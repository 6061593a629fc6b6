"""CPU times of two pieces of work that take turns, so that both meet the same mood of the machine."""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Duel(NamedTuple):
    """Medians over the rounds A B A B …, in CPU seconds; and the last result of either side."""

    ours: float
    limit: float
    ratio: float
    """Median of the limit's time / ours: 1 is the limit's speed, more is better."""
    results: tuple[Any, Any]


def duel(ours: Callable[[], Any], limit: Callable[[], Any], rounds: int, agree: Callable[[Any, Any], None]) -> Duel:
    """Let both work in turn, and hold their results against each other after each round (`agree` raises)."""
    a, b, results = [], [], (None, None)
    for _ in range(rounds):
        seconds, mine = timed(ours)
        a.append(seconds)
        seconds, theirs = timed(limit)
        b.append(seconds)
        agree(mine, theirs)
        results = mine, theirs
    ratio = statistics.median(theirs / mine for mine, theirs in zip(a, b, strict=True))
    return Duel(statistics.median(a), statistics.median(b), ratio, results)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """(CPU seconds of this process, result) of a call."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result
