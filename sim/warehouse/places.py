"""Paths of local targets: what may name one, and private folders beside them."""

import re
import shutil
import tempfile
from pathlib import Path

from sim.errors import InputError
from sim.files import make_folder

MARK = ".caption-sim"  # a file that marks a folder as made by this program, for scratch files only
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def refuse_url(kind: str, place: str) -> None:
    """InputError for a URL such as gs://bucket/folder, which would otherwise become a folder named `gs:`."""
    if _URL.match(place):
        raise InputError(
            f"{kind}:{place}: object stores and other URLs are not supported here",
            f"write to a local path ({kind}:./name), then copy it with the tool of the store",
        )


def scratch_folder(path: Path) -> Path:
    """A new private folder beside `path`, removed by `remove_scratch`. Old ones of the same path are removed first.

    The caller must hold `path` for itself (DuckDB locks its file), so that a folder of an earlier process is stale.
    """
    make_folder(path.parent)
    prefix = f".{path.name}.scratch-"
    for old in path.parent.iterdir():
        if old.name.startswith(prefix):
            remove_scratch(old)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    (folder / MARK).touch()
    return folder


def remove_scratch(folder: Path) -> None:
    """Remove a folder that `scratch_folder` made; one without the mark is left alone."""
    if not folder.is_symlink() and (folder / MARK).is_file():
        shutil.rmtree(folder, ignore_errors=True)
