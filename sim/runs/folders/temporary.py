"""Run folders that nobody keeps: each goes with the object that uses it, or else when the next one is made.

A folder is locked while it is in use; one that is not locked belongs to a process that was killed.
"""

import shutil
import tempfile
import weakref
from contextlib import ExitStack
from pathlib import Path

from sim.errors import StorageError
from sim.runs.folders.lock import LOCK, locked

PREFIX = "caption-sim-run-"


class TemporaryRunFolder:
    """A folder in the system's folder for temporary files; `path` is where the run goes, below `name` if there is one.

    The names of folders name runs where several are compared.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._home = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self._home, ignore_errors=True)
        self._stack.enter_context(locked(self._home))
        self._finalizer = weakref.finalize(self, self._stack.close)

    @property
    def path(self) -> Path:
        """The run folder."""
        return self._home / "run" / self._name

    def belongs_to(self, owner: object) -> None:
        """Keep the folder as long as `owner` exists."""
        self._finalizer.detach()
        weakref.finalize(owner, self._stack.close)


def remove_abandoned() -> None:
    """Remove temporary run folders of processes that were killed: each left its lock, which no other folder has."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        home = lock.parent
        try:
            with locked(home):
                shutil.rmtree(home / "run", ignore_errors=True)
            home.rmdir()
        except (StorageError, OSError):  # in use, or of another user
            continue
