"""Metrics of the deployed loop, recomputed from the send log, the bank and the table of a replication."""

import math

import numpy as np
import pytest

from sim.scenario import load
from sim.worlds.metrics.loop import COLUMNS, WEEK_SUMS
from sim.worlds.traffic.metrics.diagnostics import is_uncertain, width
from sim.worlds.traffic.metrics.loop_metrics import success_chance
from sim.worlds.traffic.world import TrafficWorld
from twins.small_traffic import small_traffic

pytestmark = pytest.mark.slow

START_US, WEEK_US = 1_736_121_600_000_000, 7 * 86_400_000_000
DAYS = 21


def played(counting="once", **feedback):
    scenario = load(
        {
            "name": "loop",
            "seed": 3,
            "replications": 2,
            "horizon": {"days": DAYS},
            "world": small_traffic(
                priced_per_day=(4, 6),
                per_day_limits=(8, 14),
                purchases={"page_sigma": 0.5},
                drift={"sigma_per_week": 0.0},
                turnover={"retire_share_per_week": 0.0, "arrivals_per_week": 0.0},
            ),
            "feedback": {"counting": counting, "label_after_hours": 6.0, **feedback},
            "selection": {"cool_down_days": 1.0},
            "policies": ["wilson_sample"],
            "record": {"sends": True},
        }
    )
    world = TrafficWorld(scenario, scenario.policies[0], range(2))
    world.advance(float(DAYS))
    return world


@pytest.fixture(scope="module")
def world():
    return played()


def by_message(world, index):
    """Page, week, caption, tier, price, purchases, views and rate of each message, in order of time."""
    log, bank = world.sends(index), world.bank(index)
    traits = {
        (page, caption): (tier, rate)
        for page, caption, tier, rate in zip(
            bank.page.tolist(), bank.caption_id.tolist(), bank.tier.tolist(), bank.rate.tolist(), strict=True
        )
    }
    for page, caption, at, price, purchases, views in zip(
        log.page.tolist(), log.caption_id.tolist(), log.sending_time_us.tolist(), log.price.tolist(),
        log.purchased_count.tolist(), log.viewed_count.tolist(), strict=True,
    ):  # fmt: skip
        yield page, (at - START_US) // WEEK_US, caption, *traits[page, caption], price, purchases, views


def test_every_column_is_there_for_every_replication(world):
    loop = world.loop()
    assert set(loop.columns) == set(COLUMNS)
    assert all(values.shape == (2,) for values in loop.columns.values())
    assert loop.weeks.shape == (DAYS // 7, len(WEEK_SUMS))


@pytest.mark.parametrize("index", [0, 1])
def test_sends_of_cold_and_distinct_captions_are_those_of_the_log(world, index):
    sent, cold, distinct = {}, 0, set()
    messages = list(by_message(world, index))
    for page, week, caption, *_ in messages:
        cold += sent.setdefault((page, caption), 0) < 10
        sent[page, caption] += 1
        distinct.add((page, week, caption))
    columns = world.loop().columns
    assert columns["cold_share"][index] == pytest.approx(cold / len(messages))
    assert columns["distinct_captions"][index] == pytest.approx(len(distinct) / (2 * DAYS / 7))


@pytest.mark.parametrize("index", [0, 1])
def test_price_top_decile_and_emv_are_those_of_the_log(world, index):
    bank, messages = world.bank(index), list(by_message(world, index))
    least = {
        (page, tier): np.quantile(bank.rate[(bank.page == page) & (bank.tier == tier)], 0.9)
        for page in (1, 2)
        for tier in range(3)
    }
    priced = [m for m in messages if m[3] < 3]
    columns = world.loop().columns
    assert columns["mean_price"][index] == pytest.approx(np.mean([m[5] for m in priced]))
    top = np.mean([m[4] >= least[m[0], m[3]] * (1 - 1e-12) for m in priced])
    assert columns["top_decile_share"][index] == pytest.approx(top)
    emv = sum(m[6] / m[7] * m[6] * m[5] for m in priced if m[6] > 0)
    assert columns["emv_usd"][index] == pytest.approx(emv)


def test_the_weekly_sums_add_up_to_the_replications(world):
    sums = dict(zip(WEEK_SUMS, world.loop().weeks.sum(axis=0).tolist(), strict=True))
    assert sums["page_weeks"] == 2 * 2 * DAYS // 7
    assert sums["sends"] == world.totals().pulls.sum()
    assert sums["revenue"] * 1_000_000 == world.totals().revenue_micros.sum()


def test_counting_once_has_a_recount_factor_of_one_and_recounting_one_of_the_look_back(world):
    assert world.loop().columns["recount_factor"].tolist() == [1.0, 1.0]
    again = played("every_refresh", look_back_days=7.0).loop().columns["recount_factor"]
    # A message is added at 27 or 28 refreshes, 6 hours apart, unless the run ends before.
    assert ((again > 14) & (again <= 28)).all()


def test_unfilled_and_late_purchases_are_the_counts_of_the_world(world):
    columns, flow = world.loop().columns, world.flow()
    assert columns["unfilled"].tolist() == world.unfilled().tolist()
    assert columns["late_purchases"].tolist() == flow.late.tolist()
    assert flow.late.min() > 0


def test_what_is_captured_is_less_without_constraints(world):
    columns = world.loop().columns
    assert (columns["captured_share_free"] < columns["captured_share"]).all()
    assert ((columns["captured_share_free"] > 0) & (columns["captured_share"] < 1)).all()


def test_a_send_explores_with_few_observations_or_a_wide_interval():
    assert width(1, 1) == pytest.approx(0.9055 - 0.0945, abs=2e-4)
    assert is_uncertain(9, 900, 100)
    assert not is_uncertain(10, 900, 100)
    assert is_uncertain(10, 6, 6)


def test_the_chance_of_a_label_is_the_binomial_tail():
    rates, prices, luck = np.array([0.03, 0.3]), np.array([10, 10], np.int32), (np.array([0.01]), np.array([1.0]))
    views, median = 30, 2.0
    least = math.floor(math.sqrt(median * views / 10))
    expected = [
        1 - sum(math.comb(views, k) * rate**k * (1 - rate) ** (views - k) for k in range(least + 1)) for rate in rates
    ]
    assert success_chance(median, rates, prices, 3000, luck) == pytest.approx(expected)
    assert success_chance(0.0, rates, prices, 3000, luck) == pytest.approx(1 - (1 - rates) ** views)
    assert np.isnan(success_chance(math.nan, rates, prices, 3000, luck)).all()
    assert np.isnan(success_chance(1.0, rates, np.zeros(2, np.int32), 3000, luck)).all()
