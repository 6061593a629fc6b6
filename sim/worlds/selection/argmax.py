"""Who is sent, and who never can be: the parts of a kernel that rank the arms of one row.

Plain functions for `sim.kernels.specialise`, which binds `score`, `support` and `PRUNE` to a policy's.
"""

import math
from collections.abc import Callable

import numpy as np

from policies.maths.draws import arm_key, uniform
from sim.kernels import force_inline, unbound
from sim.worlds.base import Floats, Params

score: Callable[..., float] = unbound("score")
support: Callable[..., tuple[float, float]] = unbound("support")
PRUNE: bool = unbound("PRUNE")

VECTORS = 32  # arms from which counting equals in vectors beats looking for the first


@force_inline
def best_arm(a: Floats, b: Floats, params: Params, state: Floats, key: np.uint64) -> int:
    """The position of the largest score among arms of shape (arms,), ties broken uniformly; −1 if every score is NaN.

    `key` is the decision's. With `PRUNE`, an arm whose highest possible score cannot tie the best so far is not scored,
    which changes no outcome.
    """
    best, chosen, ties = -math.inf, -1, 0
    for arm in range(a.shape[0]):
        if PRUNE and support(a[arm], b[arm], state, params)[1] < best:
            continue
        value = score(a[arm], b[arm], state, params, arm_key(key, arm))
        if value > best:
            best, chosen, ties = value, arm, 1
        elif value == best:
            ties += 1
            # Reservoir sampling: the i-th of the tied replaces the choice with probability 1/i.
            if uniform(arm_key(key, a.shape[0] + ties)) * ties < 1.0:
                chosen = arm
    return chosen


@force_inline
def best_of_all(a: Floats, b: Floats, scores: Floats, params: Params, state: Floats, key: np.uint64) -> int:
    """The same, by way of `scores` (arms,), a work space: loops without branches handle several arms at once.

    NaN is never chosen.
    """
    for arm in range(a.shape[0]):
        scores[arm] = score(a[arm], b[arm], state, params, arm_key(key, arm))
    best = largest(scores)
    if scores.shape[0] < VECTORS:
        return one_of(best, scores, key)
    count, position = 0, 0
    for arm in range(scores.shape[0]):
        equal = scores[arm] == best
        count += equal
        position += arm if equal else 0
    return position if count == 1 else one_of(best, scores, key)


def largest(values: Floats) -> float:
    """The largest of `values` (n,), NaNs left out; −inf for none. Four at a time, for comparisons must not wait."""
    a = b = c = d = -math.inf
    whole = values.shape[0] & ~3
    for i in range(0, whole, 4):
        a = larger(values[i], a)
        b = larger(values[i + 1], b)
        c = larger(values[i + 2], c)
        d = larger(values[i + 3], d)
    for i in range(whole, values.shape[0]):
        a = larger(values[i], a)
    return larger(larger(a, b), larger(c, d))


def larger(value: float, best: float) -> float:
    """The larger one; `best` where `value` is NaN (one instruction, unlike `max`)."""
    return value if value > best else best


def one_of(best: float, scores: Floats, key: np.uint64) -> int:
    """One position of `best` in `scores`, uniformly; −1 for none."""
    chosen, ties = -1, 0
    for arm in range(scores.shape[0]):
        if scores[arm] == best:
            ties += 1
            if ties == 1 or uniform(arm_key(key, scores.shape[0] + ties)) * ties < 1.0:
                chosen = arm
    return chosen


def can_win(arm: int, a: Floats, b: Floats, params: Params, state: Floats) -> bool:
    """Whether `arm` has a positive probability of the largest score, as far as the scores' supports tell.

    At equal bounds, low of one and high of the other, a tie has probability zero as soon as either score is spread out.
    """
    low, high = support(a[arm], b[arm], state, params)
    for other in range(a.shape[0]):
        if other != arm:
            floor, ceiling = support(a[other], b[other], state, params)
            if high < floor or (high == floor and (low < high or floor < ceiling)):
                return False
    return True
