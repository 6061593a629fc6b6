"""Which targets there are, and how to open one.

A kind of target is a module of this package with an attribute TARGET, or an entry point of group
`caption_bandit_sim.targets` that names such a class; the kind is the module's or entry point's name. A new target is
therefore one new file. Modules are imported when their kind is asked for: each engine takes a fraction of a second,
and the BigQuery client is an extra.
"""

import importlib
import importlib.util
import os
import pkgutil
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Protocol, cast

import sim.warehouse
from policies import plugin
from sim.errors import InputError
from sim.warehouse.base import Target, TargetSpec
from sim.warehouse.guard import WritePermission, permission, refuse_production

GROUP = "caption_bandit_sim.targets"


class TargetKind(Protocol):
    """The class side of a target: what is known before anything is opened."""

    form: str  # how the user writes it, such as "duckdb:FILE"
    guarded: bool  # whether writing requires a permission of the write guard

    @staticmethod
    def check_place(place: str) -> None:
        """InputError if `place`, the text after the colon, cannot name such a target."""

    @classmethod
    def open(cls, spec: TargetSpec, *, read_only: bool, permission: WritePermission | None) -> Target:
        """Open it; a target that is only read must exist, a local one that is written to is created."""

    @classmethod
    def preview(cls, spec: TargetSpec) -> Target:
        """Open it to plan a deployment: creates nothing, and an absent local target counts as empty."""


def kinds() -> dict[str, TargetKind]:
    """Every kind by its name; entry points that cannot be loaded are left out. Imports all engines."""
    names = [module.name for module in pkgutil.iter_modules(sim.warehouse.__path__)]
    names += [point.name for point in entry_points(group=GROUP)]
    found = {name: _loadable(name) for name in names}
    return {name: kind for name, kind in found.items() if kind is not None}


def _loadable(name: str) -> TargetKind | None:
    try:
        return _kind(name)
    except InputError:
        return None


def parse_target(text: str) -> TargetSpec:
    """Read a TARGET such as `duckdb:FILE`; InputError for unknown kinds and for places outside the kind's grammar."""
    name, colon, place = text.partition(":")
    kind = _kind(name) if colon else None
    if kind is None or not place.strip() or "\0" in place:
        forms = sorted(one.form for one in kinds().values())
        raise InputError(f"invalid target {text!r}", f"use {', '.join(forms[:-1])} or {forms[-1]}")
    kind.check_place(place)
    return TargetSpec(name, place)


def open_target(spec: TargetSpec, *, read_only: bool = False, permission: WritePermission | None = None) -> Target:
    """Open a target; writing to a guarded one requires a `permission`, without which it only reads."""
    return _known(spec.kind).open(spec, read_only=read_only, permission=permission)


def preview(spec: TargetSpec) -> Target:
    """Open a target to plan a deployment; nothing is created."""
    return _known(spec.kind).preview(spec)


def writing(
    target: str, allow_write: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[TargetSpec, WritePermission | None]:
    """The parsed target of a writing command, with the permission that it needs (None for a local target)."""
    refuse_production(target)
    spec = parse_target(target)
    guarded = _known(spec.kind).guarded
    return spec, permission(spec.place, allow_write, environment) if guarded else None


def _known(name: str) -> TargetKind:
    kind = _kind(name)
    if kind is None:
        raise InputError(f"invalid target kind {name!r}", f"known kinds: {', '.join(sorted(kinds()))}")
    return kind


def _kind(name: str) -> TargetKind | None:
    """The kind of this name: a module beside this one first, so that a plug-in cannot take its name."""
    if not name.isidentifier() or not name.isascii():
        return None
    module = f"sim.warehouse.{name}"
    if importlib.util.find_spec(module) is not None:
        return cast(TargetKind | None, getattr(importlib.import_module(module), "TARGET", None))
    for point in entry_points(group=GROUP, name=name):
        try:
            return cast(TargetKind, plugin.load(point))
        except Exception as error:  # code of another package may raise anything
            why = f"{type(error).__name__}: {error}"
            raise InputError(f"target {name!r}: its plug-in could not be loaded ({why})") from error
    return None
