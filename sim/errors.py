"""Every error that a user can cause, as a tree; the command line turns each into one message and an exit code.

    SimError                 70  (never raised itself)
    ├── CheckFailed           1  a check of the scenario, or of a warehouse, failed
    ├── UsageError            2  a command's words, or a scenario, are wrong
    │   └── ScenarioError     2  … with every problem found, each at file:line
    ├── LocalError            3  reading or writing on this machine
    ├── RemoteError           4  a remote service
    └── WriteRefused          5  the write guard
"""

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


class CheckFailed(SimError):
    """A check did not hold; the results are written all the same."""

    exit_code = 1


class UsageError(SimError):
    """Bad usage of a command."""

    exit_code = 2


class LocalError(SimError):
    """A file or folder cannot be read or written."""

    exit_code = 3


class RemoteError(SimError):
    """A remote service refused, failed or did not answer in time."""

    exit_code = 4


class WriteRefused(SimError):
    """The write guard said no, before the first byte."""

    exit_code = 5
