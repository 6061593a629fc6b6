"""The composite selection equals a naive twin, choice by choice; what each of its parts does."""

import numpy as np
import pytest

from sim.errors import InputError
from sim.scenario import load
from sim.worlds.traffic.selection import composite
from sim.worlds.traffic.world import TrafficWorld
from twins.composite import NaiveCompositePage, listing_of
from twins.small_traffic import small_traffic

pytestmark = pytest.mark.slow

DAYS = 16
SWITCHES = [
    {},
    {"rank_defect": True},
    {"no_row_value": "zero", "budgets": False},
    {"sweep": True},
    {"price_tiers": [1, 2, 4]},
]


def scenario_of(selection, policy="wilson_sample", days=DAYS, **changes):
    return load(
        {
            "name": "composite",
            "seed": 3,
            "replications": 2,
            "horizon": {"days": days},
            "world": small_traffic(
                captions=120,
                priced_per_day=(6, 9),
                per_day_limits=(8, 20),
                bank={"categories": 3, "urgent_share": 0.4},
                purchases={"page_sigma": 0.5},
                turnover={"retire_share_per_week": 0.1, "arrivals_per_week": 5},
            ),
            "feedback": {"refresh_hours": 12, "label_after_hours": 6.0, "median_days": 6},
            "selection": {"score": "composite", "cool_down_days": 3.0, **selection},
            "policies": [policy],
            **changes,
        }
    )


def run_both(scenario, index=1):
    pages = scenario.world.pages
    world = TrafficWorld(scenario, scenario.policies[0], range(scenario.replications))
    bank, fans = world.bank(index), world.audiences(index)
    rows, naive = range(index * pages, (index + 1) * pages), []
    with np.errstate(over="ignore"):
        for page, row in enumerate(rows):
            own = bank.page == page + 1
            log_rate = world._block.bank.entries["log_rate"][row]
            columns = (bank.caption_id[own], bank.tier[own], bank.price[own], log_rate)
            columns = (*columns, bank.arrives_week[own], bank.retires_week[own])
            captions = list(zip(*(column.tolist() for column in columns), strict=True))
            listing = listing_of(world._block, row, bank.caption_id[own])
            naive.append(NaiveCompositePage(scenario, index, page, captions, int(fans[page]), listing=listing))
            naive[-1].run()
    world.advance(float(scenario.horizon.days))
    return world, naive


def assert_equal(world, naive, index=1):
    totals, bank = world.totals(), world.bank(index)
    assert totals.pulls[index] == sum(len(page.messages) for page in naive)
    assert totals.reward[index] == sum(m["purchases"] for page in naive for m in page.messages)
    assert world.unfilled()[index] == sum(page.unfilled for page in naive)
    assert totals.best_pulls[index] == sum(page.best for page in naive)
    assert totals.regret[index] == pytest.approx(sum(page.regret for page in naive), rel=1e-12)
    for page, twin in enumerate(naive):
        own = bank.page == page + 1
        sends = dict(zip(bank.caption_id[own].tolist(), bank.sends[own].tolist(), strict=True))
        assert {i: n for i, n in sends.items() if n} == {c["id"]: len(c["used"]) for c in twin.captions if c["used"]}


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_the_composite_selection_equals_its_twin(switches):
    world, naive = run_both(scenario_of(switches))
    assert_equal(world, naive)
    assert sum(len(page.messages) for page in naive) > 150


def test_a_mistake_in_the_twin_is_noticed(monkeypatch):
    monkeypatch.setattr(NaiveCompositePage, "value", lambda self, c, dollars: 0.0)
    world, naive = run_both(scenario_of({}))
    with pytest.raises(AssertionError):
        assert_equal(world, naive)


def unfilled_of(selection, policy="wilson_sample"):
    scenario = scenario_of(selection, policy)
    world = TrafficWorld(scenario, scenario.policies[0], range(2))
    world.advance(float(DAYS))
    return world, int(world.unfilled().sum())


def test_the_rank_defect_leaves_slots_empty_that_the_sound_form_fills():
    _, sound = unfilled_of({})
    _, defect = unfilled_of({"rank_defect": True})
    assert defect > sound


def test_dollars_for_captions_without_a_row_send_new_captions_first():
    """At 0.15 × $87 / 100 a caption without a row beats nearly all that have one."""
    tried = {}
    for value in ("dollars", "zero"):
        world, _ = unfilled_of({"no_row_value": value, "budgets": False, "cool_down_days": 0.0})
        tried[value] = int((world.bank(0).sends > 0).sum())
    assert tried["dollars"] > tried["zero"]


def test_unpriced_messages_by_hand_carry_no_caption_and_enter_the_medians():
    scenario = scenario_of({"bump": "by_hand"}, record={"sends": True})
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(float(DAYS))
    log = world.sends(0)
    unpriced = np.isnan(log.price)
    assert 0 < unpriced.sum() <= world.unfilled()[0]
    assert not log.attributed[unpriced].any() and log.attributed[~unpriced].all()
    assert np.isnan(log.propensity[unpriced]).all() and (log.propensity[~unpriced] > 0.0).all()
    assert world._block.pages["recent_size"][0] > 0
    assert world.bank(0).sends[world.bank(0).price == 0].sum() == 0


def test_the_oracle_ranks_by_the_truth_within_the_constraints():
    world, _ = unfilled_of({}, "oracle")
    totals = world.totals()
    assert totals.regret == pytest.approx(0.0, abs=1e-9)
    assert totals.best_pulls.tolist() == totals.ranked_pulls.tolist()


def test_penalties_and_limits_are_those_of_the_specification():
    assert [composite.penalty(uses, 1) for uses in (0, 3, 4, 5, 12, 30)] == [0.0, 0.0, -0.5, -0.5, -0.5, -0.5]
    assert [composite.penalty(uses, 0) for uses in (0, 11, 12, 15, 16, 30)] == [0.0, 0.0, -0.15, -0.15, -0.3, -0.3]
    assert (composite.URGENT_LIMIT, composite.LIMIT) == (5, 20)


def test_captions_of_other_price_tiers_are_never_sent():
    scenario = scenario_of({"price_tiers": [0, 2, 3]}, record={"sends": True})
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(float(DAYS))
    log, bank = world.sends(0), world.bank(0)
    tier_of = dict(zip(zip(bank.page.tolist(), bank.caption_id.tolist(), strict=True), bank.price_band, strict=True))
    sent = {tier_of[key] for key in zip(log.page.tolist(), log.caption_id.tolist(), strict=True)}
    assert sent == {0, 2, 3}
    assert len(set(bank.price_band.tolist())) > 4


def test_price_tiers_need_the_composite_score():
    with pytest.raises(InputError, match="price_tiers needs `score: composite`"):
        scenario_of({"score": "plain", "price_tiers": [1]})
