"""Signals that end the program are never lost.

Python raises KeyboardInterrupt in the code that runs: also in a destructor or a callback, whose exceptions it only
prints. Such an interrupt would be lost; it is sent again after a moment.
"""

import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer, main_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

AGAIN_SECONDS = 0.05


class Terminated(BaseException):
    """SIGTERM arrived; a BaseException, so that no `except Exception` swallows it."""


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """In the block SIGTERM raises `Terminated`, and neither it nor an interrupt is lost in a callback."""
    signal.signal(signal.SIGTERM, _raise_terminated)
    before = sys.unraisablehook

    def again(problem: "UnraisableHookArgs") -> None:
        if not issubclass(problem.exc_type, (KeyboardInterrupt, Terminated)):
            before(problem)
            return
        what = signal.SIGTERM if issubclass(problem.exc_type, Terminated) else signal.SIGINT
        Timer(AGAIN_SECONDS, _interrupt, [what]).start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt(number: signal.Signals) -> None:
    """Send a signal to the main thread, which may wait for something."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main_thread().ident or 0, number)
    else:
        interrupt_main(number)


def _raise_terminated(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise Terminated
