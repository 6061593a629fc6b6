"""The C kernel of `bernoulli.c`, compiled on first use for this machine, behind one Python function."""

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies import draws

SOURCE = Path(__file__).with_name("bernoulli.c")
POLICIES = ("wilson_sample", "thompson_beta", "ucb1", "kl_ucb", "epsilon_greedy")


@cache
def library() -> ctypes.CDLL:
    """The compiled kernel, with the ziggurat's tables in place."""
    target = Path(tempfile.mkdtemp(prefix="limit-")) / "bernoulli.so"
    flags = ["-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", target, SOURCE, "-lm"], check=True)
    compiled = ctypes.CDLL(str(target))
    edges, densities = draws._EDGE, draws._DENSITY
    compiled.set_ziggurat(ctypes.c_long(len(edges)), _pointer(edges), _pointer(densities))
    return compiled


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def simulate(
    policy: str,
    *,
    params: tuple[float, ...],
    pulls: int,
    means: NDArray[np.float64],
    outcome: NDArray[np.uint64],
    own: NDArray[np.uint64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(regret, reward), each (rows,), of `pulls` pulls on `means` (rows, arms), given the rows' keys, each (rows,)."""
    rows, arms = means.shape
    regret, reward = np.zeros(rows), np.zeros(rows)
    numbers = np.array(params, dtype=np.float64)
    arrays = (
        np.ascontiguousarray(means),
        np.ascontiguousarray(outcome),
        np.ascontiguousarray(own),
        numbers,
        regret,
        reward,
    )
    sizes = (ctypes.c_long(pulls), ctypes.c_long(rows), ctypes.c_long(arms))
    getattr(library(), policy)(*sizes, *map(_pointer, arrays))
    return regret, reward
