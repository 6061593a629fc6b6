"""The arrays of a block at time zero, as large as they will ever need to be."""

import dis
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy
from sim.scenario.sections.traffic import PRICED_TIERS, TIERS, Selection, TrafficFeedback, TrafficSection
from sim.worlds.traffic.bank.draw_bank import SampledBank
from sim.worlds.traffic.pages import Integers, make_bank, make_pages, most_dollars
from sim.worlds.traffic.parameters import DAY_S, kernel_parameters, recovery, season, tier_cycle
from sim.worlds.traffic.records import (
    BUMP,
    CAPTION,
    EMV,
    HISTORY,
    LABEL,
    LINE,
    MESSAGE,
    RESULT,
    SLOT,
    TABLE,
    Bank,
    Block,
    Record,
    Records,
    Tables,
    Tried,
    UpdateJob,
    Workspace,
)

SPARE = 2  # of the best cold captions, as many may become warm before they are looked for anew

Sections = tuple[TrafficSection, TrafficFeedback, Selection]


def make_block(
    sections: Sections,
    policy: Policy,
    seed: int,
    replications: range,
    days: int,
    policy_keys: NDArray[np.uint64],
    *,
    record: bool,
) -> Block:
    """Everything that the kernel works on; `policy_keys` are (replications, pages)."""
    world, _, selection = sections
    pages = make_pages(world, seed, replications)
    pages["policy_key"] = policy_keys.ravel()
    sampled = make_bank(world, days, pages)
    captions = sampled.entries.shape[1]
    tried = reserve(pages, most_chosen(world, selection, days) if pools(policy) else None)
    rules, state = kernel_parameters(*sections, policy.memory), np.zeros((len(pages), len(TIERS), policy.state_size))
    most = int(rules["most"][0])
    return Block(
        rules=rules,
        pages=pages,
        sums=np.zeros(len(pages), RESULT),
        bank=_bank(sampled, most_of_a_tier(world, selection) + SPARE),
        tried=_tried(len(pages), tried, rules[0]),
        job=_update_job(len(pages), rules[0], days),
        plan=np.zeros((len(pages), most), SLOT),
        log=np.zeros((len(pages), most * days if record else 0), LINE),
        state=state,
        params=policy.parameters(),
        tables=_tables(world, selection, seed, replications, days),
        work=_workspace(captions, tried, most, policy, recounts=bool(rules["look_back_s"][0] > 0)),
    )


def _bank(sampled: SampledBank, most: int) -> Bank:
    """The sampled captions, and room for the `most` best cold ones of each tier."""
    rows, captions = sampled.entries.shape
    return Bank(
        entries=sampled.entries,
        arrives=sampled.arrives,
        leaving=sampled.leaving,
        cold=np.zeros((rows, captions), np.int32),
        top_worth=np.zeros((rows, BUMP, 2, most)),
        top_place=np.zeros((rows, BUMP, 2, most), np.int64),
        top_sizes=np.zeros((rows, BUMP, 2), np.int64),
    )


def _tried(rows: int, most: int, rules: Record) -> Tried:
    """Room for `most` tried captions per row."""
    shape = (rows, most)
    captions, history = np.zeros(shape, CAPTION), np.zeros(shape, HISTORY)
    table = np.zeros((rows, most if rules["look_back_s"] > 0 else 0), TABLE)
    return Tried(captions, history, np.zeros(shape, np.int64), np.zeros(shape, np.int64), table)


def _tables(world: TrafficSection, selection: Selection, seed: int, replications: range, days: int) -> Tables:
    return Tables(
        season=season(world, seed, replications, days),
        hours=np.array(world.factors.hour, dtype=np.float64),
        tiers=tier_cycle([getattr(selection.quotas, tier) for tier in PRICED_TIERS]),
        recovery=recovery(world, days),
        log_price=np.log(np.maximum(np.arange(most_dollars(world) + 1), 1e-300)),
    )


def pools(policy: Policy) -> bool:
    """Whether a policy's cold captions are a number of equals, whose largest scores can be drawn."""
    return policy.exchangeable_untried and not reads_truth(policy.rule.summarise)


