"""Intervals of several correlated means that hold for all of them at once.

The critical value is the 95 % quantile of max |T| under the multivariate t distribution with the sample's own
correlations (Dunnett 1955, JASA 50; Hothorn, Bretz & Westfall 2008, Biometrical Journal 50, section 3). Policies of
one replication meet the same luck, so their differences are strongly correlated, and Bonferroni's value is too large.
Deterministic: the draws have a fixed seed.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from reports.estimators.intervals import CONFIDENCE, Floats

DRAWS = 50_000
SEED = 20_250_103


def simultaneous_level(differences: Sequence[Floats], confidence: float = CONFIDENCE) -> float:
    """The confidence that each interval needs for all of them to hold together with `confidence`.

    `differences` are samples of equal length, paired by position. At least `confidence`; never above Bonferroni's
    1 − (1 − confidence) / m.
    """
    moving = [values for values in differences if len(values) > 1 and values.std() > 0.0]
    if len(moving) < 2:
        return confidence
    n, alpha = len(moving[0]), 1.0 - confidence
    critical = _critical_value(np.corrcoef(np.stack(moving)), n - 1, confidence)
    each = 1.0 - 2.0 * float(stdtr(n - 1, -critical))
    return min(max(each, confidence), 1.0 - alpha / len(moving))


def critical_value(level: float, freedom: float) -> float:
    """The two-sided critical value of Student's t at confidence `level`."""
    return float(stdtrit(freedom, 0.5 + level / 2))


def _critical_value(correlation: Floats, freedom: int, confidence: float) -> float:
    """Quantile of max |T|, T multivariate t with this correlation matrix, shape (m, m)."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))  # correlations may be singular: a policy can run twice
    normal = generator.standard_normal((DRAWS, len(correlation))) @ root.T
    scale = np.sqrt(generator.chisquare(freedom, DRAWS) / freedom)
    return float(np.quantile(np.abs(normal).max(axis=1) / scale, confidence))
