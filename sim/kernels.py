"""Compile a kernel template around the plain Python functions that a policy or a world supplies.

A template, and any plain function that it calls, may use functions (`score`, `summarise`, …) and constants that their
modules only declare: `score = unbound("score")`. `specialise` binds them, compiles every plain function that the
template reaches, and caches the machine code on disk under a name that holds a digest of all sources involved, so that
editing a policy can never leave a stale kernel behind (Numba's own cache looks only at the outermost function's file,
and cannot cache closures over functions between processes). Such digests name the inner functions, too: Numba
distinguishes functions of one name by a number that it assigns anew in each process, so a kernel from disk and one
compiled here would otherwise share symbols, and the linker would silently keep one of the two. Constants are compiled
in: branches on them cost nothing.
"""

import ast
import dis
import hashlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from types import CodeType, FunctionType
from typing import Any, TypeVar

import numba
from numba.core.errors import NumbaError

from policies.unbound import Unbound, unbound
from sim import inner_functions, references
from sim.errors import InputError
from sim.kernel_cache import enable_cache

__all__ = ["NoRefcountKernel", "compiling_rule", "declared", "force_inline", "specialise", "unbound"]

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # Numba paints its messages where colorama is installed
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}

_Bound = tuple[tuple[str, type, Any], ...]  # hashable; the type tells 1 from True and 1.0


_Function = TypeVar("_Function", bound=Callable[..., Any])


def force_inline(function: _Function) -> _Function:
    """Have kernels hold a copy of this function at every call: passing a few arrays on costs 5 to 10 ns a call."""
    function.force_inline = True  # type: ignore[attr-defined]
    return function


def specialise(template: Callable[..., Any], label: str, *, refcount: bool = True, **bindings: Any) -> Any:
    """Compile `template` with `bindings`: module-level functions and constants for the names it declares as unbound.

    The bindings must be exactly the names that the template and the functions that it reaches declare (`declared`). A
    template that makes no array of its own (by `np.zeros`, nor by a reduction like `.max()`) can say so with
    `refcount=False`: its arrays are then not reference-counted. The atomic updates of such counts, at every slice and
    call, cost several times the arithmetic of a small function. Where a bound function makes an array after all, the
    kernel still works: it is compiled again with the counts, at each start. Raises TypeError for a name that is not
    bound, a binding that is not declared, and a template, or a function that it reaches, that is not plain.
    """
    if not isinstance(template, FunctionType):
        raise TypeError(f"a kernel template must be a plain Python function, not {template!r}")
    bound = _frozen(bindings, bindings)
    needed = _needed(template, bound)
    if wrong := sorted(needed ^ set(bindings)):
        what = "is not bound" if wrong[0] in needed else "is not declared as unbound by any function that it reaches"
        raise TypeError(f"kernel {template.__name__}: `{wrong[0]}` {what}")
    return _specialised(template, label, bound, True) if refcount else _no_refcount(template, label, bound)


def declared(template: Callable[..., Any], available: Mapping[str, Any]) -> dict[str, Any]:
    """Of the `available` bindings, those that `template` and the functions that it reaches declare as unbound."""
    assert isinstance(template, FunctionType)
    needed = _needed(template, _frozen(available, available))
    return {name: value for name, value in available.items() if name in needed}


class NoRefcountKernel:
    """A kernel without reference counts; with them from the moment that this turns out to be impossible."""

    def __init__(self, template: FunctionType, label: str, bound: _Bound) -> None:
        self._kernel = _specialised(template, label, bound, False)
        self._counted = partial(_specialised, template, label, bound, True)

    def __call__(self, *args: Any) -> Any:
        """Run the kernel; raises what it raises, and NumbaError where it cannot be compiled at all."""
        try:
            return self._kernel(*args)
        except NumbaError:
            self._kernel = self._counted()
            return self._kernel(*args)


@contextmanager
def compiling_rule(policy: str) -> Iterator[None]:
    """Inside, a rule that Numba cannot compile is an InputError that names the policy, the reason and the line."""
    try:
        yield
    except NumbaError as error:
        raise InputError(
            f"policy {policy}: its rule cannot be compiled: {_reason(str(error))}",
            "docs/policies.md says what a rule may use; policies.conformance.check tries one by itself.",
        ) from error


def _reason(text: str) -> str:
    """The first thing that Numba found wrong, and where; the rest of its message tells how it got there."""
    lines = [line.strip() for line in _COLOURS.sub("", text).splitlines()]
    found = [line for line in lines if line and not line.startswith(("Failed in", "- Resolution failure", "File "))]
    places = [line.rstrip(":") for line in lines if line.startswith("File ")]
    return ", ".join([*found[:1], *places[:1]])


@cache
def _needed(template: FunctionType, bound: _Bound) -> frozenset[str]:
    """What `template` declares as unbound: to find it costs as much as a thousand pulls, and every block asks."""
    return frozenset(_declared(template, _thawed(bound), set()))