def reserve(pages: Records, most: Integers | None) -> int:
    """Set where each tier's tried captions start, `most` (4,) or all of a tier; returns the largest page's room."""
    sizes = np.diff(pages["tier_start"], axis=1)
    room = sizes if most is None else np.minimum(sizes, most)
    pages["tried_start"][:, 1:] = np.cumsum(room, axis=1)
    return int(pages["tried_start"].max())


def most_chosen(world: TrafficSection, selection: Selection, days: int) -> Integers:
    """How many captions of each tier a page can choose in `days` days, (4,)."""
    sends, quotas = world.sends, np.array([getattr(selection.quotas, tier) for tier in TIERS])
    if not selection.scaled:
        return quotas * days
    cycles = math.ceil(sends.most_priced * days / quotas[:BUMP].sum())
    if sends.per_day is not None:
        unpriced = int(sends.per_day * sends.unpriced_share) + 1
    else:
        unpriced = sends.most - min(low for low, _ in sends.priced_per_day)
    return np.append(quotas[:BUMP] * cycles, unpriced * days)


def most_of_a_tier(world: TrafficSection, selection: Selection) -> int:
    """The largest number of priced messages of one tier that a page sends in a day."""
    quotas = [getattr(selection.quotas, tier) for tier in PRICED_TIERS]
    if not selection.scaled:
        return int(max(quotas))
    cycle, priced = tier_cycle(quotas), world.sends.most_priced
    several = np.resize(cycle, len(cycle) + priced)
    counts = [np.bincount(several[start : start + priced]).max() for start in range(len(cycle))]
    return int(max(counts))


def _update_job(rows: int, rules: Record, days: int) -> UpdateJob:
    """Rings as long as they can become."""
    most = int(rules["most"])

    def messages(seconds: float) -> int:
        """All that a page can send in `seconds`, the days at both ends included."""
        return most * min(days, math.ceil(seconds / DAY_S) + 2)

    # A counted message stays until the first refresh that counts another and finds it too old.
    recent = messages(rules["median_s"] + rules["label_after_s"] + 2 * rules["refresh_s"])
    loaded_s = rules["look_back_s"] + rules["label_after_s"] + 2 * rules["refresh_s"]
    # Labels leave a window once a day.
    labelled = min(int(rules["window"]), days * most) + most + 1 if rules["window"] > 0 else 0
    return UpdateJob(
        pending=np.zeros((rows, messages(rules["label_after_s"] + rules["refresh_s"])), MESSAGE),
        recent=np.zeros((rows, recent), EMV),
        loaded=np.zeros((rows, messages(loaded_s) if rules["look_back_s"] > 0 else 0), MESSAGE),
        positive_emvs_sorted=np.zeros((rows, recent)),
        labelled=np.zeros((rows, labelled), LABEL),
    )


def _workspace(captions: int, tried: int, most: int, policy: Policy, *, recounts: bool) -> Workspace:
    """Arrays that each decision writes anew."""
    return Workspace(
        eligible=np.zeros(tried + 1, np.int64),
        hits=np.zeros(tried + 1, np.int64),
        n=np.zeros(captions + 1),
        a=np.zeros(captions + 1),
        b=np.zeros(captions + 1),
        touched=np.zeros(tried if recounts else 0, np.int64),
        order=np.zeros(most, np.int64),
        chosen=np.zeros(most, np.int64),
        score=np.zeros(most),
        luck=np.zeros(most),
        best=np.zeros((2, most)),
        own=np.zeros(most),
        kept=np.zeros(policy.state_size),
        memory=np.zeros((0 if policy.memory.cumulative else tried, 3)),
    )


def reads_truth(summarise: Callable[..., Any]) -> bool:
    """Whether a policy's `summarise` looks at its rate_at_rank argument, the truth, which changes daily."""
    assert isinstance(summarise, FunctionType)
    name = summarise.__code__.co_varnames[3]
    return any(name in _names(step.argval) for step in dis.get_instructions(summarise) if "LOAD" in step.opname)


def _names(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
