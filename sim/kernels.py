"""Compile a kernel template around the plain Python functions that a policy or a world supplies.

A template names functions (`score`, `derive`, …) that it does not define. `specialise` binds them, compiles every plain
function that they reach, and caches the machine code on disk under a name that holds a digest of all
sources involved, so that editing a policy can never leave a stale kernel behind (Numba's own cache looks only
at the outermost function's file, and cannot cache closures over functions between processes).
"""

import hashlib
import inspect
import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numba

_OPTIONS = {"error_model": "numpy", "nogil": True}


@cache
def _compiled(function: types.FunctionType) -> Any:
    return numba.njit(**_OPTIONS)(_bound(function, {}, function.__qualname__))


def _is_plain(value: object) -> bool:
    return isinstance(value, types.FunctionType)


def _names(code: types.CodeType) -> set[str]:
    return set(code.co_names)


def _bound(template: types.FunctionType, bindings: dict[str, Any], name: str) -> types.FunctionType:
    """A copy of `template` whose globals hold compiled versions of every plain function it names."""
    scope = {**template.__globals__, **bindings}
    used = {key: scope[key] for key in _names(template.__code__) if key in scope}
    compiled = {key: _compiled(value) if _is_plain(value) else value for key, value in used.items()}
    bound = types.FunctionType(template.__code__, {**template.__globals__, **bindings, **compiled}, name)
    bound.__qualname__ = name
    bound.__module__ = template.__module__
    return bound


def _sources(function: types.FunctionType, bindings: dict[str, Any], seen: dict[str, str]) -> dict[str, str]:
    """Source text of `function` and of every plain function that it reaches."""
    name = f"{function.__module__}.{function.__qualname__}"
    if name in seen:
        return seen
    seen[name] = inspect.getsource(function)
    scope = {**function.__globals__, **bindings}
    for key in sorted(_names(function.__code__)):
        value = scope.get(key)
        if _is_plain(value):
            _sources(value, {}, seen)
        elif isinstance(value, (int, float, str)) or type(value).__module__ == "numpy":
            seen[f"{name}:{key}"] = repr(value)
    return seen


def specialise(template: Callable[..., Any], label: str, **bindings: Any) -> Any:
    """Compile `template` with `bindings` (functions and constants) in place of its free names."""
    assert isinstance(template, types.FunctionType)
    parts = _sources(template, bindings, {})
    parts |= {f"={key}": repr(v) for key, v in bindings.items() if not _is_plain(v)}
    digest = hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()[:16]
    name = f"{template.__name__}_{label}_{digest}"
    return numba.njit(cache=True, **_OPTIONS)(_bound(template, bindings, name))
