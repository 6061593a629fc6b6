"""Every policy that can be named in a scenario: one file each in this package, or an entry point of another's.

A module of `policies` contributes the subclasses of `Policy` that it defines with a `kind`; an entry point of group
`caption_bandit_sim.policies` contributes the class, or all such classes of the module, that it names. Nothing is
imported before the first question; a plug-in that cannot be loaded is mentioned only when a kind is asked for that
is not there.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import policies
from policies import plugin
from policies.base import Policy

GROUP = "caption_bandit_sim.policies"


def kinds() -> dict[str, type[Policy]]:
    """Every policy class by its kind, in alphabetical order; raises ValueError where two claim one kind."""
    return dict(_found()[0])


def broken() -> dict[str, str]:
    """Entry points that could not be loaded, by name, and why."""
    return dict(_found()[1])


def build(kind: str, params: Mapping[str, Any] | None = None) -> Policy:
    """The policy of this kind; lists become tuples; raises ValueError naming the kind or parameter that is wrong."""
    found = kinds()
    if kind not in found:
        raise ValueError(f"unknown policy {kind!r}{_known(found)}{_plugins_missing()}")
    given = dict(params or {})
    names = [item.name for item in fields(found[kind])]
    for name in given:
        if name not in names:
            raise ValueError(f"{name}: {kind} has no such parameter{_known(names)}")
    return found[kind](**{name: _as_tuple(value) for name, value in given.items()})


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _known(known: Iterable[str]) -> str:
    return f"; known: {', '.join(known) or 'none'}"


def _plugins_missing() -> str:
    return "".join(f"; plug-in {name!r} could not be loaded ({why})" for name, why in broken().items())


@cache
def _found() -> tuple[dict[str, type[Policy]], dict[str, str]]:
    classes: dict[str, type[Policy]] = {}
    failures: dict[str, str] = {}
    for module in _own_modules():
        _add(classes, policies_in(module))
    for point in entry_points(group=GROUP):
        try:
            _add(classes, _offered(point))
        except Exception as error:  # noqa: BLE001  (a stranger's module may raise anything)
            failures[point.name] = f"{type(error).__name__}: {error}"
    return dict(sorted(classes.items())), failures


def _own_modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(policies.__path__):
        if not found.ispkg and found.name != "registry" and not found.name.startswith("_"):
            yield importlib.import_module(f"{policies.__name__}.{found.name}")


def policies_in(module: ModuleType) -> list[type[Policy]]:
    """The policies that a module itself defines with a kind."""
    classes = [item for item in vars(module).values() if inspect.isclass(item) and issubclass(item, Policy)]
    return [item for item in classes if item.__module__ == module.__name__ and vars(item).get("kind")]


def _offered(point: EntryPoint) -> list[type[Policy]]:
    loaded = plugin.load(point)
    if inspect.ismodule(loaded):
        return policies_in(loaded)
    if inspect.isclass(loaded) and issubclass(loaded, Policy) and loaded.kind:
        return [loaded]
    raise TypeError(f"{point.value} is neither a Policy with a kind nor a module that defines one")


def _add(classes: dict[str, type[Policy]], new: Iterable[type[Policy]]) -> None:
    for item in new:
        other = classes.setdefault(item.kind, item)
        if other is not item:
            raise ValueError(f"policy kind {item.kind!r} is defined twice, by {_where(other)} and {_where(item)}")


def _where(item: type[Policy]) -> str:
    return f"{item.__module__}.{item.__qualname__}"
