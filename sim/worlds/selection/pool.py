"""A random pool of a row's arms, which is all that a policy with `pool` is shown (Bayati et al. 2020, subsampling).

The pool holds the first arms of a random permutation of all: that of 100 arms is a part of that of 200. It depends on
the row and the time alone, so that all policies with equally large pools choose among the same arms. Plain functions of
the kernels of worlds whose rows list all their arms.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from policies.maths.draws import arm_key, pull_key, uniform
from sim.worlds.base import Floats


class Pool(NamedTuple):
    """The pool of each row, (rows, …), or of one row; without pools, of no arms."""

    order: Any
    """(arms,): a permutation of the arms; those of the pool come first."""
    number: Any
    """(1,): how many pools came before this one; −1 before the first."""
    renew: Any
    """(1,): the time that a pool lasts."""
    n: Any
    """(size,), as are a and b: what the policy sees of the pool's arms."""
    a: Any
    b: Any


def new_pool(rows: int, arms: int, size: int | None, renew: float | None) -> Pool:
    """Pools of `size` arms, or of all where there are fewer, that last for `renew`, or for ever; None: no pools."""
    shape = (rows, min(size, arms) if size else 0)
    return Pool(
        order=np.zeros((rows, arms if size else 0), np.int64),
        number=np.full((rows, 1), -1, np.int64),
        renew=np.full((rows, 1), math.inf if renew is None else float(renew)),
        n=np.zeros(shape),
        a=np.zeros(shape),
        b=np.zeros(shape),
    )


def pool_of(pool: Pool, r: int) -> Pool:
    """The pool of row `r` alone."""
    return Pool(pool.order[r], pool.number[r], pool.renew[r], pool.n[r], pool.a[r], pool.b[r])


def show_pool(time: float, key: np.uint64, n: Floats, a: Floats, b: Floats, pool: Pool) -> None:
    """Draw the pool of this time, unless it is there, and copy what is known of its arms; n, a, b are (arms,)."""
    number = int(time / pool.renew[0])
    if number != pool.number[0]:
        draw(pull_key(key, number), pool)
        pool.number[0] = number
    for place in range(pool.n.shape[0]):
        arm = pool.order[place]
        pool.n[place], pool.a[place], pool.b[place] = n[arm], a[arm], b[arm]


def draw(key: np.uint64, pool: Pool) -> None:
    """Put a uniform choice of the arms first (Fisher & Yates 1938)."""
    order = pool.order
    for arm in range(order.shape[0]):
        order[arm] = arm
    for place in range(pool.n.shape[0]):
        other = place + int(uniform(arm_key(key, place)) * (order.shape[0] - place))
        order[place], order[other] = order[other], order[place]


def place_of(arm: int, pool: Pool) -> int:
    """Where an arm is in the pool; −1 where it is not."""
    for place in range(pool.n.shape[0]):
        if pool.order[place] == arm:
            return place
    return -1
