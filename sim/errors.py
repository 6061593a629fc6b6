"""Every error that a user can cause, as a tree; the command line turns each into one message and an exit code.

SimError                     70  base class, never raised itself
├── CheckFailedError          1  a check of the scenario, or of a warehouse, failed
├── InputError                2  a command's arguments, or a scenario, are wrong
│   └── ScenarioError         2  a scenario is wrong; it holds every problem found, each at file:line
├── StorageError              3  reading or writing on this machine failed
├── RemoteError               4  a remote service failed
└── WriteNotPermittedError    5  the write guard refused
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass

EXIT_DEFECT = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class SimError(Exception):
    """What went wrong and, in `hint`, what to do about it."""

    exit_code = EXIT_DEFECT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(hint)  # for those who meet it in Python


class CheckFailedError(SimError):
    """A check failed; the results are written nevertheless."""

    exit_code = 1


class InputError(SimError):
    """A command's arguments, or a scenario, are wrong."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One mistake in a scenario: which key, where it is written, and what is wrong."""

    key: str  # dotted path, such as "world.means.3"; "" for the document as a whole
    message: str
    file: str  # as the user named it; "--set KEY" for an override
    line: int | None = None  # from 1; None where there are no lines

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        # An override's place already says which key.
        named = not self.key or place == f"--set {self.key}"
        return f"{place}: {self.message}" if named else f"{place}: {self.key}: {self.message}"


class ScenarioError(InputError):
    """A scenario that cannot be run; `problems` are all that was found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem], hint: str = "") -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join((f"the scenario has {count}", *map(str, problems))), hint)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type["ScenarioError"], tuple[tuple[Problem, ...], str]]:
        """Pickle by the problems: a worker's error reaches its parent whole."""
        return type(self), (self.problems, self.hint)


class StorageError(SimError):
    """A file or folder cannot be read or written."""

    exit_code = 3


class RemoteError(SimError):
    """A remote service refused, failed or did not answer in time."""

    exit_code = 4


class WriteNotPermittedError(SimError):
    """The write guard refused, before anything was written."""

    exit_code = 5


_NO_MEMORY_TEXTS = ("failed to map segment", "cannot allocate memory", "can't start new thread", "out of memory")


def out_of_memory(problem: BaseException) -> bool:
    """Whether the cause is a lack of memory; libraries report it in several ways, some only in their text."""
    if isinstance(problem, MemoryError) or (isinstance(problem, OSError) and problem.errno == errno.ENOMEM):
        return True
    return any(text in str(problem).lower() for text in _NO_MEMORY_TEXTS)