@cache
def _no_refcount(template: FunctionType, label: str, bound: _Bound) -> NoRefcountKernel:
    return NoRefcountKernel(template, label, bound)


@cache
def _specialised(template: FunctionType, label: str, bound: _Bound, refcount: bool) -> Any:
    copy = _copy(template, _thawed(bound), f"{template.__name__}_{label}", refcount)
    return enable_cache(numba.njit(**_options(refcount))(copy))


def _options(refcount: bool) -> dict[str, Any]:
    return _OPTIONS if refcount else {**_OPTIONS, "_nrt": False}


@cache
def _compiled(function: FunctionType, bound: _Bound, refcount: bool) -> Any:
    # Only kernels call these.
    inner = {**_options(refcount), "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    if getattr(function, "force_inline", False):
        inner["forceinline"] = True
    copy = _copy(function, _thawed(bound), function.__qualname__, refcount)
    return numba.njit(**inner, pipeline_class=inner_functions.InnerCompiler)(copy)


def _frozen(bindings: Mapping[str, Any], names: Iterable[str]) -> _Bound:
    return tuple((name, type(bindings[name]), bindings[name]) for name in sorted(names))


def _thawed(bound: _Bound) -> dict[str, Any]:
    return {name: value for name, _, value in bound}


def _copy(function: FunctionType, bindings: Mapping[str, Any], label: str, refcount: bool) -> FunctionType:
    """`function` over globals in which every plain function that it names is compiled, under a name of its own."""
    if function.__closure__:
        raise TypeError(f"{function.__qualname__} reads variables of an enclosing function, which no kernel can")
    used = {key: _value(value, bindings, refcount) for key, value in _used(function, bindings)}
    name = f"{label}_{_digest(function, bindings)}{'' if refcount else '_no_refcount'}"
    copy = FunctionType(function.__code__, {**function.__globals__, **used}, name, function.__defaults__)
    copy.__qualname__ = name
    copy.__module__ = function.__module__
    return copy


def _value(value: Any, bindings: Mapping[str, Any], refcount: bool) -> Any:
    if not isinstance(value, FunctionType):
        return value
    # Functions that no binding touches are compiled once for all kernels.
    return _compiled(value, _frozen(bindings, _declared(value, bindings, set())), refcount)


def _used(function: FunctionType, bindings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, value) of the globals that it reads; a declared name has the value that it is bound to, if any."""
    for key in sorted(_names(function.__code__)):
        if key in function.__globals__:
            value = function.__globals__[key]
            yield key, bindings.get(value.name, value) if isinstance(value, Unbound) else value


@cache
def _names(code: CodeType) -> frozenset[str]:
    """The globals that it reads; `co_names` would add the attributes, which may be named like a function."""
    return frozenset(step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL")


def _declared(function: FunctionType, bindings: Mapping[str, Any], seen: set[FunctionType]) -> set[str]:
    """The names that `function`, and the functions that it reaches under these bindings, declare as unbound."""
    if function in seen:
        return set()
    seen.add(function)
    own = (function.__globals__.get(key) for key in _names(function.__code__))
    found = {value.name for value in own if isinstance(value, Unbound)}
    for _, value in _used(function, bindings):
        if isinstance(value, FunctionType):
            found |= _declared(value, bindings, seen)
    return found


def _digest(function: FunctionType, bindings: Mapping[str, Any]) -> str:
    # How these modules compile is part of what was compiled.
    parts = _sources(function, bindings, {"": _own_source()})
    return hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()[:16]


def _sources(function: FunctionType, bindings: Mapping[str, Any], seen: dict[str, str]) -> dict[str, str]:
    """Source of `function` and of every plain function and constant that it reaches, by qualified name."""
    name = f"{function.__module__}.{function.__qualname__}"
    if name in seen:
        return seen
    seen[name] = _source(function)
    for key, value in (*_used(function, bindings), *function.__annotations__.items()):
        if isinstance(value, FunctionType):
            seen[f"{name}:{key}"] = f"{value.__module__}.{value.__qualname__}"
            _sources(value, bindings, seen)
        elif isinstance(value, (int, float, str, tuple)) or type(value).__module__ == "numpy":
            seen[f"{name}:{key}"] = repr(value)
        elif hasattr(value, "_fields"):  # a named tuple: kernels read its fields by position
            seen[f"{name}:{key}"] = repr(value._fields)
    return seen


@cache
def _source(function: FunctionType) -> str:
    """Its statements, without comments, docstring and annotations: these may change without compiling anew."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    body = tree.body[0].body if isinstance(tree.body[0], ast.FunctionDef) else []
    if len(body) > 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del body[0]
    return ast.dump(tree)


@cache
def _own_source() -> str:
    return "".join(map(inspect.getsource, (sys.modules[__name__], inner_functions, references)))
