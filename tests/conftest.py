"""What all tests share: examples of Hypothesis are the same in each run, and no two workers compile the same kernel.

Hypothesis has no deadline here: no test depends on the speed of the machine.

A worker that is about to compile a function waits for another that compiles it already, and then finds it in Numba's
cache. Compilation is most of the suite's work on a fresh checkout.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("same examples", derandomize=True, deadline=None, database=None)
settings.load_profile("same examples")


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
