"""Counter-based random numbers: a draw is a pure function of a 64-bit key.

A key is mixed from an address (replication, page, purpose, pull, arm), never taken from a running
generator, so no draw depends on the order of use. The functions are plain Python that Numba compiles
when an engine kernel is built; keys are uint64 and wrap around.

Source: Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators", with Stafford's
variant 13 of the finaliser. Normals: Marsaglia & Bray (1964), polar method. Gammas: Marsaglia & Tsang (2000).
"""

import math

import numpy as np

STREAM = np.uint64(0x9E3779B97F4A7C15)  # between successive draws of one key
PULL = np.uint64(0xD1342543DE82EF95)  # between pulls of one row
ARM = np.uint64(0xDA942042E4DD58B5)  # between arms of one decision
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2**-53


def mix(key: np.uint64) -> np.uint64:
    """A bijective scrambling of 64 bits."""
    key = (key ^ (key >> _S30)) * _M1
    key = (key ^ (key >> _S27)) * _M2
    return key ^ (key >> _S31)


def pull_key(row_key: np.uint64, pull: int) -> np.uint64:
    """The key of one decision (or outcome) of a row."""
    return mix(row_key + PULL * np.uint64(pull + 1))


def arm_key(decision_key: np.uint64, arm: int) -> np.uint64:
    """The key of one arm within a decision."""
    return decision_key + ARM * np.uint64(arm + 1)


def uniform(key: np.uint64) -> float:
    """Uniform on [0, 1), 53 bits."""
    return float(mix(key) >> _S11) * _UNIT


def open_uniform(key: np.uint64) -> float:
    """Uniform on (0, 1): safe under a logarithm."""
    return (float(mix(key) >> _S11) + 0.5) * _UNIT


def gumbel(key: np.uint64) -> float:
    """Standard Gumbel: argmax of log-weights plus Gumbels is a draw by weight (Gumbel 1954)."""
    return -math.log(-math.log(open_uniform(key)))
