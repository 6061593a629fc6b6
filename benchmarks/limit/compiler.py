"""The C kernels beside this file, compiled on first use for this machine."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.maths import draws

FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")


def compiler() -> str | None:
    """The C compiler: $CC, or gcc; None where there is neither."""
    return shutil.which(os.environ.get("CC", "gcc"))


@cache
def compiled(name: str) -> ctypes.CDLL:
    """The library of `name`.c, with the ziggurat's tables in place; SystemExit where no C compiler is found."""
    program = compiler()
    if program is None:
        raise SystemExit("no C compiler: the limit is a C kernel; install gcc, or name a compiler in CC")
    source = Path(__file__).with_name(f"{name}.c")
    with tempfile.TemporaryDirectory(prefix="limit-") as folder:
        target = Path(folder) / f"{name}.so"
        subprocess.run([program, *FLAGS, "-o", target, source, "-lm"], check=True)
        library = ctypes.CDLL(str(target))
    edges, densities = draws._EDGE, draws._DENSITY
    library.set_ziggurat(ctypes.c_long(len(edges)), pointer(edges), pointer(densities))
    return library


def pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    """Where a contiguous array begins; the caller keeps the array alive."""
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)
