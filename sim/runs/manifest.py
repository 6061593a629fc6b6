"""The manifest of a run: what was run, with what, how to repeat it. Nothing of the machine, the user or the path."""

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sim.runs.folder import FORMAT
from sim.version import __version__

if TYPE_CHECKING:
    from sim.scenario import Scenario

LIBRARIES = ("numba", "numpy", "polars", "pyarrow", "scipy", "simpy")


def manifest(scenario: "Scenario") -> dict[str, Any]:
    """The manifest of a run that begins."""
    return {
        "format": FORMAT,
        "program": "caption-bandit-sim",
        "version": __version__,
        "status": "running",
        "scenario": scenario.name,
        "digest": scenario.digest,
        "seed": scenario.seed,
        "replications": scenario.replications,
        "policies": [spec.name for spec in scenario.policies],
        "repeat": "python -m sim run scenario.yaml --out repeated",
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }
