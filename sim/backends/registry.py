"""The backends that `--backend` names: every module of this package that has a function `open_backend`."""

import pkgutil
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import sim.backends
from sim.backends.base import Backend, BackendOptions
from sim.backends.executor import ExecutorBackend
from sim.backends.local import LocalBackend
from sim.errors import InputError


def names() -> list[str]:
    """Of all backends; the modules import no large library."""
    modules = sorted(module.name for module in pkgutil.iter_modules(sim.backends.__path__))
    return [name for name in modules if hasattr(_module(name), "open_backend")]


def backend_named(name: str, options: BackendOptions) -> Backend:
    """The backend of that name; raises InputError where it is not installed or the options do not fit."""
    backend: Backend = _module(name).open_backend(options)
    return backend


def as_backend(given: "Backend | Executor | str | None", workers: int) -> Backend:
    """The backend that Python code asks for: one of ours, its name, or any executor of `concurrent.futures`.

    None means `workers` processes of this machine. Raises InputError for anything else.
    """
    match given:
        case None:
            return LocalBackend(workers)
        case Executor():
            return ExecutorBackend(given)
        case str() if given in names():
            return backend_named(given, BackendOptions(workers))
    if not callable(getattr(given, "run", None)):
        raise InputError(f"backend must be one of {', '.join(names())}, or an executor, got {given!r}")
    return given  # type: ignore[return-value]  # has the method of the protocol


def kept(backend: Backend) -> AbstractContextManager[Backend]:
    """The backend for several runs; one that takes long to start, and so has a method `kept`, starts once."""
    method = getattr(backend, "kept", None)
    return nullcontext(backend) if method is None else method()


def _module(name: str) -> Any:
    return import_module(f"sim.backends.{name}")
