"""The arrays of a block at time zero, as large as they will ever need to be."""

import dis
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy
from sim.scenario.traffic import PRICED_TIERS, TIERS, Selection, TrafficFeedback, TrafficWorld
from sim.worlds.traffic_seasons import DAY_S, make_rules, recovery, season, tier_cycle
from sim.worlds.traffic_setup import Bank, make_bank, make_pages
from sim.worlds.traffic_state import EMV, LABEL, LINE, MESSAGE, SLOT, Block

Sections = tuple[TrafficWorld, TrafficFeedback, Selection]


def make_block(
    sections: Sections,
    policy: Policy,
    seed: int,
    replications: range,
    days: int,
    policy_keys: NDArray[np.uint64],
    *,
    record: bool,
) -> tuple[Block, Bank]:
    """Everything that the kernel works on, and the captions by themselves; `policy_keys` are (replications, pages)."""
    world, _, selection = sections
    pages = make_pages(world, seed, replications)
    pages["policy_key"] = policy_keys.ravel()
    bank = make_bank(world, seed, replications, days, pages)
    rules, state = make_rules(*sections, policy.memory), np.zeros((len(pages), len(TIERS), policy.state_size))
    block = Block(
        rules=rules,
        pages=pages,
        captions=bank.captions,
        history=bank.history,
        alive=np.zeros(bank.captions.shape, np.int32),
        state=state,
        params=tuple(float(p) for p in policy.parameters()),
        season=season(world, seed, replications, days),
        hours=np.array(world.factors.hour, dtype=np.float64),
        tiers=tier_cycle([getattr(selection.quotas, tier) for tier in PRICED_TIERS]),
        recovery=recovery(world, days),
        kept=np.zeros(policy.state_size),
        **_rings(len(pages), rules[0], days, record=record),
        **_work_space(bank.captions.shape[1], int(rules["most"][0])),
    )
    return block, bank


def _rings(rows: int, rules: Any, days: int, *, record: bool) -> dict[str, NDArray[Any]]:
    """What a page keeps of its messages, each as long as it can become."""
    most = int(rules["most"])

    def messages(seconds: float) -> int:
        """All that a page can send in `seconds`, the days at both ends included."""
        return most * min(days, math.ceil(seconds / DAY_S) + 2)

    # A counted message stays until the first refresh that counts another and finds it too old.
    recent = messages(rules["median_s"] + rules["label_after_s"] + 2 * rules["refresh_s"])
    # Labels leave a window once a day.
    labelled = min(int(rules["window"]), days * most) + most + 1 if rules["window"] > 0 else 0
    return {
        "plan": np.zeros((rows, most), SLOT),
        "pending": np.zeros((rows, messages(rules["label_after_s"] + rules["refresh_s"])), MESSAGE),
        "recent": np.zeros((rows, recent), EMV),
        "rising": np.zeros((rows, recent)),
        "labelled": np.zeros((rows, labelled), LABEL),
        "log": np.zeros((rows, most * days if record else 0), LINE),
    }


def _work_space(captions: int, most: int) -> dict[str, NDArray[Any]]:
    """Arrays that each decision uses anew."""
    sizes = dict.fromkeys(("eligible", "hits", "n", "x", "y", "mean", "usd"), captions)
    sizes |= dict.fromkeys(("order", "chosen", "score", "luck", "best", "own"), most)
    whole = {"eligible", "hits", "order", "chosen"}
    return {name: np.zeros(size, np.int64 if name in whole else np.float64) for name, size in sizes.items()}


def reads_truth(derive: Callable[..., Any]) -> bool:
    """Whether a policy's `derive` looks at its fourth argument, the truth, which changes daily."""
    assert isinstance(derive, FunctionType)
    name = derive.__code__.co_varnames[3]
    return any(name in _names(step.argval) for step in dis.get_instructions(derive) if "LOAD" in step.opname)


def _names(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
