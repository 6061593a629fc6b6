"""The log of every pull of a Bernoulli world, kept where the scenario records sends, and the propensity of each.

`keep_state` and `note` are plain functions of the kernel; `sim.kernels.specialise` binds the policy's rule and the
constants of `sim.worlds.selection.chances`.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from policies.maths.draws import pull_key
from sim.kernels import unbound
from sim.worlds.base import Counts, Params, SendLog
from sim.worlds.bernoulli.feedback import identity
from sim.worlds.bernoulli.rows import Rows
from sim.worlds.selection.chances import Bench, chance_of_one, copy, new_bench
from sim.worlds.selection.pool import place_of

POOL: bool = unbound("POOL")


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
    place = place_of(arm, row.pool) if POOL else arm
    n, a, b = (row.pool.n, row.pool.a, row.pool.b) if POOL else (row.n, row.a, row.b)
    pulls.propensity[r, t] = chance_of_one(place, t, n, a, b, params, row.state, pulls.bench, key)


def send_log(pulls: Pulls, rows: range, clock_us: Counts) -> SendLog:
    """The pulls of `rows`, made at `clock_us` (pulls,): each a message to one fan, who views it; no price.

    They are in order of time, then row; rows are pages, numbered from 1.
    """
    pages, per_row = len(rows), len(clock_us)
    size, of_rows = pages * per_row, slice(rows.start, rows.stop)
    one = _repeated(np.int64(1), size)
    arm, outcome, propensity = (
        column[of_rows, :per_row].T.ravel() for column in (pulls.arm, pulls.outcome, pulls.propensity)
    )
    return SendLog(
        row_id=np.arange(1, size + 1),
        page=_repeated(np.int32(1), size) if pages == 1 else np.tile(np.arange(1, pages + 1, dtype=np.int32), per_row),
        sending_time_us=np.repeat(clock_us, pages),
        price=_repeated(np.float64(math.nan), size),
        sent_count=one,
        viewed_count=one,
        purchased_count=outcome,
        earnings=_repeated(np.float64(0.0), size),
        message_type=_repeated(np.int8(-1), size),
        caption_id=1 + arm,
        propensity=propensity,
    )


def _repeated(value: np.generic, size: int) -> Any:
    """`size` times the same value, (size,), in the memory of one: a log may have 1e8 pulls."""
    return np.broadcast_to(value, size)
