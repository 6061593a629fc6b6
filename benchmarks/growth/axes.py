"""The axes along which cost is measured: each gives the points to measure, a series' name and a size each."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.growth.problems import POLICIES, TRAFFIC_POLICIES, Content, textbook, traffic
from benchmarks.growth.spent import cost, whole_run
from benchmarks.start import start

Figures = Mapping[str, float]
ENOUGH = 0.2  # estimated CPU seconds of one measurement in this process
MOST_REPLICATIONS = 2_000


@dataclass(frozen=True)
class Point:
    """One measurement."""

    series: str
    size: float
    run: Callable[[], Figures]
    warm: Callable[[], object]
    """Compiles what the run needs."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of all axes."""

    arms: Sequence[int] = (2, 5, 10, 30, 100, 300, 1_000)
    pulls: Sequence[int] = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    replications: Sequence[int] = (250, 1_000, 4_000, 16_000)
    pages: Sequence[int] = (1, 3, 10, 30, 100, 300)
    captions: Sequence[int] = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 16_500)
    times: Sequence[int] = (1, 4, 16)
    """Multiples of the base at which memory is measured."""
    pages_days: int = 30
    captions_pages: int = 5
    captions_days: int = 90
    workers_pulls: int = 1_000_000
    long_replications: int = 480
    short_replications: int = 32


QUICK = Sizes(
    arms=(2, 10, 100),
    pulls=(1_000, 10_000, 100_000),
    replications=(250, 1_000),
    pages=(1, 10, 30),
    captions=(100, 500, 2_000),
    times=(1, 4),
    pages_days=10,
    captions_pages=2,
    captions_days=20,
    workers_pulls=200_000,
    long_replications=80,
    short_replications=16,
)


def arms(sizes: Sizes) -> Iterator[Point]:
    """CPU time per pull against K."""
    for policy in POLICIES:
        for size in sizes.arms:
            yield _a_pull(policy, size, textbook(arms=size, policy=policy))


def pulls(sizes: Sizes) -> Iterator[Point]:
    """CPU time per pull against T."""
    for policy in POLICIES:
        for size in sizes.pulls:
            yield _a_pull(policy, size, textbook(pulls=size, policy=policy))


def replications(sizes: Sizes) -> Iterator[Point]:
    """CPU time and memory of a whole run against R."""
    for policy in TRAFFIC_POLICIES:
        for size in sizes.replications:
            yield _a_run(policy, size, textbook(pulls=1_000, replications=size, policy=policy))


def pages(sizes: Sizes) -> Iterator[Point]:
    """CPU time per message against pages."""
    for policy in TRAFFIC_POLICIES:
        for size in sizes.pages:
            yield _a_pull(policy, size, traffic(pages=size, days=sizes.pages_days, policy=policy))


def captions(sizes: Sizes) -> Iterator[Point]:
    """CPU time per message against captions of a page."""
    for policy in TRAFFIC_POLICIES:
        for size in sizes.captions:
            yield _a_pull(policy, size, traffic(sizes.captions_pages, size, sizes.captions_days, policy=policy))


def workers(sizes: Sizes) -> Iterator[Point]:
    """Wall time of a long and of a short run, with one worker and with more, in turn."""
    for name, size in (("long", sizes.long_replications), ("short", sizes.short_replications)):
        for count in worker_counts():
            yield _a_run(name, count, textbook(pulls=sizes.workers_pulls, replications=size), workers=count)


def memory(sizes: Sizes) -> Iterator[Point]:
    """Memory of a whole run against multiples of its replications and of its horizon, in both worlds."""
    for times in sizes.times:
        yield _a_run("textbook, replications", times, textbook(pulls=1_000, replications=2_500 * times))
        yield _a_run("textbook, horizon", times, textbook(pulls=20_000 * times, replications=100))
        yield _a_run("traffic, replications", times, traffic(pages=4, days=20, replications=40 * times))
        yield _a_run("traffic, horizon", times, traffic(pages=4, days=40 * times, replications=40))


def starts(_sizes: Sizes) -> Iterator[Point]:
    """Starts of shipped scenarios up to their first event, with kernels on disk."""
    kernels = TemporaryDirectory()
    for scenario in ("quickstart", "textbook"):

        def run(scenario: str = scenario) -> Figures:
            return start(scenario, Path(kernels.name))._asdict()

        yield Point(scenario, 1, run, run)


AXES: dict[str, Callable[[Sizes], Iterator[Point]]] = {
    "arms": arms,
    "pulls": pulls,
    "replications": replications,
    "pages": pages,
    "captions": captions,
    "workers": workers,
    "memory": memory,
    "starts": starts,
}


def worker_counts() -> list[int]:
    """1, 2, 4, … up to the processors that this process may use, but at least 2."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return [2**k for k in range(max(2, usable.bit_length()))]


def _a_pull(policy: str, size: int, content: Content) -> Point:
    """A point measured in this process, on as many replications as fill a moment."""
    from sim.runs.workload import workload
    from sim.scenario import load

    enough = int(ENOUGH / workload(load(content), policy).seconds)
    count = max(1, min(enough, MOST_REPLICATIONS))
    content = {**content, "replications": count}

    def run() -> Figures:
        seconds, sent = cost(content, count)
        return {"ns": 1e9 * seconds / sent}

    return Point(policy, size, run, partial(cost, content, 1))


def _a_run(series: str, size: int, content: Content, workers: int = 1) -> Point:
    policy, kind = content["policies"][0], content["world"]["kind"]
    tiny = textbook(2, 10, policy=policy) if kind == "bernoulli" else traffic(1, 20, 1, policy=policy)
    return Point(series, size, lambda: whole_run(content, workers)._asdict(), partial(cost, tiny, 1))
