"""The C kernel of `traffic.c`: a block of a traffic scenario under wilson_sample, behind one Python function.

The kernel owns its arrays. What it needs of a block at time zero is copied out of the constructed world, which is not
run for that.
"""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.limit.compiler import compiled, pointer
from sim.scenario import PolicySpec, Scenario
from sim.scenario.sections.traffic import TIERS
from sim.worlds.traffic.rows import Block
from sim.worlds.traffic.world import TrafficWorld

# The structs of traffic.h, field by field.
WHOLE = (
    *("least", "most", "every_day", "priced_every_day", "first_s", "open_s", "refresh_s", "label_after_s"),
    *("median_s", "cool_down_s"),
)
REAL = (
    *("unpriced_share", "fatigue_drop", "drift_sigma", "message_shape", "delay_s", "mean_views"),
    *("priced_mu", "priced_sigma", "unpriced_mu", "unpriced_sigma"),
)
PARAMETERS = ("z", "successes", "failures")
KEYS = ("slot_key", "view_key", "outcome_key", "drift_key", "policy_key")
COUNTS = ("sends", "unfilled", "purchases", "counted", "late", "revenue", "best", "successes")
ARRAYS = ("rules", "pages", "bank", "season", "hours", "recovery", "log_price", "cycle")

RULES = np.dtype([*((name, "i8") for name in WHOLE), *((name, "f8") for name in (*REAL, *PARAMETERS))])
PAGE = np.dtype(
    [
        *((name, "i8") for name in ("replication", "fans", "priced_low", "priced_high", "gap_s")),
        ("phase", "f8"),
        *((name, "u8") for name in KEYS),
        ("tier_start", "i8", (len(TIERS) + 1,)),
    ]
)
ENTRY = np.dtype([("log_rate", "f8"), ("price", "i4"), ("id", "i4"), ("arrives", "i4"), ("retires", "i4")])
RESULT = np.dtype([*((name, "i8") for name in COUNTS), ("regret", "f8"), ("regret_usd", "f8")])


class _Problem(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ARRAYS),
        *((name, ctypes.c_long) for name in ("rows", "captions", "days", "length")),
    )


class Problem:
    """All that the kernel reads: a block of replications at time zero."""

    def __init__(self, scenario: Scenario, spec: PolicySpec, replications: range, world: TrafficWorld) -> None:
        """`world` is the block's world, not yet advanced; ValueError for a policy or horizon that C does not know."""
        days = scenario.horizon.days or 0
        if spec.kind != "wilson_sample" or days != int(days):
            raise ValueError("the C kernel knows wilson_sample and whole days only")
        block = world._block
        self.arrays: dict[str, NDArray[Any]] = {
            "rules": rules_of(block),
            "pages": copied(block.pages, PAGE),
            "bank": entries_of(block),
            "season": block.tables.season,
            "hours": block.tables.hours,
            "recovery": block.tables.recovery,
            "log_price": block.tables.log_price,
            "cycle": block.tables.tiers,
        }
        sizes = (*block.bank.entries.shape, int(days), len(block.tables.tiers))
        self.struct = _Problem(*(pointer(self.arrays[name]) for name in ARRAYS), *sizes)
        self.replications = len(replications)


def copied(records: NDArray[np.void], kind: np.dtype[np.void]) -> NDArray[np.void]:
    """The fields of `kind`, which all `records` have, in an array of its own."""
    made = np.zeros(records.shape, kind)
    for name in kind.names or ():
        made[name] = records[name]
    return made


def rules_of(block: Block) -> NDArray[np.void]:
    """The scenario's numbers in the kernel's units, with the policy's parameters, (1,) RULES."""
    rules = np.zeros(1, RULES)
    for name in (*WHOLE, *REAL):
        if name != "refresh_s":
            rules[name] = block.rules[name]
    rules["refresh_s"] = block.tables.refreshes[0]
    for name, value in zip(PARAMETERS, block.params, strict=True):
        rules[name] = value
    return rules


def entries_of(block: Block) -> NDArray[np.void]:
    """The captions of all pages, each page's by tier, (rows, captions) ENTRY."""
    entries = np.zeros(block.bank.entries.shape, ENTRY)
    for name in ("log_rate", "price", "retires"):
        entries[name] = block.bank.entries[name]
    entries["id"], entries["arrives"] = block.bank.entries["caption_id"], block.bank.arrives
    return entries


def simulate(problem: Problem) -> NDArray[np.void]:
    """All days of all pages: their sums, (replications,) RESULT."""
    rows = np.zeros(len(problem.arrays["pages"]), RESULT)
    compiled("traffic").traffic(ctypes.byref(problem.struct), pointer(rows))
    return by_replication(rows, problem.replications)


def by_replication(rows: NDArray[np.void], replications: int) -> NDArray[np.void]:
    """Sums over the pages of each replication, in their order, as the project adds them up."""
    sums = np.zeros(replications, RESULT)
    for name in RESULT.names or ():
        sums[name] = np.cumsum(rows[name].reshape(replications, -1), axis=1)[:, -1]
    return sums
