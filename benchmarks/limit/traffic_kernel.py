"""The C kernel of `traffic.c`: a block of a traffic scenario under wilson_sample, behind one Python function.

The kernel owns its arrays. What it needs of a block at time zero is taken from where a scenario becomes pages, banks
and seasons, never from the arrays of the project's own kernel, whose layout is nobody else's business.
"""

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.limit.compiler import compiled, pointer
from sim.rng import policy_purpose, row_keys
from sim.scenario import PolicySpec, Scenario
from sim.scenario.traffic import PRICED_TIERS, TIERS
from sim.worlds.traffic import TrafficWorld
from sim.worlds.traffic_results import BankListing
from sim.worlds.traffic_seasons import make_rules, recovery, season, tier_cycle
from sim.worlds.traffic_setup import make_pages

if TYPE_CHECKING:
    from sim.scenario.traffic import Selection
    from sim.scenario.traffic import TrafficWorld as Section

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
ARRAYS = ("rules", "pages", "bank", "season", "hours", "recovery", "cycle")

RULES = np.dtype([*((name, "i8") for name in WHOLE), *((name, "f8") for name in (*REAL, *PARAMETERS))])
PAGE = np.dtype(
    [
        *((name, "i8") for name in ("replication", "fans", "priced_low", "priced_high", "gap_s")),
        ("phase", "f8"),
        *((name, "u8") for name in KEYS),
        ("tier_start", "i8", (len(TIERS) + 1,)),
    ]
)
ENTRY = np.dtype([("rate", "f8"), ("price", "i4"), ("id", "i4"), ("arrives", "i4"), ("retires", "i4")])
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
        section: Any = scenario.world
        selection: Any = scenario.selection
        banks = [world.bank(index) for index in range(len(replications))]
        self.arrays: dict[str, NDArray[Any]] = {
            "rules": rules_of(section, scenario.feedback, selection, spec),
            "pages": pages_of(section, scenario.seed, spec, replications, banks),
            "bank": np.concatenate([entries_of(bank) for bank in banks]),
            "season": season(section, scenario.seed, replications, int(days)),
            "hours": np.array(section.factors.hour, dtype=np.float64),
            "recovery": recovery(section, int(days)),
            "cycle": tier_cycle([getattr(selection.quotas, tier) for tier in PRICED_TIERS]),
        }
        rows = len(self.arrays["pages"])
        sizes = (rows, len(self.arrays["bank"]) // rows, int(days), len(self.arrays["cycle"]))
        self.struct = _Problem(*(pointer(self.arrays[name]) for name in ARRAYS), *sizes)
        self.replications = len(replications)


def rules_of(world: "Section", feedback: Any, selection: "Selection", spec: PolicySpec) -> NDArray[np.void]:
    """The scenario's numbers in the kernel's units, (1,) RULES."""
    policy = spec.build()
    known = make_rules(world, feedback, selection, policy.memory)
    rules = np.zeros(1, RULES)
    for name in (*WHOLE, *REAL):
        rules[name] = known[name]
    for name, value in zip(PARAMETERS, policy.parameters(), strict=True):
        rules[name] = value
    return rules


def pages_of(
    world: "Section", seed: int, spec: PolicySpec, replications: range, banks: list[BankListing]
) -> NDArray[np.void]:
    """The block's pages, (rows,) PAGE."""
    known = make_pages(world, seed, replications)
    pages = np.zeros(len(known), PAGE)
    for name in PAGE.names or ():
        pages[name] = known[name]
    pages["policy_key"] = row_keys(seed, policy_purpose(spec.name), replications, world.pages).ravel()
    tiers = np.concatenate([bank.tier for bank in banks]).reshape(len(pages), -1)
    pages["tier_start"] = [np.searchsorted(tier, np.arange(len(TIERS) + 1)) for tier in tiers]
    return pages


def entries_of(bank: BankListing) -> NDArray[np.void]:
    """The captions of a replication, page by page, by tier, (pages × captions,) ENTRY."""
    entries = np.zeros(len(bank.rate), ENTRY)
    for name, column in (
        ("rate", bank.rate),
        ("price", bank.price),
        ("id", bank.caption_id),
        ("arrives", bank.arrives_week),
        ("retires", bank.retires_week),
    ):
        entries[name] = column
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
