"""What more workers are worth: throughput against one worker."""

from benchmarks.growth.record import Axis

WITH_START = "the whole run"
WITHOUT_START = "its start apart"
IDEAL = "as many times as workers"


def ratios(axis: Axis) -> dict[str, dict[float, float]]:
    """Times the throughput of one worker, by number of workers: of the long run, and of what it has over the short one.

    The difference of the two runs is work alone: what it takes to start cancels.
    """
    long, short = axis.series("long", "wall"), axis.series("short", "wall")
    more = {count: long[count] - short[count] for count in long}
    return {
        name: {count: seconds[1] / seconds[count] for count in seconds}
        for name, seconds in ((WITHOUT_START, more), (WITH_START, long))
    }
