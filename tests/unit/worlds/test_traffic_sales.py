"""What the traffic world shows a policy that reads sales: views, purchases and price, as the update job counts them."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from policies import registry
from policies.base import Policy, Rule
from sim.scenario import load
from sim.scenario import policies as entries
from sim.scenario.validate import _part
from sim.worlds.traffic.world import TrafficWorld

pytestmark = pytest.mark.slow

VIEWS, PURCHASES, PRICES = 0, 1, 2  # places in the state: sums over the captions that the engine showed


def _summarise(n, s, ipw_successes, true_mean, params):
    return math.nan, math.nan  # never of use in this world


def _observe_sales(views, purchases, messages, price, state, params):
    state[VIEWS] += views
    state[PURCHASES] += purchases
    state[PRICES] += price


def _summarise_sales(views, purchases, messages, price, state, params):
    return purchases - 1e-9 * views, price


def _score(a, b, state, params, key):
    return a


@dataclass(frozen=True, kw_only=True)
class Buyers(Policy):
    kind: ClassVar[str] = "buyers"
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise, score=_score, observe_sales=_observe_sales, summarise_sales=_summarise_sales
    )
    state_size: ClassVar[int] = 3
    deterministic: ClassVar[bool] = True
    reads_sales: ClassVar[bool] = True


@pytest.fixture(scope="module")
def world() -> Any:
    known = registry._found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_found", lambda: ({**known[0], "buyers": Buyers}, known[1]))
        forget_kinds()
        scenario = load(
            {
                "name": "sales",
                "seed": 3,
                "replications": 1,
                "horizon": {"days": 40},
                "world": {"kind": "traffic", "pages": 2, "bank": {"captions": 120}, "audience": {"fixed": 60_000}},
                "policies": ["buyers"],
                "record": {"sends": True},
            }
        )
        made = TrafficWorld(scenario, scenario.policies[0], range(1))
        made.advance(40.0)
    forget_kinds()
    return made


def forget_kinds() -> None:
    """Another test of this process may have asked for the policies already."""
    for cached in (entries.known_kinds, entries.entry_model, _part):
        cached.cache_clear()


def test_views_and_purchases_are_those_of_the_counted_messages(world: Any) -> None:
    block, flow = world._block, world.flow()
    history, pending = block.tried.history, block.job.pending
    waiting = sum(
        int(pending["views"][r, (page["pending_head"] + i) % pending.shape[1]])
        for r, page in enumerate(block.pages)
        for i in range(page["pending_size"])
    )
    log = world.sends(0)
    assert history["purchased"].sum() == flow.counted.sum() > 50
    assert history["viewed"].sum() == log.viewed_count.sum() - waiting > 0


def test_scores_come_from_sales_and_prices(world: Any) -> None:
    captions, history = world._block.tried.captions, world._block.tried.history
    shown = np.isfinite(captions["a"]) & (history["messages"] > 0)
    assert shown.sum() > 30
    np.testing.assert_array_equal(captions["b"][shown], captions["price"][shown])
    sold = shown & (history["purchased"] > 0)
    assert (captions["a"][sold] > 0).sum() > 10


def test_captions_that_were_sent_are_observed_once_per_decision(world: Any) -> None:
    """The state is never cleared by this rule: sums of prices grow by their total at each daily decision."""
    state, captions = world._block.state, world._block.tried.captions
    pages = world._block.pages
    for r in range(len(pages)):
        for tier in range(3):
            start, count = pages["tried_start"][r, tier], pages["tried"][r, tier]
            sent = world._block.tried.uses[r, start : start + count] > 0
            total = captions["price"][r, start : start + count][sent].sum()
            assert 0 < state[r, tier, PRICES] <= 40 * total
            assert state[r, tier, VIEWS] > state[r, tier, PURCHASES] > 0
