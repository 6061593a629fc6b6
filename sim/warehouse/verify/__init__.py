"""Read-only checks of a warehouse: its table, functions, rows and operation. Each result says what it means.

with open_target(parse_target("duckdb:eros.duckdb"), read_only=True) as target:
    results = verify(target)
failures = [result for result in results if result.status == "fail"]
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.warehouse.verify.options import FALSE_ALARM, Options
    from sim.warehouse.verify.results import Result, Status
    from sim.warehouse.verify.running import all_checks, check_functions, verify

__all__ = ["FALSE_ALARM", "Options", "Result", "Status", "all_checks", "check_functions", "verify"]
_HOME = {"FALSE_ALARM": "options", "Options": "options", "Result": "results", "Status": "results"}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `--help` reads the check files only."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'running')}"), name)
