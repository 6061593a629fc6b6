"""A test of "no difference" that is exact for equal policies, however long the tail of their regret, and its interval.

If differences of pairs are symmetric about their centre, as those of two equal policies are, flipping their signs
changes no probability (Fisher 1935). The interval of all centres that the test does not reject ends at order statistics
of the means of random subsets (Hartigan 1969, JASA 64, "typical values"): each value is in a subset with chance 1/2.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SUBSETS = 1999
SEED = 19_690_304
_RESOLVED = 10  # subsets on the far side of zero, below which their share says little
_CHUNK = 4_000_000  # memberships held at once


def subset_means(values: Floats) -> Floats:
    """Means of `SUBSETS` random subsets of the values, ascending; an empty subset counts as the whole.

    `values` has shape (n,), or (samples, n): all samples then share the subsets, which take longer to draw than to use.
    """
    centre = values.mean(axis=-1, keepdims=True)
    deviations = np.ascontiguousarray((values - centre).T)
    means = [_ratio(member, deviations) for member in memberships(values.shape[-1])]
    shifted: Floats = np.sort(np.concatenate(means).T) + centre
    return shifted


def _ratio(member: Floats, deviations: Floats) -> Floats:
    size = np.maximum(member.sum(axis=1), 1.0)
    found: Floats = member @ deviations / (size if deviations.ndim == 1 else size[:, None])
    return found


def memberships(n: int) -> Iterator[Floats]:
    """`SUBSETS` random subsets of n values, some at a time: 1 where a value is in a subset, (subsets, n)."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    step = max(1, _CHUNK // n)
    for start in range(0, SUBSETS, step):
        rows = min(step, SUBSETS - start)
        bits = np.frombuffer(generator.bytes(rows * math.ceil(n / 8)), np.uint8).reshape(rows, -1)
        yield np.unpackbits(bits, axis=1)[:, :n].astype(np.float64)


def limits(means: Floats, confidence: float) -> tuple[float, float]:
    """The interval of the centre, of ascending `means` of subsets."""
    # The last rank at which `p_value` is still below 1 − confidence; less a rounding error of their product.
    rank = max(1, math.ceil((len(means) + 1) * (1.0 - confidence) / 2 - 1e-6) - 1)
    return float(means[rank - 1]), float(means[-rank])


def p_value(means: Floats, n: int, student: float) -> float:
    """Two-sided p-value of a centre of zero, of ascending `means` of subsets of n values.

    Where too few subsets lie beyond zero to tell, the smaller of their share and Student's p-value `student`, which is
    conservative for symmetric long tails (Efron 1969, JASA 64); never below what all 2^n flips allow.
    """
    beyond = min(int((means <= 0.0).sum()), int((means >= 0.0).sum()))
    share = min(1.0, 2.0 * (beyond + 1) / (len(means) + 1))
    return max(share if beyond >= _RESOLVED else min(share, student), 2.0 ** (1 - min(n, 1000)))
