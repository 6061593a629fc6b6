"""Random streams addressed by (seed, purpose, replication, page), never by the order of use.

Kernels take 64-bit row keys (`row_keys`) and mix in pull and arm (`policies.maths.draws`); set-up code that needs
a distribution takes a NumPy generator of the same address (`generator`).
"""

import hashlib
import zlib
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from policies.maths.draws import mix

Keys = NDArray[np.uint64]

_mix = cast("Callable[[Keys], Keys]", mix)  # written for scalars, and true of arrays
_REPLICATION = np.uint64(0x9FB21C651E98DF25)
_PAGE = np.uint64(0xC2B2AE3D27D4EB4F)


def _sequence(seed: int, purpose: str, *address: int) -> np.random.SeedSequence:
    # crc32 is stable between Python processes, as hash() is not.
    return np.random.SeedSequence(entropy=seed, spawn_key=(zlib.crc32(purpose.encode()), *address))


def row_keys(seed: int, purpose: str, replications: Sequence[int], pages: int = 1) -> Keys:
    """Keys of shape (replications, pages) for one purpose.

    `purpose` names what the stream decides, such as "outcome" or "policy:wilson_sample".
    """
    root = _sequence(seed, purpose).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        by_replication = _mix(root + _REPLICATION * (np.asarray(replications, dtype=np.uint64) + np.uint64(1)))
        by_page = _PAGE * (np.arange(pages, dtype=np.uint64) + np.uint64(1))
        return _mix(by_replication[:, None] + by_page[None, :])


def policy_purpose(name: str) -> str:
    """The purpose of a policy's own randomness: named, so that equal policies under two names draw independently."""
    return "policy:" + hashlib.sha256(name.encode()).hexdigest()


def generator(seed: int, purpose: str, replication: int, page: int = 0) -> np.random.Generator:
    """A NumPy generator for set-up draws of one replication and page (about 10 µs to build: never one per event)."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, replication, page)))
