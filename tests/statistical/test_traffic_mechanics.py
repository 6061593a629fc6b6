"""The laws of the traffic world's parts, each alone: delay, over-dispersion, fatigue, drift, turnover, propensity.

Tolerances are at least 4.5 standard deviations of the estimate (false alarms below 1e-5 each), unless stated.
"""

import math

import numpy as np
import pytest

from sim.scenario import load
from sim.worlds.traffic.world import TrafficWorld

pytestmark = pytest.mark.slow

DAY_US = 86_400_000_000
FLAT = {
    "audience": {"fixed": 2_000},
    "sends": {"reach": 1.0},
    "views": {"priced": {"mean": 1.0, "cv": 0.0}, "unpriced": {"mean": 0.01, "cv": 0.0}},
    "purchases": {
        "per_view": [[5.0, 0.005]],
        "caption_cv": 0.0,
        "message_cv": 0.0,
        "audience_exponent": 0.0,
        "page_sigma": 0.0,
        "strong_pages": {"share": 0.0},
        "max_per_view": 1.0,
    },
    "factors": {"weekday": [1.0] * 7, "hour": [1.0] * 24, "holidays": {"days_per_year": 0}},
    "fatigue": {"drop": 0.0},
    "drift": {"sigma_per_week": 0.0},
    "turnover": {"retire_share_per_week": 0.0, "arrivals_per_week": 0},
}
RATE = 0.005 / (1 + 0.005)  # saturated at max_per_view


def flat(**changes):
    merged = {key: dict(value) for key, value in FLAT.items()}
    for key, value in changes.items():
        merged[key] = merged.get(key, {}) | value if isinstance(value, dict) else value
    return merged


def run(days, *, policy="uniform", feedback=None, selection=None, **changes):
    scenario = load(
        {
            "name": "mechanics",
            "seed": 2,
            "replications": 1,
            "horizon": {"days": days},
            "world": {"kind": "traffic", "pages": 4, **flat(**changes)},
            "feedback": feedback or {},
            "selection": selection or {},
            "policies": [policy],
            "record": {"sends": True},
        }
    )
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(days)
    return world


def purchases_of(world):
    log = world.sends(0)
    return log.purchased_count[log.message_type == 0]


def test_with_everything_flat_purchases_are_binomial():
    counts = purchases_of(run(200))
    mean = 2_000 * RATE
    assert counts.mean() == pytest.approx(mean, abs=4.5 * math.sqrt(mean / len(counts)))
    # The variance of a sample variance is about 2 var² / n.
    assert counts.var() == pytest.approx(mean * (1 - RATE), rel=4.5 * math.sqrt(2.5 / len(counts)))


def test_messages_are_over_dispersed_as_the_gamma_says():
    counts = purchases_of(run(300, purchases={"message_cv": 0.8}))
    extra = (counts.var() - counts.mean()) / counts.mean() ** 2
    assert counts.mean() == pytest.approx(2_000 * RATE, rel=0.06)
    assert math.sqrt(extra) == pytest.approx(0.8, abs=0.06)


def test_captions_of_one_price_differ_as_the_log_normal_says():
    bank = run(1, purchases={"caption_cv": 0.4, "max_per_view": 1.0}, pages=20).bank(0)
    rate = bank.rate[bank.price > 0]
    assert rate.mean() == pytest.approx(RATE, rel=0.03)
    assert rate.std() / rate.mean() == pytest.approx(0.4, abs=0.03)


def test_small_pages_sell_better_a_view():
    elastic = {"audience_exponent": 1.2, "reference_audience": 20_000}
    rate = run(1, purchases=elastic | {"per_view": [[5.0, 0.0005]]}).bank(0).rate.max()
    fresh = 0.0005 * 10**1.2
    assert rate == pytest.approx(fresh / (1 + fresh), rel=1e-12)


@pytest.mark.parametrize("mean_hours", [6.0, 30.0])
def test_purchases_come_exponentially_late(mean_hours):
    world = run(200, delay={"mean_hours": mean_hours}, feedback={"refresh_hours": 1, "label_after_hours": 10})
    flow = world.flow()
    # A message is 10 to 11 hours old when it is counted, uniformly.
    ages = np.linspace(10, 11, 1_001)
    expected = 1 - np.exp(-ages / mean_hours).mean()
    total = flow.counted[0] + flow.late[0]
    sd = math.sqrt(expected * (1 - expected) / total)
    assert flow.counted[0] / total == pytest.approx(expected, abs=5 * sd + 0.001)


