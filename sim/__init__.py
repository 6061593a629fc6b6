"""Simulate caption-selection bandits: `sim.run(scenario)`, `sim.load_run(folder)`, or `python -m sim`."""

from typing import TYPE_CHECKING, Any

from sim.version import __version__

if TYPE_CHECKING:
    from sim.api import Run as Run
    from sim.api import load_run as load_run
    from sim.api import run as run
    from sim.api import simulate as simulate
    from sim.calibration.calibrate import calibrate as calibrate
    from sim.sweeps import Sweep as Sweep
    from sim.sweeps import sweep as sweep

__all__ = ["Run", "Sweep", "__version__", "calibrate", "load_run", "run", "simulate", "sweep"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    # Lazily: `import sim` must stay cheap, and says who stands in the way before anything of ours is imported.
    if name not in __all__:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    from sim.installation import check_neighbours  # noqa: PLC0415

    check_neighbours()
    if name == "calibrate":
        from sim.calibration.calibrate import calibrate  # noqa: PLC0415

        return calibrate
    from sim import api, sweeps  # noqa: PLC0415

    return getattr(sweeps if name in ("Sweep", "sweep") else api, name)
