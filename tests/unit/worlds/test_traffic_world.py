"""What always holds in the traffic world, whatever the numbers."""

import dataclasses
import math
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from policies.base import Policy, Rule
from policies.greedy import Greedy
from sim.errors import InputError
from sim.scenario import load
from sim.scenario.sections.traffic import TIERS
from sim.worlds.engine import simulate
from sim.worlds.traffic.world import TrafficWorld

pytestmark = pytest.mark.slow

DAY_US = 86_400_000_000
START_US = 1_736_121_600_000_000  # 2025-01-06T00:00:00Z
SMALL = {
    "kind": "traffic",
    "pages": 3,
    "bank": {"captions": 150},
    "sends": {"reach": 1.0},
    "purchases": {
        "per_view": [[5.0, 0.03], [20.0, 0.01]],
        "audience_exponent": 0.0,
        "page_sigma": 0.5,
        "strong_pages": {"share": 0.0},
    },
    "turnover": {"retire_share_per_week": 0.1, "arrivals_per_week": 15},
}


def scenario_of(policy="wilson_sample", *, days=30.0, world=None, feedback=None, selection=None, sends=True):
    return load(
        {
            "name": "small",
            "seed": 3,
            "replications": 8,
            "horizon": {"days": days},
            "world": SMALL | (world or {}),
            "feedback": feedback or {},
            "selection": selection or {},
            "policies": [policy],
            "record": {"sends": sends},
        }
    )


def world_of(scenario, replications=range(2)):
    return TrafficWorld(scenario, scenario.policies[0], replications)


def run(scenario, replications=range(2)):
    world = world_of(scenario, replications)
    world.advance(world.horizon)
    return world


@pytest.fixture(scope="module")
def world():
    return run(scenario_of())


def columns(log):
    named = (name for name in log.__dataclass_fields__ if name not in {"page_names", "attributed", "message"})
    return {name: getattr(log, name) for name in named}


def keyed(log):
    """The log by page and caption, in order of time."""
    order = np.lexsort((log.sending_time_us, log.caption_id, log.page))
    return {name: values[order] for name, values in columns(log).items()}


def same_caption(lines):
    return (np.diff(lines["page"]) == 0) & (np.diff(lines["caption_id"]) == 0)


def tier_of(bank, log):
    tiers = {(p, c): t for p, c, t in zip(bank.page, bank.caption_id, bank.tier, strict=True)}
    return np.array([tiers[p, c] for p, c in zip(log.page, log.caption_id, strict=True)])


def test_a_block_does_not_change_its_replications(world):
    alone = run(scenario_of(), range(1, 2))
    for name, values in columns(world.sends(1)).items():
        np.testing.assert_array_equal(values, columns(alone.sends(0))[name], err_msg=name)
    whole, part = world.totals(), alone.totals()
    for name in whole.__dataclass_fields__:
        assert getattr(whole, name)[1] == getattr(part, name)[0], name
    for name in world.counts(1).__dataclass_fields__:
        if name != "page_names":
            np.testing.assert_array_equal(getattr(world.counts(1), name), getattr(alone.counts(0), name), err_msg=name)


@pytest.mark.parametrize("cuts", [[1e-9, 0.25, 0.2500001, 13.0], np.linspace(0, 29.9, 173).tolist()])
def test_where_time_is_cut_changes_nothing(world, cuts):
    other = world_of(scenario_of())
    for cut in cuts:
        other.advance(cut)
        other.locked_out_pages()
    other.advance(30.0)
    np.testing.assert_array_equal(other.totals().regret, world.totals().regret)
    np.testing.assert_array_equal(other.totals().regret_usd, world.totals().regret_usd)
    np.testing.assert_array_equal(other.sends(0).caption_id, world.sends(0).caption_id)


# One policy that forgets by age, one by number, one with a state: judging must leave what they remember alone.
@pytest.mark.parametrize(
    "policy",
    [
        "wilson_sample",
        {"kind": "discounted_ucb", "discount": 0.95},
        {"kind": "sliding_window_ucb", "window": 40},
        "exp3",
    ],
    ids=str,
)
def test_moments_foreseen_are_those_that_would_have_come(policy):
    points = np.linspace(0, 20, 9)[1:]
    step, leap = world_of(scenario_of(policy, days=20)), world_of(scenario_of(policy, days=20))
    leap.simulate_through(points, points[1::2])
    for index, at in enumerate(points):
        step.advance(at)
        leap.advance(at)
        for name in step.totals().__dataclass_fields__:
            np.testing.assert_array_equal(getattr(leap.totals(), name), getattr(step.totals(), name), err_msg=name)
        np.testing.assert_array_equal(leap.tier_revenue(), step.tier_revenue())
        if index % 2:
            np.testing.assert_array_equal(leap.locked_out_pages(), step.locked_out_pages())
            mine, other = leap.tally(), step.tally()
            assert (mine.by_bin == other.by_bin).all()
            assert (mine.known, mine.cold, mine.entropy, mine.evenness) == (
                (other.known, other.cold, other.entropy, other.evenness)
            )
    np.testing.assert_array_equal(leap.sends(0).caption_id, step.sends(0).caption_id)


