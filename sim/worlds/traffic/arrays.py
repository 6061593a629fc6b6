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
from sim.worlds.traffic.pages import Integers, Records, make_bank, make_pages, most_dollars
from sim.worlds.traffic.parameters import DAY_S, make_rules, recovery, season, tier_cycle
from sim.worlds.traffic.records import BUMP, CAPTION, EMV, HISTORY, LABEL, LEADER, LINE, MESSAGE, RESULT, SLOT, Block

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
    bank = make_bank(world, days, pages)
    captions = bank.entries.shape[1]
    warm = reserve(pages, most_chosen(world, selection, days) if pools(policy) else None)
    rules, state = make_rules(*sections, policy.memory), np.zeros((len(pages), len(TIERS), policy.state_size))
    most = int(rules["most"][0])
    return Block(
        rules=rules,
        pages=pages,
        sums=np.zeros(len(pages), RESULT),
        bank=bank.entries,
        arrives=bank.arrives,
        leaving=bank.leaving,
        cold=np.zeros((len(pages), captions), np.int32),
        leaders=np.zeros((len(pages), BUMP, 2, most_of_a_tier(world, selection) + SPARE), LEADER),
        led=np.zeros((len(pages), BUMP, 2), np.int64),
        captions=np.zeros((len(pages), warm), CAPTION),
        history=np.zeros((len(pages), warm), HISTORY),
        uses=np.zeros((len(pages), warm), np.int64),
        tallied=np.zeros((len(pages), warm), np.int64),
        state=state,
        params=policy.parameters(),
        season=season(world, seed, replications, days),
        hours=np.array(world.factors.hour, dtype=np.float64),
        tiers=tier_cycle([getattr(selection.quotas, tier) for tier in PRICED_TIERS]),
        recovery=recovery(world, days),
        log_price=np.log(np.maximum(np.arange(most_dollars(world) + 1), 1e-300)),
        kept=np.zeros(policy.state_size),
        memory=np.zeros((0 if policy.memory.cumulative else warm, 3)),
        **_rings(len(pages), rules[0], days, record=record),
        **_work_space(captions, warm, most),
    )


def pools(policy: Policy) -> bool:
    """Whether a policy's cold captions are a number of equals, whose largest scores can be drawn."""
    return policy.exchangeable_untried and not reads_truth(policy.rule.summarise)


def reserve(pages: Records, most: Integers | None) -> int:
    """Set where each tier's warm captions start, `most` (4,) or all of a tier; returns the largest page's room."""
    sizes = np.diff(pages["tier_start"], axis=1)
    room = sizes if most is None else np.minimum(sizes, most)
    pages["warm_start"][:, 1:] = np.cumsum(room, axis=1)
    return int(pages["warm_start"].max())


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


def _work_space(captions: int, warm: int, most: int) -> dict[str, NDArray[Any]]:
    """Arrays that each decision uses anew."""
    whole = {"eligible": warm + 1, "hits": warm + 1, "order": most, "chosen": most}
    real = {
        "n": captions + 1,
        "a": captions + 1,
        "b": captions + 1,
        "score": most,
        "luck": most,
        "best": (2, most),
        "own": most,
    }
    made: dict[str, NDArray[Any]] = {name: np.zeros(size, np.int64) for name, size in whole.items()}
    return made | {name: np.zeros(shape) for name, shape in real.items()}


def reads_truth(summarise: Callable[..., Any]) -> bool:
    """Whether a policy's `summarise` looks at its fourth argument, the truth, which changes daily."""
    assert isinstance(summarise, FunctionType)
    name = summarise.__code__.co_varnames[3]
    return any(name in _names(step.argval) for step in dis.get_instructions(summarise) if "LOAD" in step.opname)


def _names(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
