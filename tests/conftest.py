"""What all tests share: examples of Hypothesis are the same in each run, and no two workers compile the same kernel.

Hypothesis has no deadline here: no test depends on the speed of the machine.

A worker that is about to compile a function waits for another that compiles it already, and then finds it in Numba's
cache. Compilation is most of the suite's work on a fresh checkout.
"""

import functools
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

LOG = logging.getLogger(__name__)
settings.register_profile("same examples", derandomize=True, deadline=None, database=None)
settings.load_profile("same examples")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Full forms of tests/reliability and of the campaign of loads: `pytest -m long FILE --minutes 6`."""
    parser.addoption("--minutes", type=float, help="stop trying after so long, and say how often it was tried")


@pytest.fixture
def deep_folder(tmp_path: Path) -> Iterator[Path]:
    """The path of a folder below 999 others, none of which exists yet; removed afterwards.

    pytest removes folders of earlier runs by recursion, which such a depth ends.
    """
    top = tmp_path / "d"
    yield top.joinpath(*["d"] * 999)
    folders = [top] if top.exists() else []
    for folder in folders:  # grows while it is read
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry))
            else:
                Path(entry).unlink()
    for folder in reversed(folders):
        folder.rmdir()


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Callable[[int], Iterator[int]]:
    """Numbers from 0 below a wanted count (0: without end), for at most `--minutes`; the summary says how many."""
    minutes: float | None = request.config.getoption("--minutes")

    def count(wanted: int) -> Iterator[int]:
        end, done = time.monotonic() + 60.0 * (minutes or 0.0), 0
        try:
            while (done < wanted or not wanted) and (minutes is None or time.monotonic() < end):
                yield done
                done += 1
                LOG.info("%s: %d tried", request.node.name, done)
        finally:
            request.node.user_properties.append(("tries", f"{done:,} of {wanted:,}" if wanted else f"{done:,}"))

    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = (report for kind in terminalreporter.stats.values() for report in kind)
    found = {
        report.nodeid: value
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == "tries"
    }
    if terminalreporter.config.getoption("--minutes") is not None:
        for name, value in found.items():
            terminalreporter.line(f"{name}: {value}")


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        from numba.core.dispatcher import Dispatcher

        folder = Path(config.rootpath) / ".pytest_cache" / "compiling"
        folder.mkdir(parents=True, exist_ok=True)
        Dispatcher.compile = one_at_a_time(Dispatcher.compile, folder)


def one_at_a_time(compile_: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """`compile_`, a dispatcher's method, under a lock that its function and signature name."""

    @functools.wraps(compile_)
    def locked(dispatcher: Any, signature: Any) -> Any:
        name = f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__qualname__}{signature}"
        with FileLock(folder / hashlib.sha256(name.encode()).hexdigest(), is_singleton=True):
            return compile_(dispatcher, signature)

    return locked
