"""What a worker process runs: it receives jobs on stdin and sends answers on what was its stdout.

    parent                          worker
      │ ── work, job, job, … (stdin) ──> │  a thread receives; at the end of the stream the process exits
      │ <── answer, answer, … (stdout) ─ │  the main thread imports and works

The parent holds the only other end of stdin. When the parent ends, for whatever reason, the receiving thread sees the
end of the stream and the worker exits at once, also while it imports or while a kernel runs. What a job prints goes to
stderr. This module imports little, so that the thread starts first.
"""

import gc
import os
import pickle
import signal
import sys
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from sim.backends.messages import receive, send

COLLECT_AFTER = 100_000
"""Objects made before Python looks for cycles among the young ones: at 700 that is a tenth of the time to compile."""


def serve() -> None:
    """Run jobs until the parent closes stdin; never returns."""
    gc.set_threshold(COLLECT_AFTER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the parent decides
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    messages: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()
    work = messages.get()
    while True:
        send(answers, _answer(work, messages.get()))


def _listen(stream: BinaryIO, messages: "SimpleQueue[bytes]") -> None:
    while (message := receive(stream)) is not None:
        messages.put(message)
    os._exit(1)


def _answer(work: bytes, job: bytes) -> bytes:
    """The pickled answer to a job: (result, None), or (None, problem)."""
    from sim.backends.problems import attempt, describe  # noqa: PLC0415 - after the thread has started

    try:
        return pickle.dumps(attempt(pickle.loads(work), pickle.loads(job)))  # noqa: S301 - from our parent
    except Exception as error:  # noqa: BLE001 - the parent raises it again
        return pickle.dumps((None, describe(error)))
