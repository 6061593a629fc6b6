"""The true means of a Bernoulli world at time zero."""

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.rng import generator
from sim.worlds.base import Floats

if TYPE_CHECKING:
    from sim.scenario import BernoulliSection


def draw_means(seed: int, problem: "BernoulliSection", replications: range) -> Floats:
    """True means, (rows of all replications, arms).

    The rows of a replication share their arms. With a correlation of 1 an arm has one mean in all of them. Below it,
    the normal score of a mean is sqrt(correlation) of the arm's plus sqrt(1 − correlation) of the row's own (a
    Gaussian copula), so that each mean has the prior's distribution.
    """
    if problem.means is not None:
        return np.tile(np.array(problem.means, np.float64), (len(replications) * problem.rows, 1))
    a, b = problem.prior.beta if problem.prior else (1.0, 1.0)
    if problem.rows == 1 or problem.correlation == 1.0:
        drawn = np.array([generator(seed, "means", number).beta(a, b, problem.size) for number in replications])
        return np.repeat(drawn, problem.rows, axis=0)
    return np.concatenate([_correlated(seed, number, problem, a, b) for number in replications])


def _correlated(seed: int, number: int, problem: "BernoulliSection", a: float, b: float) -> Floats:
    """The means of one replication, (rows, arms)."""
    from scipy.special import betaincinv, ndtr  # noqa: PLC0415  (slow to import, and seldom needed)

    of_arms = generator(seed, "means", number).standard_normal(problem.size)
    own = np.array(
        [generator(seed, "means", number, 1 + row).standard_normal(problem.size) for row in range(problem.rows)]
    )
    scores = math.sqrt(problem.correlation) * of_arms + math.sqrt(1.0 - problem.correlation) * own
    means: Floats = betaincinv(a, b, ndtr(scores))
    return means
