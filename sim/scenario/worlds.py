"""The registry of worlds: a module of `sim.scenario.sections` that declares `WORLD` adds one.

No other code tests which kind a world is, except where it reads keys that only one section has.
"""

import importlib
import pkgutil

from sim.scenario import sections
from sim.scenario.sections.world_kind import WorldKind


def _found() -> dict[str, WorldKind]:
    kinds = {}
    for module in pkgutil.iter_modules(sections.__path__):
        declared = getattr(importlib.import_module(f"{sections.__name__}.{module.name}"), "WORLD", None)
        if declared is not None:
            kinds[declared.kind] = declared
    return kinds


WORLDS = _found()
"""Every kind of world by its name, in alphabetical order."""
