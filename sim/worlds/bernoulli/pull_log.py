"""The log of every pull of a Bernoulli world, kept where the scenario records sends, and the propensity of each.

`note` is a plain function of the kernel; `sim.kernels.specialise` binds the policy's `score`, `weight` and `propensity`
and the constants `WEIGHTED` and `DETERMINISTIC`.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.kernels import unbound
from sim.worlds.base import Counts, Params, SendLog
from sim.worlds.bernoulli.feedback import identity
from sim.worlds.bernoulli.rows import Rows

propensity: Callable[..., float] = unbound("propensity")
score: Callable[..., float] = unbound("score")
weight: Callable[..., float] = unbound("weight")
DETERMINISTIC: bool = unbound("DETERMINISTIC")
WEIGHTED: bool = unbound("WEIGHTED")

ANY_KEY = np.uint64(0)  # no score of a deterministic policy depends on it


class Pulls(NamedTuple):
    """All pulls from time zero on, (rows, horizon); (rows, 0) where none are recorded."""

    arm: Any
    """The number of the arm, from 0; that of a newcomer is different from all before it."""
    outcome: Any
    propensity: Any


def new_pulls(rows: int, horizon: int) -> Pulls:
    """Room for `horizon` pulls in each row; memory that nothing is written to is not taken."""
    shape = (rows, horizon)
    return Pulls(np.empty(shape, np.int64), np.empty(shape, np.int8), np.empty(shape))


def note(r: int, t: int, arm: int, outcome: float, row: Rows, pulls: Pulls, params: Params) -> None:
    """Log pull t of row r, while the row is as the policy saw it."""
    pulls.arm[r, t] = identity(arm, row)
    pulls.outcome[r, t] = int(outcome)
    pulls.propensity[r, t] = chance(arm, row, params)


def chance(arm: int, row: Rows, params: Params) -> float:
    """The probability with which the policy chose this arm here; NaN where it has no closed form."""
    if WEIGHTED:
        return 1.0 / weight(row.a[arm], row.b[arm], row.state, params)
    if DETERMINISTIC:
        return 1.0 / tied(arm, row, params)
    return propensity(arm, row.a, row.b, row.state, params)


def tied(arm: int, row: Rows, params: Params) -> int:
    """How many arms have the score of this one, which is the best: one of them was drawn, uniformly."""
    best, count = score(row.a[arm], row.b[arm], row.state, params, ANY_KEY), 0
    for other in range(row.a.shape[0]):
        count += score(row.a[other], row.b[other], row.state, params, ANY_KEY) == best
    return count


def send_log(pulls: Pulls, index: int, clock_us: Counts) -> SendLog:
    """The pulls of row `index`, made at `clock_us` (pulls,): each a message to one fan, who views it; no price."""
    size = len(clock_us)
    one = _repeated(np.int64(1), size)
    return SendLog(
        row_id=np.arange(1, size + 1),
        page=_repeated(np.int32(1), size),
        sending_time_us=clock_us,
        price=_repeated(np.float64(math.nan), size),
        sent_count=one,
        viewed_count=one,
        purchased_count=pulls.outcome[index, :size],
        earnings=_repeated(np.float64(0.0), size),
        message_type=_repeated(np.int8(-1), size),
        caption_id=1 + pulls.arm[index, :size],
        propensity=pulls.propensity[index, :size],
    )


def _repeated(value: np.generic, size: int) -> Any:
    """`size` times the same value, (size,), in the memory of one: a log may have 1e8 pulls."""
    return np.broadcast_to(value, size)
