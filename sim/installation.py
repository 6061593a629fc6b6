"""What is installed: the versions that numbers depend on, and whether the packages beside `sim` are ours.

`policies`, `reports`, … are names that a stranger may use as well.
"""

import importlib.util
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from sim.errors import StorageError
from sim.version import __version__

NEIGHBOURS = ("policies", "scenarios", "reports", "sql")
LIBRARIES = ("numba", "numpy", "polars", "pyarrow", "scipy", "simpy")
PROGRAM = "caption-bandit-sim"
_HOME = Path(__file__).resolve().parent.parent


@cache
def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def versions() -> dict[str, str]:
    """`library_versions`, after the version of this program."""
    return {PROGRAM: __version__, **library_versions()}


def check_neighbours() -> None:
    """Raise StorageError when a package of this program is missing or a stranger's of the same name comes first.

    Costs a search of `sys.path` per name and imports nothing.
    """
    for name in NEIGHBOURS:
        _check_neighbour(name)


def _check_neighbour(name: str) -> None:
    found = _location(name)
    if found is None:
        raise StorageError(
            f"the package '{name}' of this program is missing beside {_HOME / 'sim'}", "Install it again."
        )
    if found != _HOME / name:
        raise StorageError(
            f"another package named '{name}' stands in the way: Python finds {found} before {_HOME / name}",
            "Start from another folder, or use the command `caption-sim`, or rename or uninstall the other package.",
        )


def _location(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # a module put into sys.modules by hand, without a spec
        return Path(f"<{name} in sys.modules>")
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin or name).resolve()
