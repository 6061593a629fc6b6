"""The log of every pull of a Bernoulli world, kept where the scenario records sends, and the propensity of each.

`keep_state` and `note` are plain functions of the kernel; `sim.kernels.specialise` binds the policy's rule and the
constants of `sim.worlds.selection.chances`.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from policies.maths.draws import pull_key
from sim.worlds.base import Counts, Params, SendLog
from sim.worlds.bernoulli.feedback import identity
from sim.worlds.bernoulli.rows import Rows
from sim.worlds.selection.chances import Bench, chance_of_one, copy, new_bench


class Pulls(NamedTuple):
    """All pulls from time zero on, (rows, horizon), and work space; (rows, 0) where none are recorded."""

    arm: Any
    """The number of the arm, from 0; that of a newcomer is different from all before it."""
    outcome: Any
    propensity: Any
    bench: Bench


def new_pulls(rows: int, horizon: int, arms: int, state_size: int) -> Pulls:
    """Room for `horizon` pulls in each row; memory that nothing is written to is not taken."""
    shape = (rows, horizon)
    return Pulls(np.empty(shape, np.int64), np.empty(shape, np.int8), np.empty(shape), new_bench(arms, state_size))


def keep_state(row: Rows, pulls: Pulls) -> None:
    """Keep what the policy's state is before a decision."""
    copy(row.state, pulls.bench.states[0])


def note(r: int, t: int, arm: int, outcome: float, row: Rows, pulls: Pulls, params: Params) -> None:
    """Log pull t of row r, while the row is as the policy saw it."""
    pulls.arm[r, t] = identity(arm, row)
    pulls.outcome[r, t] = int(outcome)
    key = pull_key(row.policy_key, t)
    pulls.propensity[r, t] = chance_of_one(arm, t, row.n, row.a, row.b, params, row.state, pulls.bench, key)


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
