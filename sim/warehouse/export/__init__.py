"""The project's functions, tables and checks as files of other tools: one module per form, with a function `files`."""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.warehouse.export.content import Content


def forms() -> list[str]:
    """Names of all forms, as `--as` takes them."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("as_"))
    return sorted(name.removeprefix("as_").replace("_", "-") for name in names)


def files(form: str, content: "Content") -> dict[str, str]:
    """The files of one form, by path below the folder of the export."""
    module = import_module(f"{__name__}.as_{form.replace('-', '_')}")
    found: dict[str, str] = module.files(content)
    return found
