"""A bank that pages share: what is common to them, and what policies know of one another's pages."""

import math
from typing import Any

import numpy as np
import pytest

from policies.maths.draws import arm_key, normal, pull_key
from sim.errors import ScenarioError
from sim.rng import row_keys
from sim.worlds.traffic.bank.draw_bank import EFFECT, PAGE, QUALITY
from sim.worlds.traffic.pages import log_sigma, page_level, per_view
from sim.worlds.traffic.world import TrafficWorld
from twins.fleet import NaiveFleetPage, run_together
from twins.traffic_checks import DAYS, REPLICATION, SEED, WORLD, check_counts, check_sends, check_totals, scenario_of

pytestmark = pytest.mark.slow

POOLED = ["pooled_thompson", "pooled_wilson", {"kind": "pooled_gamma_poisson", "fatigue": 0.2}]


def shared(correlation: float = 0.5, **changes: Any) -> dict[str, Any]:
    return WORLD | {"bank": WORLD["bank"] | {"shared": True, "correlation": correlation}} | changes


def world_of(world: dict[str, Any], policy: Any = "uniform") -> TrafficWorld:
    scenario = scenario_of(policy, world=world)
    return TrafficWorld(scenario, scenario.policies[0], range(REPLICATION - 1, REPLICATION + 1))


def entries(correlation: float, **changes: Any) -> Any:
    """(pages, captions) of one replication."""
    world = world_of(shared(correlation, pages=5, **changes))
    return world._block.bank.entries[5:]


def test_pages_share_identity_price_and_life() -> None:
    found = entries(0.5)
    for field in ("caption_id", "price", "retires"):
        assert (found[field] == found[field][0]).all()
    assert (entries(0.5)["price"][0] != entries(0.5)[0]["price"][::-1]).any()


def test_rates_are_page_effect_plus_caption_effect_plus_interaction() -> None:
    """Every rate, from its formula."""
    correlation, world = 0.3, world_of(shared(0.3))
    law, bank = scenario_of("uniform", world=shared(0.3)).world, world._block.bank.entries[2:]
    common = row_keys(SEED, "traffic:shared_bank", [REPLICATION])[0, 0]
    own, sigma = row_keys(SEED, "traffic:bank", [REPLICATION], 2)[0], log_sigma(0.35)
    with np.errstate(over="ignore"):
        for page in range(2):
            level = math.log(page_level(law, 3000, normal(pull_key(own[page], PAGE))))
            for caption in bank[page][bank["price"][page] > 0][:20]:
                number = caption["caption_id"]
                z, z_own = (normal(arm_key(pull_key(key, number), QUALITY)) for key in (common, own[page]))
                effect = sigma * (math.sqrt(correlation) * z + math.sqrt(1 - correlation) * z_own) - 0.5 * sigma**2
                expected = level + effect + math.log(per_view(law, np.float64(caption["price"])))
                expected -= math.log1p(math.exp(expected) / 0.5)
                assert caption["log_rate"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_rates_and_their_drift_are_as_correlated_as_asked(correlation: float) -> None:
    """False alarm below 1e-6 per case: five standard errors of Fisher's z for 1,400 captions."""
    few = {
        "turnover": {"retire_share_per_week": 0.0, "arrivals_per_week": 0},
        "purchases": {"page_sigma": 0.0, "strong_pages": {"share": 0.0}},
    }
    world = shared(correlation, pages=2, bank={"captions": 4_000, "shared": True, "correlation": correlation}, **few)
    made = world_of(world)
    priced = made._block.bank.entries["price"][2] > 0
    before = made._block.bank.entries["log_rate"][2:, priced].copy()
    quality = before - np.log(
        per_view(scenario_of("uniform", world=world).world, made._block.bank.entries["price"][2, priced])
    )
    made.advance(8.0)
    steps = made._block.bank.entries["log_rate"][2:, priced] - before
    for values in (quality, steps):
        found = np.corrcoef(values)[0, 1]
        if correlation == 1.0:
            assert found > 0.999
        else:
            gap = abs(math.atanh(found) - math.atanh(correlation))
            assert gap < 5.0 / math.sqrt(priced.sum() - 3)


def test_without_sharing_correlation_changes_nothing() -> None:
    worlds = [world_of(WORLD | {"bank": WORLD["bank"] | {"correlation": value}}) for value in (0.0, 1.0)]
    assert (worlds[0]._block.bank.entries == worlds[1]._block.bank.entries).all()


def run_both(policy: Any, world: dict[str, Any], cuts: Any = (0.3, 1.0, 7.0, 7.001, 15.5)) -> Any:
    scenario = scenario_of(policy, world=world)
    made = world_of(world, policy)
    bank, fans = made.bank(1), made.audiences(1)
    pages = scenario.world.pages
    log_rate = made._block.bank.entries["log_rate"][pages:].ravel()
    columns = (bank.caption_id, bank.tier, bank.price, log_rate, bank.arrives_week, bank.retires_week)
    twins = []
    with np.errstate(over="ignore"):
        for page in range(pages):
            own = [column[bank.page == page + 1].tolist() for column in columns]
            twins.append(NaiveFleetPage(scenario, REPLICATION, page, list(zip(*own, strict=True)), int(fans[page])))
            twins[-1].categories = dict(zip(bank.caption_id.tolist(), bank.category.tolist(), strict=True))
        run_together(twins)
    for cut in (*cuts, float(DAYS)):
        made.advance(cut)
    return made, twins


@pytest.mark.parametrize("policy", POOLED, ids=str)
def test_kernel_and_twin_agree_bit_for_bit_on_a_shared_bank(policy: Any) -> None:
    world, pages = run_both(policy, shared(pages=3))
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)


