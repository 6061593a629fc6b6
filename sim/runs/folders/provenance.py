"""Which code makes a run: versions of libraries, and digests of the sources that its numbers depend on.

The engine has one digest, and every policy one of its own: editing one policy does not disturb runs without it. A
policy's digest covers the module of its class and every module that this one takes something from, plug-ins included;
the standard library and the libraries in `LIBRARIES` are known by their versions.
"""

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from policies.registry import kinds
from sim.installation import LIBRARIES

ENGINE = (
    *("sim/worlds", "sim/calendar", "sim/tables", "sim/kernels.py", "sim/rng.py", "sim/units.py"),
    *("policies/base.py", "policies/maths"),
)
_HOME = Path(__file__).resolve().parents[3]
_ENGINE_MODULES = ("policies.base", "policies.maths", "policies.registry")
_KNOWN_BY_VERSION = frozenset({*LIBRARIES, *sys.stdlib_module_names, "pydantic", "llvmlite"})


def code_digests(policy_kinds: Iterable[str]) -> dict[str, str]:
    """SHA-256 by what it is about: `engine`, and `policy KIND` for each kind."""
    return {"engine": engine_digest(), **{f"policy {kind}": policy_digest(kind) for kind in sorted(set(policy_kinds))}}


@cache
def engine_digest() -> str:
    """The digest of all sources of the engine, by name and content."""
    return _digest(path for part in ENGINE for path in _sources(_HOME / part))


@cache
def policy_digest(kind: str) -> str:
    """The digest of the sources of one policy kind."""
    module = inspect.getmodule(kinds()[kind])
    return _digest(sorted({path for found in _reached(module, {}) if (path := _source(found)) is not None}))


def _digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n")  # a checkout on Windows is the same code
        total.update(f"{path.name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _sources(part: Path) -> list[Path]:
    if part.is_dir():
        return sorted(part.rglob("*.py"), key=lambda path: path.relative_to(part).as_posix())
    return [part] if part.is_file() else []


def _reached(module: ModuleType | None, seen: dict[str, ModuleType]) -> Iterable[ModuleType]:
    """The module and all modules that it takes something from, those known by version left out."""
    if module is None or module.__name__ in seen or _is_known(module.__name__):
        return seen.values()
    seen[module.__name__] = module
    for name in list(_origins(module)):
        _reached(sys.modules.get(name), seen)
    return seen.values()


def _origins(module: ModuleType) -> Iterator[str]:
    for value in vars(module).values():
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str):
            yield name


def _is_known(name: str) -> bool:
    if name.startswith(_ENGINE_MODULES) or name in ("policies", "builtins"):
        return True  # part of the engine's digest
    return name.partition(".")[0] in _KNOWN_BY_VERSION


def _source(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if file and Path(file).suffix == ".py" and Path(file).is_file() else None
