"""Simulate caption-selection bandits: `sim.run(scenario)`, `sim.load_run(folder)`, or `python -m sim`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim.version import __version__

if TYPE_CHECKING:
    from sim.analysis import compare as compare
    from sim.analysis import policies as policies
    from sim.analysis import power as power
    from sim.analysis import scenarios as scenarios
    from sim.api import Run as Run
    from sim.api import load_run as load_run
    from sim.api import run as run
    from sim.api import simulate as simulate
    from sim.calibration.calibrate import calibrate as calibrate
    from sim.evaluation.api import evaluate as evaluate
    from sim.sweeps import Sweep as Sweep
    from sim.sweeps import sweep as sweep

_MODULES = {
    "sim.analysis": ("compare", "policies", "power", "scenarios"),
    "sim.api": ("Run", "load_run", "run", "simulate"),
    "sim.calibration.calibrate": ("calibrate",),
    "sim.evaluation.api": ("evaluate",),
    "sim.sweeps": ("Sweep", "sweep"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Run",
    "Sweep",
    "__version__",
    "calibrate",
    "compare",
    "evaluate",
    "load_run",
    "policies",
    "power",
    "run",
    "scenarios",
    "simulate",
    "sweep",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    # Lazily: `import sim` must stay cheap, and says who stands in the way before anything of ours is imported.
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    from sim.installation import check_neighbours  # noqa: PLC0415

    check_neighbours()
    return getattr(import_module(_MODULE_OF[name]), name)
