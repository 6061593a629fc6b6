"""Who is sent, and who never can be: the parts of a kernel that rank the arms of one row.

Plain functions for `sim.kernels.specialise`, which binds `score`, `support` and `PRUNE` to a policy's.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.draws import arm_key, uniform

if TYPE_CHECKING:
    from policies.base import Rule

    score = Rule.score
    support = Rule.support
    PRUNE = False


def best_arm(x: Any, y: Any, params: Any, state: Any, key: np.uint64) -> int:
    """The position of the largest score among arms of shape (arms,), ties broken uniformly; −1 if every score is NaN.

    `key` is the decision's. With `PRUNE`, an arm whose highest possible score cannot tie the best so far is not scored,
    which changes no outcome.
    """
    best, chosen, ties = -math.inf, -1, 0
    for arm in range(x.shape[0]):
        if PRUNE and support(x[arm], y[arm], state, params)[1] < best:
            continue
        value = score(x[arm], y[arm], state, params, arm_key(key, arm))
        if value > best:
            best, chosen, ties = value, arm, 1
        elif value == best:
            ties += 1
            # Reservoir sampling: the i-th of the tied replaces the choice with probability 1/i.
            if uniform(arm_key(key, x.shape[0] + ties)) * ties < 1.0:
                chosen = arm
    return chosen


def can_win(arm: int, x: Any, y: Any, params: Any, state: Any) -> bool:
    """Whether `arm` has a positive probability of the largest score, as far as the scores' supports tell.

    At equal bounds, low of one and high of the other, a tie has probability zero as soon as either score is spread out.
    """
    low, high = support(x[arm], y[arm], state, params)
    for other in range(x.shape[0]):
        if other != arm:
            floor, ceiling = support(x[other], y[other], state, params)
            if high < floor or (high == floor and (low < high or floor < ceiling)):
                return False
    return True
