"""A new run takes the place of the one in a folder: the old one stays intact until the new one is complete.

    .next ── the new run is complete ──> .replacing ── old files removed ──> .moving ── files moved ──> (gone)

Each arrow is one rename. A death in between is repaired by `finish`, which goes on where the exchange stopped. Files of
the user in the folder are not touched.
"""

import shutil
from pathlib import Path

from sim.errors import StorageError
from sim.files import flush, refuse_folder
from sim.runs.folders.run_folder import MANIFEST, MOVING, OWN_FILES, OWN_FOLDERS, REPLACING, RunFolder


def exchange(folder: RunFolder) -> None:
    """Put the complete run in `folder.next` in place of the run in `folder`."""
    _refuse_other_kinds(folder)
    _rename(folder.next.path, folder.path / REPLACING)
    finish(folder)


def finish(folder: RunFolder) -> None:
    """Finish an exchange that has begun; does nothing where none has."""
    replacing, moving = folder.path / REPLACING, folder.path / MOVING
    if replacing.exists():
        folder.clear()
        _rename(replacing, moving)
    if moving.exists():
        # The manifest last: until then the folder holds no run.
        for item in sorted(moving.iterdir(), key=lambda item: item.name == MANIFEST):
            item.rename(folder.path / item.name)
        flush(folder.path)
        moving.rmdir()


def _refuse_other_kinds(folder: RunFolder) -> None:
    """Raise StorageError, before anything is removed, where a folder is in the place of a file or a file in its."""
    for name in OWN_FILES:
        refuse_folder(folder.path / name)
    for name in OWN_FOLDERS:
        if (path := folder.path / name).is_file():
            raise StorageError(f"{path}: is a file, where a folder belongs", "Move it away, then try again.")


def discard(folder: RunFolder) -> None:
    """Remove the run that was built beside."""
    shutil.rmtree(folder.next.path, ignore_errors=True)


def _rename(old: Path, new: Path) -> None:
    old.rename(new)
    flush(new.parent)
