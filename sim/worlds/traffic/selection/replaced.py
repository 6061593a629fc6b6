"""The choice while `wilson_sample` is replaced by a script's other maths: a normal of 0.2 × the Beta deviation.

Plain functions of the traffic kernel, which binds `REPLACES` where the scenario lists such an incident.
"""

import math

import numpy as np

from policies.maths.draws import normal

SHARE_OF_DEVIATION = 0.2
PRIOR = 1.0  # successes and failures of a new row
WIDEST, HALVINGS = 9.0, 60  # of the search for a quantile


def replaced_draw(successes: float, failures: float, z: float) -> float:
    """Beta mean + 0.2 × Beta standard deviation × z, clamped to [0, 1]; the counts are those of the table."""
    n = successes + failures
    deviation = math.sqrt(successes * failures / (n * n * (n + 1.0)))
    return max(0.0, min(1.0, successes / n + SHARE_OF_DEVIATION * deviation * z))


def replaced_score(n: float, s: float, key: np.uint64) -> float:
    """The draw of a caption of which the policy sees `s` successes in `n` labels."""
    return replaced_draw(PRIOR + s, PRIOR + max(n - s, 0.0), normal(key))


def replaced_quantile(u: float) -> float:
    """The quantile `u` of the draw of a caption without labels, by which the largest of many are drawn."""
    return replaced_draw(PRIOR, PRIOR, normal_quantile(u))


def normal_quantile(u: float) -> float:
    """The quantile of the standard normal distribution, by bisection."""
    low, high = -WIDEST, WIDEST
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if 0.5 * math.erfc(-middle / math.sqrt(2.0)) < u:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
