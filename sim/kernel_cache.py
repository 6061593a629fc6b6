"""Numba's cache on disk, made safe: kernels of a damaged file, or without a cache, are compiled at the start.

Every file carries the SHA-256 of its content. Numba itself would fail on every later start when a file is cut short,
and run whatever machine code a damaged file holds.

Kernels are named by their content (`sim.kernels`), and the cache relies on that name alone: checkouts, containers and
shards that share a folder, by NUMBA_CACHE_DIR, compile each kernel once, and an edited comment compiles nothing.
"""

import hashlib
import os
import pickle
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from numba.core import caching

NO_CACHE = (
    "note: no folder for compiled kernels can be written, so every start compiles them again. "
    "Name one with the environment variable NUMBA_CACHE_DIR."
)
_FunctionCache: Any = caching.FunctionCache  # Numba declares no types
_Files: Any = caching.IndexDataCacheFile
_Functions: Any = caching.CompileResultCacheImpl
WORKER_NUMBER = "CAPTION_SIM_WORKER"
"""The environment variable that numbers worker processes; only the first one prints notes."""
_DIGEST_BYTES = 32
kernels: Counter[str] = Counter()
"""Of this process: how many were loaded from the cache, saved there, and compiled but not kept ("lost")."""


def enable_cache(kernel: Any) -> Any:
    """Let a kernel (a Numba dispatcher) keep its machine code on disk; returns the kernel."""
    try:
        kernel._cache = _SafeCache(kernel.py_func)
    except (RuntimeError, OSError):  # there is no folder that can be written
        kernels["lost"] += 1
        _note_missing_cache()
    return kernel


@cache
def _note(text: str) -> None:
    """Print a note once per process."""
    print(text, file=sys.stderr)  # noqa: T201 - kernels know no other output


def _note_missing_cache() -> None:
    if os.environ.get(WORKER_NUMBER, "0") == "0":
        _note(NO_CACHE)


class _NamedByContent:
    """Where a kernel's files are, independent of the file, the line and the checkout that hold its source."""

    def get_cache_path(self) -> str:
        """The folder that NUMBA_CACHE_DIR names, not one below it per source folder; else Numba's choice."""
        folder: str = super().get_cache_path()  # type: ignore[misc]
        given = os.environ.get("NUMBA_CACHE_DIR", "")
        return given if given and folder.startswith(given) else folder

    def ensure_cache_path(self) -> None:
        """Raise OSError for a folder that cannot be written, unless it holds kernels: those that an image brings."""
        try:
            super().ensure_cache_path()  # type: ignore[misc]
        except OSError:
            if not any(Path(self.get_cache_path()).glob("*.nbi")):
                raise

    def get_source_stamp(self) -> str:
        """Nothing: other sources make another name."""
        return ""

    def get_disambiguator(self) -> str:
        """Nothing: names are unique."""
        return ""


class _ContentNames(_Functions):  # type: ignore[misc]
    _locator_classes: ClassVar = [
        type(kind.__name__, (_NamedByContent, kind), {}) for kind in _Functions._locator_classes
    ]


class _SafeCache(_FunctionCache):  # type: ignore[misc]
    _impl_class = _ContentNames

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file = _CheckedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The cached machine code; None where there is none, or it cannot be used."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, compiling anew helps
            return None
        kernels["loaded"] += found is not None
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code; a full or read-only disk is no reason to stop."""
        try:
            super().save_overload(sig, data)
            kernels["saved"] += 1
        except OSError:
            kernels["lost"] += 1
            _note_missing_cache()


class _CheckedFiles(_Files):  # type: ignore[misc]
    """Index and data files whose content is preceded by its digest."""

    def _dump(self, obj: Any) -> bytes:
        payload: bytes = super()._dump(obj)
        return hashlib.sha256(payload).digest() + payload

    def _load_index(self) -> Any:
        """The index; empty where there is none, or it is damaged or of another version."""
        try:
            with open(self._index_path, "rb") as file:  # noqa: PTH123 - Numba's path is a string
                version = pickle.load(file)  # noqa: S301 - Numba's format
                stamp, overloads = _load(file.read())
        except Exception:  # noqa: BLE001 - a damaged pickle raises anything
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:  # noqa: PTH123
            return _load(file.read())


def _load(content: bytes) -> Any:
    """The object in a file; raises OSError, which Numba takes for a missing file, where the content is damaged."""
    digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise OSError("damaged cache file")
    return pickle.loads(payload)  # noqa: S301 - Numba's format, and unchanged since we wrote it
