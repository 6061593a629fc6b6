"""Under a limit of memory (`ulimit -v`) a child does the work: some libraries abort their process where memory ends.

parent: waits, passes signals on, says what an abort means
child:  runs the command, and ends when its parent does
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator

from sim.errors import EXIT_INTERRUPTED, StorageError

_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
_BY_PROCESS = 0  # si_code SI_USER; Ctrl-C comes from the terminal, which sends it to the child too
_PR_SET_PDEATHSIG = 1
_ABORTS = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)


def limit() -> int | None:
    """The limit of this process's memory in bytes; None where there is none, or on another system than Linux."""
    if not sys.platform.startswith("linux"):
        return None
    import resource  # noqa: PLC0415 - not on Windows

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if most == resource.RLIM_INFINITY else most


def may_lack_memory(problem: BaseException) -> bool:
    """Whether a limit of memory may be the cause of a problem whose text does not say so."""
    if limit() is None or (isinstance(problem, OSError) and problem.errno is not None):
        return False
    return any(isinstance(each, (OSError, ImportError, SystemError)) for each in _chain(problem))


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


def within_limit(run: Callable[[], int], say: Callable[[StorageError], int]) -> int:
    """The exit code of `run`; an abort under a limit of memory becomes an error, which `say` prints."""
    most = limit()
    if most is None:
        return run()
    waited = {signal.SIGCHLD, *_PASSED_ON}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)  # until the parent waits for them
    own, write = os.pipe()
    child = os.fork()
    if child == 0:
        _end_with_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        code = run()
        os.write(write, bytes([code]))  # the command's own: some libraries exit with 1
        return code
    os.close(write)
    code, signals = _ending(child, waited)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    said = os.read(own, 1)
    if said and (code != EXIT_INTERRUPTED or signal.SIGINT in signals):  # OpenBLAS interrupts itself
        return code if code >= 0 else said[0]  # a library may abort at the very end, when all is said
    if code < 0 and -code not in _ABORTS:
        return 128 - code
    how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    return say(
        StorageError(
            f"not enough memory: a library ended the process ({how})",
            f"The limit is {most / 2**20:,.0f} MB of addresses (`ulimit -v`). Raise it, or use fewer --workers.",
        )
    )


def _ending(child: int, waited: set[signal.Signals]) -> tuple[int, set[int]]:
    """Pass signals on until the child ends; its exit code, or minus the signal that ended it, and what has arrived."""
    seen: set[int] = set()
    while True:
        found = signal.sigwaitinfo(waited)
        seen.add(found.si_signo)
        if found.si_signo in _PASSED_ON and found.si_code <= _BY_PROCESS:
            os.kill(child, found.si_signo)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            while late := signal.sigtimedwait(waited, 0):  # a second Ctrl-C
                seen.add(late.si_signo)
            return os.waitstatus_to_exitcode(status), seen


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
