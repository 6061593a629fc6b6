"""Incidents of the deployed system: each has a file of its own, with its scenario keys and its SimPy process.

A new incident is one new file in this folder that defines a subclass of `Incident` with a `kind`.
"""

import importlib
import pkgutil
from functools import cache

from sim.calendar.incidents.base import Incident


@cache
def kinds() -> dict[str, type[Incident]]:
    """Every kind of incident, in alphabetical order."""
    found: dict[str, type[Incident]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base":
            loaded = importlib.import_module(f"{__name__}.{module.name}")
            for item in vars(loaded).values():
                if isinstance(item, type) and issubclass(item, Incident) and item.__module__ == loaded.__name__:
                    found[item.model_fields["kind"].default] = item
    return dict(sorted(found.items()))
