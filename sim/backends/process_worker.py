"""A worker in a process of its own, started as `python -c …` and never by fork (Polars hangs after a fork).

The main module of the program is not imported in the worker, so a script needs no `if __name__ == "__main__":`.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from queue import Queue
from threading import Thread
from typing import IO, Any, cast

from sim.backends.messages import receive, send

Answer = tuple[Any, Any]
"""A worker, and its answer: (result, problem), or None when it has died."""

WORKER_NUMBER = "CAPTION_SIM_WORKER"
"""The environment variable that tells a worker its number in this process."""
_numbers = count()
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from sim.backends.worker import serve; serve()"
ONE_THREAD = (
    "POLARS_MAX_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Environment variables that limit a library to one thread."""


class ProcessWorker:
    """One process with one thread per library; its answers arrive in `answers`."""

    def __init__(self, work: Callable[[Any], Any], answers: "Queue[Answer]") -> None:
        with _interrupt_blocked():
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                [sys.executable, "-c", _BOOT, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **dict.fromkeys(ONE_THREAD, "1"), WORKER_NUMBER: str(next(_numbers))},
            )
        self.job: Any = None
        self._answers = answers
        self._send(work)
        self._listener = Thread(target=self._listen, name=f"listen to worker {self._process.pid}", daemon=True)
        self._listener.start()

    def give(self, job: Any) -> None:
        """Start a job. A dead worker takes it, too: its death is an answer."""
        self.job = job
        self._send(job)

    def stop(self) -> None:
        """Kill the process. It writes every file whole or not at all, so this is safe at any moment."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        with suppress(BrokenPipeError):  # what is left in the buffer
            self._input.close()

    def ending(self) -> str:
        """How a dead process ended."""
        code = self._process.wait()
        if code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"

    @property
    def _input(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    def _send(self, item: Any) -> None:
        with suppress(BrokenPipeError):
            send(cast("Any", self._input), pickle.dumps(item))

    def _listen(self) -> None:
        with cast("Any", self._process.stdout) as stream:
            while (message := receive(stream)) is not None:
                self._answers.put((self, pickle.loads(message)))  # noqa: S301 - from our own process
        self._answers.put((self, None))


@contextmanager
def _interrupt_blocked() -> Iterator[None]:
    """A new process inherits the mask: Ctrl-C then cannot end it before it has decided to ignore Ctrl-C."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
