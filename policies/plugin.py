"""Load what a package of someone else offers by an entry point."""

import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from typing import Any


def load(point: EntryPoint) -> Any:
    """What the entry point names; what its module prints goes to stderr, for stdout belongs to results.

    Raises ImportError where the module ends the process, and whatever else the module raises.
    """
    try:
        with redirect_stdout(sys.stderr):
            return point.load()
    except SystemExit as end:
        raise ImportError(f"it calls exit({end.code!r}) when it is imported") from end
