"""The asymptotic lower bound of regret, with which results are compared."""

from collections.abc import Sequence

from policies.maths.divergence import kl


def lai_robbins_constant(means: Sequence[float]) -> float:
    """Sum of (best − m) / kl(m, best) over the arms worse than the best, Bernoulli means in [0, 1].

    No consistent policy has regret below this constant times ln T as T grows. +inf never occurs: an arm that the best
    one (of mean 1) could not imitate adds nothing. Source: Lai & Robbins (1985), theorem 2, for Bernoulli arms.
    """
    best = max(means)
    return sum((best - mean) / kl(mean, best - mean) for mean in means if mean < best)