def test_a_moment_that_was_not_foreseen_is_refused():
    world = world_of(scenario_of(days=20))
    world.simulate_through(np.array([5.0, 20.0]), np.array([20.0]))
    world.advance(5.0)
    with pytest.raises(ValueError, match="not among the simulated times"):
        world.advance(7.0)
    with pytest.raises(ValueError, match="not to be observed"):  # the rows are beyond it
        world.tally()
    world.advance(20.0)
    assert world.tally().known > 0


@pytest.mark.long
def test_a_policy_without_any_score_is_refused(monkeypatch):
    monkeypatch.setattr(Greedy, "rule", dataclasses.replace(Greedy.rule, summarise=_nothing_known))
    with pytest.raises(InputError, match="greedy: every score is NaN"):
        run(scenario_of("greedy", days=2))


def _nothing_known(n, s, w, truth, params):
    return math.nan, math.nan


def test_recording_sends_changes_nothing(world):
    silent = run(scenario_of(sends=False))
    assert silent.sends(0) is None
    np.testing.assert_array_equal(silent.totals().regret, world.totals().regret)
    np.testing.assert_array_equal(silent.totals().reward, world.totals().reward)


def test_the_engine_runs_it(world):
    scenario = scenario_of()
    block = simulate(scenario, scenario.policies[0], range(2))
    np.testing.assert_array_equal(block.totals.regret, world.totals().regret)
    assert block.at[-1] == 30.0
    np.testing.assert_array_equal(block.regret[-1], world.totals().regret)
    assert (np.diff(block.regret, axis=0) >= 0.0).all()
    assert [len(log.row_id) for log in block.sends] == block.totals.pulls.tolist()