def test_a_repeated_caption_loses_its_share():
    world = run(
        120,
        pages=12,
        bank={"captions": 1_175},
        fatigue={"drop": 0.5, "half_life_days": 10_000.0},
        selection={"cool_down_days": 0},
    )
    log = world.sends(0)
    at = log.message_type == 0
    uses, seen = [], {}
    for page, caption in zip(log.page[at].tolist(), log.caption_id[at].tolist(), strict=True):
        uses.append(seen.get((page, caption), 0))
        seen[page, caption] = uses[-1] + 1
    by_use = [log.purchased_count[at][np.array(uses) == use].mean() for use in range(3)]
    assert by_use[1] / by_use[0] == pytest.approx(0.5, abs=0.03)
    assert by_use[2] / by_use[0] == pytest.approx(0.25, abs=0.03)


def test_fatigue_is_regained_with_its_half_life():
    # Four captions a tier, at most one used a day: with a half-life of an hour nothing of the loss is left.
    rested = purchases_of(run(150, fatigue={"drop": 0.9, "half_life_days": 0.05}, selection={"cool_down_days": 0}))
    assert rested.mean() == pytest.approx(2_000 * RATE, rel=0.02)


def test_rates_drift_as_a_random_walk_of_constant_mean():
    before = run(1, pages=10, drift={"sigma_per_week": 0.2}).bank(0)
    after = run(64, pages=10, drift={"sigma_per_week": 0.2}).bank(0)
    steps = np.log(after.rate[after.price > 0] / before.rate[before.price > 0])
    weeks, n = 9, len(steps)
    assert steps.std() == pytest.approx(0.2 * math.sqrt(weeks), rel=4.5 / math.sqrt(2 * n))
    assert steps.mean() == pytest.approx(-0.02 * weeks, abs=4.5 * 0.2 * math.sqrt(weeks / n))


def test_captions_retire_and_arrive_at_their_rates():
    bank = run(71, pages=10, turnover={"retire_share_per_week": 0.05, "arrivals_per_week": 7.5}).bank(0)
    first = bank.arrives_week == 0
    lifetime = bank.retires_week[first]
    for weeks in (1, 4, 10):
        share = 0.95**weeks
        assert (lifetime > weeks).mean() == pytest.approx(share, abs=4.5 * math.sqrt(share * (1 - share) / first.sum()))
    per_week = np.bincount(bank.arrives_week[~first])[1:] / 10
    assert set(per_week) == {7.0, 8.0}
    assert per_week.mean() == pytest.approx(7.5, abs=0.5)


def test_propensities_of_cold_captions_are_exact():
    # 11,750 captions on 10 pages; a uniform choice of k among m eligible has chance k / m, here the same for all.
    world = run(1, pages=10)
    log, bank = world.sends(0), world.bank(0)
    tier = {(p, c): t for p, c, t in zip(bank.page.tolist(), bank.caption_id.tolist(), bank.tier.tolist(), strict=True)}
    tiers = np.array([tier[key] for key in zip(log.page.tolist(), log.caption_id.tolist(), strict=True)])
    for t in range(4):
        m = (bank.tier == t).sum() / 10
        for p in range(1, 11):
            here = log.propensity[(tiers == t) & (log.page == p)]
            assert here == pytest.approx(len(here) / m)


@pytest.mark.parametrize(
    "policy", ["uniform", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("wilson_sample", "exp3"))]
)
def test_propensities_are_the_chances_of_inclusion(policy):
    # Inverse propensities of what is sent add up to the number of captions that could have been, warm ones and cold
    # ones, which are exact, or from redraws (exp3). Six standard deviations: false alarms 2e-9.
    world = run(40, policy=policy, pages=6, bank={"captions": 100}, selection={"cool_down_days": 0})
    log, bank = world.sends(0), world.bank(0)
    tier = {(p, c): t for p, c, t in zip(bank.page.tolist(), bank.caption_id.tolist(), bank.tier.tolist(), strict=True)}
    tiers = np.array([tier[key] for key in zip(log.page.tolist(), log.caption_id.tolist(), strict=True)])
    day = (log.sending_time_us - log.sending_time_us.min()) // DAY_US
    for t in range(4):
        weights = np.zeros((6, 40))
        np.add.at(weights, (log.page[tiers == t] - 1, day[tiers == t]), 1 / log.propensity[tiers == t])
        sent = weights[weights > 0]
        captions = (bank.tier == t).sum() / 6
        assert sent.mean() == pytest.approx(captions, abs=6 * sent.std() / math.sqrt(len(sent)) + 0.01 * captions)


def test_a_wrong_rate_would_be_noticed():
    """The first test of this file fails where the world is ten per cent off."""
    counts = purchases_of(run(200, purchases={"per_view": [[5.0, 0.0055]]}))
    mean = 2_000 * RATE
    assert abs(counts.mean() - mean) > 4.5 * math.sqrt(mean / len(counts))