BY_CATEGORY: list[Any] = [
    *({"kind": kind, "category_sd": 0.4, "fatigue": 0.2} for kind in ("gamma_poisson", "pooled_gamma_poisson")),
    {"kind": "pooled_wilson", "category_weight": 2.0, "widening": "messages"},
]


@pytest.mark.long
@pytest.mark.parametrize("policy", BY_CATEGORY, ids=lambda policy: policy["kind"])
def test_kernel_and_twin_agree_bit_for_bit_on_categories(
    policy: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shared(pages=3)
    world["bank"] |= {"categories": 4, "category_spread": 0.5}
    made, pages = run_both(policy, world)
    check_sends(made.sends(1), pages)
    check_totals(made, pages)
    monkeypatch.setattr(NaiveFleetPage, "show", lambda self, c, tier: self.states[tier])
    made, pages = run_both(policy, world)
    with pytest.raises(AssertionError):
        check_sends(made.sends(1), pages)


def effects(**bank: Any) -> tuple[Any, Any]:
    """(by how much the logarithm of each caption's rate is raised by a spread of 0.5, category), priced ones."""
    known = {"categories": 5, "largest_category_share": 0.3, **bank}
    rates = []
    for spread in (0.0, 0.5):
        made = world_of(WORLD | {"bank": WORLD["bank"] | known | {"category_spread": spread}})
        listed, priced = made.bank(1), made._block.bank.entries["price"][2:].ravel() > 0
        rate = np.exp(made._block.bank.entries["log_rate"][2:].ravel()[priced])
        rates.append(np.log(rate / (1.0 - rate / 0.5)))  # undo the saturation
    return rates[1] - rates[0], np.stack([listed.page, listed.category])[:, priced]


@pytest.mark.parametrize("bank", [{}, {"shared": True, "correlation": 0.5}], ids=["own banks", "a shared bank"])
def test_a_category_moves_all_its_captions_alike(bank: dict[str, Any]) -> None:
    """By sigma z − sigma² / 2, the same on every page of a shared bank and in every tier."""
    purpose = "traffic:shared_bank" if bank else "traffic:bank"
    keys = np.resize(row_keys(SEED, purpose, [REPLICATION], 1 if bank else 2), 2)
    found, (page, category) = effects(**bank)
    assert set(category) == {1, 2, 3, 4, 5}
    with np.errstate(over="ignore"):
        for number in (1, 2):
            for each in range(1, 6):
                z = normal(arm_key(pull_key(keys[number - 1], PAGE), EFFECT + each))
                moved = found[(page == number) & (category == each)]
                np.testing.assert_allclose(moved, 0.5 * z - 0.125, atol=1e-9)


def test_rates_of_a_beta_distribution_have_no_categories() -> None:
    beta = {"bank": WORLD["bank"] | {"category_spread": 0.5}, "purchases": {"beta": [2, 4]}}
    with pytest.raises(ScenarioError, match="category_spread needs rates that are not drawn"):
        scenario_of("uniform", world=WORLD | beta)


def test_without_a_shared_bank_a_page_is_alone() -> None:
    world, pages = run_both("pooled_thompson", WORLD)
    check_sends(world.sends(1), pages)


def test_a_twin_that_forgets_the_other_pages_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NaiveFleetPage, "known", lambda self: {})
    world, pages = run_both("pooled_thompson", shared(pages=3))
    with pytest.raises(AssertionError):
        check_sends(world.sends(1), pages)


def test_a_block_and_cuts_change_nothing() -> None:
    scenario = scenario_of("pooled_thompson", world=shared(pages=3))
    alone = TrafficWorld(scenario, scenario.policies[0], range(REPLICATION, REPLICATION + 1))
    alone.simulate_through([5.0, float(DAYS)], [5.0])
    alone.advance(float(DAYS))
    together = world_of(shared(pages=3), "pooled_thompson")
    for cut in (2.0, 2.5, 3.0, 11.25, float(DAYS)):
        together.advance(cut)
    assert together.totals().regret[1] == alone.totals().regret[0]
    assert (together.sends(1).caption_id == alone.sends(0).caption_id).all()