def test_policies_meet_the_same_world(world):
    other = run(scenario_of({"kind": "uniform"}))
    ours, theirs = world.sends(0), other.sends(0)
    for name in ("sending_time_us", "page", "sent_count", "message_type"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    np.testing.assert_array_equal(ours.viewed_count, theirs.viewed_count)
    for name in world.bank(0).__dataclass_fields__:
        if name != "sends":
            np.testing.assert_array_equal(getattr(world.bank(0), name), getattr(other.bank(0), name), err_msg=name)
    assert (ours.caption_id != theirs.caption_id).mean() > 0.5


def test_a_use_of_a_caption_meets_the_same_luck():
    # Nothing else differs between uses: no season, fatigue, drift, and the same number of views.
    world = {
        "audience": {"fixed": 1_000},
        "views": {"priced": {"mean": 1.0, "cv": 0.0}, "unpriced": {"mean": 1.0, "cv": 0.0}},
        "factors": {"weekday": [1.0] * 7, "hour": [1.0] * 24, "holidays": {"days_per_year": 0}},
        "fatigue": {"drop": 0.0},
        "drift": {"sigma_per_week": 0.0},
    }
    lines = [keyed(run(scenario_of(policy, world=world)).sends(0)) for policy in ("wilson_sample", "uniform")]
    outcomes = []
    for log in lines:
        use = np.zeros(len(log["page"]), int)
        for i, same in enumerate(same_caption(log), start=1):
            use[i] = use[i - 1] + 1 if same else 0
        keys = zip(log["page"].tolist(), log["caption_id"].tolist(), use.tolist(), strict=True)
        outcomes.append(dict(zip(keys, log["purchased_count"].tolist(), strict=True)))
    both = outcomes[0].keys() & outcomes[1].keys()
    assert len(both) > 200
    assert sum(outcomes[0][key] > 0 for key in both) > 100
    assert all(outcomes[0][key] == outcomes[1][key] for key in both)


def test_a_caption_rests_for_the_whole_cool_down(world):
    lines = keyed(world.sends(0))
    rests = np.diff(lines["sending_time_us"])[same_caption(lines)]
    assert len(rests) > 50
    assert rests.min() >= 7 * DAY_US


def test_without_a_cool_down_captions_come_back_at_once():
    lines = keyed(run(scenario_of(selection={"cool_down_days": 0})).sends(0))
    assert np.diff(lines["sending_time_us"])[same_caption(lines)].min() < 2 * DAY_US


def test_priced_messages_keep_the_gap_and_the_hours():
    log = run(scenario_of(world={"sends": {"hours": [6, 22.5]}})).sends(0)
    second = (log.sending_time_us - START_US) // 1_000_000 % 86_400
    assert second.min() >= 6 * 3600
    assert second.max() < 22.5 * 3600
    for page in (1, 2, 3):
        times = log.sending_time_us[(log.page == page) & (log.message_type == 0)]
        assert np.diff(times).min() >= 60 * 60_000_000


def test_quotas_divide_the_priced_messages(world):
    tiers = np.bincount(tier_of(world.bank(0), world.sends(0)), minlength=4)
    assert world.unfilled()[0] == 0
    for tier, share in enumerate([0.2, 0.32, 0.48]):
        # Each page keeps the ratio over every 25 messages, so at most a few messages are missing.
        assert abs(tiers[tier] - share * tiers[:3].sum()) < 4


def test_unscaled_quotas_are_the_numbers_of_every_day():
    world = run(scenario_of(days=3, selection={"scaled": False}, world={"bank": {"captions": 1200}}))
    log = world.sends(0)
    day = (log.sending_time_us - START_US) // DAY_US
    for page in (1, 2, 3):
        for d in range(3):
            here = (log.page == page) & (day == d)
            tiers = np.bincount(tier_of(world.bank(0), log)[here], minlength=4)
            assert dict(zip(TIERS, tiers.tolist(), strict=True)) == {"budget": 5, "mid": 8, "premium": 12, "bump": 3}


def test_no_caption_is_sent_before_it_arrives_or_after_it_retires(world):
    bank, log = world.bank(0), world.sends(0)
    life = {
        (p, c): (a, z)
        for p, c, a, z in zip(bank.page, bank.caption_id, bank.arrives_week, bank.retires_week, strict=True)
    }
    weeks = (log.sending_time_us - START_US) // (7 * DAY_US)
    lives = np.array([life[p, c] for p, c in zip(log.page, log.caption_id, strict=True)])
    assert (lives[:, 0] <= weeks).all()
    assert (weeks < lives[:, 1]).all()
    assert (lives[:, 0] > 0).any()
    assert (bank.retires_week < 5).any()


def test_a_bank_that_is_too_small_leaves_slots_empty():
    world = run(scenario_of(world={"bank": {"captions": 40}}))
    log, whole = world.sends(0), run(scenario_of())
    assert world.unfilled()[0] > 0
    assert len(log.row_id) + world.unfilled()[0] == len(whole.sends(0).row_id)
    lines = keyed(log)
    assert np.diff(lines["sending_time_us"])[same_caption(lines)].min() >= 7 * DAY_US


def test_purchases_are_neither_lost_nor_made_up(world):
    flow, counts = world.flow(), world.counts(0)
    np.testing.assert_array_equal(flow.drawn, flow.counted + flow.late + flow.pending)
    assert flow.drawn[0] == world.sends(0).purchased_count.sum()
    assert flow.counted[0] == counts.purchased.sum()
    assert flow.late.sum() > 0
    assert flow.pending.sum() > 0


def test_without_delay_nothing_is_late():
    flow = run(scenario_of(world={"delay": {"mean_hours": 0}})).flow()
    assert flow.late.sum() == 0
    assert flow.counted.sum() > 0


def test_messages_are_counted_once_and_only_when_due(world):
    counts, log = world.counts(0), world.sends(0)
    due = START_US + 30 * DAY_US - DAY_US - DAY_US // 4  # the last refresh before the end, less a day
    seen = log.viewed_count > 0  # a message that nobody viewed has no EMV, and no label
    assert counts.observations.sum() == ((log.sending_time_us <= due) & seen).sum()
    assert (counts.successes + counts.failures <= counts.observations).all()
    assert (counts.last_used_us + DAY_US <= counts.last_updated_us).all()
    refreshes = (counts.last_updated_us - START_US) % (DAY_US // 4)
    assert (refreshes == 0).all()


def test_counts_add_up_to_the_log(world):
    counts, log = world.counts(0), world.sends(0)
    sent = {(p, c): fans for p, c, fans in zip(log.page, log.caption_id, log.sent_count, strict=True)}
    fans = np.array([sent[p, c] for p, c in zip(counts.page, counts.caption_id, strict=True)])
    np.testing.assert_array_equal(counts.sent, counts.observations * fans)
    price = {(p, c): v for p, c, v in zip(log.page, log.caption_id, np.nan_to_num(log.price), strict=True)}
    prices = np.array([price[p, c] for p, c in zip(counts.page, counts.caption_id, strict=True)])
    np.testing.assert_array_equal(counts.revenue_micros, counts.purchased * prices * 1_000_000)
    assert (counts.purchased[prices == 0] == 0).all()


def test_regret_is_never_negative_and_zero_for_those_who_know():
    for policy, reward, money in (("oracle", True, False), ({"kind": "oracle", "by": "revenue"}, False, True)):
        totals = run(scenario_of(policy)).totals()
        assert (totals.regret == 0.0).all() == reward
        assert (totals.regret_usd == 0.0).all() == money
        assert (totals.regret >= 0.0).all()
        assert (totals.regret_usd >= 0.0).all()
        assert (totals.best_pulls == totals.ranked_pulls).all() == reward


def test_expected_reward_differs_by_the_regret():
    # The world is the same, so what the oracle earns more is what the other regrets, up to six standard
    # deviations of over-dispersed counts (false alarms: 2e-9).
    world = {"fatigue": {"drop": 0.0}, "audience": {"fixed": 20_000}}
    knows, guesses = (
        run(scenario_of(p, world=world, selection={"cool_down_days": 0})).totals() for p in ("oracle", "uniform")
    )
    difference = (knows.reward - guesses.reward).sum()
    noise = 6.0 * np.sqrt(4.0 * (knows.reward + guesses.reward).sum())
    assert abs(difference - guesses.regret.sum()) < noise
    assert guesses.regret.sum() > 3 * noise


def test_propensities_of_a_uniform_choice_are_its_share():
    log = run(scenario_of("uniform", days=5, world={"turnover": {"retire_share_per_week": 0.0}})).sends(0)
    priced = log.message_type == 0
    # Budget, mid and premium captions number 13, 20 and 31 of 150; some of them are cooling.
    assert 0.02 < log.propensity[priced].mean() < 0.2
    assert (log.propensity > 0).all()
    assert (log.propensity <= 1).all()


def test_a_choice_without_chance_has_propensity_one():
    log = run(scenario_of("oracle")).sends(0)
    assert (log.propensity[log.message_type == 0] == 1.0).all()


def test_the_log_speaks_of_messages_as_the_warehouse_does(world):
    log = world.sends(0)
    assert log.row_id.tolist() == list(range(1, len(log.row_id) + 1))
    assert (np.diff(log.sending_time_us) >= 0).all()
    np.testing.assert_array_equal(np.isnan(log.price), log.message_type == 1)
    np.testing.assert_array_equal(log.earnings, np.nan_to_num(log.price) * log.purchased_count)
    assert (log.viewed_count <= log.sent_count).all()
    assert (log.purchased_count <= log.viewed_count).all()


def test_lock_outs_are_shares_of_page_tiers():
    assert world_of(scenario_of()).locked_out_pages().tolist() == [0.0, 0.0]
    assert run(scenario_of("uniform")).locked_out_pages().tolist() == [0.0, 0.0]
    assert run(scenario_of("oracle")).locked_out_pages().tolist() == [0.0, 0.0]
    narrow = run(scenario_of({"kind": "wilson_sample", "z": 0.01}, days=60)).locked_out_pages()
    assert (narrow * 9 == np.round(narrow * 9)).all()
    assert narrow.max() > 0.0


def test_a_part_of_a_day_is_a_part_of_the_day():
    half, whole = run(scenario_of(days=2.5)), run(scenario_of(days=3))
    assert half.sends(0).sending_time_us.max() < START_US + 2.5 * DAY_US
    kept = whole.sends(0).sending_time_us < START_US + 2.5 * DAY_US
    np.testing.assert_array_equal(half.sends(0).caption_id, whole.sends(0).caption_id[kept])


def _summarise_nowhere(n, s, ipw_successes, true_mean, params):
    return no_such_function(n), 0.0  # noqa: F821


@dataclasses.dataclass(frozen=True, kw_only=True)
class Uncompilable(Policy):
    kind: ClassVar[str] = "uncompilable"
    rule: ClassVar[Rule] = Rule(summarise=_summarise_nowhere)


def test_a_rule_that_cannot_be_compiled_is_named_with_its_line():
    spec = SimpleNamespace(name="odd", kind="uncompilable", build=Uncompilable, pool=None, renew=None)
    with pytest.raises(InputError, match=r'policy odd: its rule cannot be compiled.*File .*py", line \d+'):
        simulate(scenario_of(days=2.0), spec, range(1))
