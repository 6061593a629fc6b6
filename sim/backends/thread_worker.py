"""A worker in a thread of this process: the main thread stays free to answer Ctrl-C and SIGTERM.

Kernels release the interpreter lock, so a signal is handled at once even while one long kernel runs. A kernel itself
cannot be stopped: its thread is told to end at the first Python instruction that follows, before it writes anything.
"""

import ctypes
import threading
from collections.abc import Callable
from queue import Queue, SimpleQueue
from typing import Any

STACK_BYTES = 64 * 2**20  # Numba compiles recursively; some systems give threads half a megabyte
GRACE_SECONDS = 1.0


class _Cancelled(BaseException):
    """Ends the thread."""


class ThreadWorker:
    """Runs jobs in a daemon thread; answers arrive in `answers`, an exception as the problem itself."""

    def __init__(self, work: Callable[[Any], Any], answers: "Queue[tuple[Any, Any]]") -> None:
        self.job: Any = None
        self._work, self._answers = work, answers
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        before = threading.stack_size(STACK_BYTES)
        try:
            self._thread = threading.Thread(target=self._serve, daemon=True)
            self._thread.start()
        finally:
            threading.stack_size(before)

    def give(self, job: Any) -> None:
        """Start a job."""
        self.job = job
        self._jobs.put(job)

    def stop(self) -> None:
        """End the thread after the kernel that it runs; waits a moment for it."""
        ident = ctypes.c_ulong(self._thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(_Cancelled))
        self._jobs.put(None)  # a waiting thread runs no instruction
        self._thread.join(GRACE_SECONDS)

    def _serve(self) -> None:
        try:
            while True:
                self._answers.put((self, self._answer(self._jobs.get())))
        except _Cancelled:
            return

    def _answer(self, job: Any) -> tuple[Any, Any]:
        try:
            return self._work(job), None
        except Exception as error:  # noqa: BLE001 - the main thread raises it again
            return None, error
