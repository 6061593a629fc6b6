"""The table world keeps its promises: common luck, any split, closed forms, clear refusals."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from policies.base import Policy
from sim.errors import InputError, StorageError
from sim.scenario import load
from sim.worlds.engine import build_world, simulate
from sim.worlds.table.empirical_bayes import fit_beta_binomial
from sim.worlds.table.world import TableWorld, timing_of
from twins.statistics_frame import stats_frame

pytestmark = pytest.mark.slow

HEADLINES = Path(__file__).parents[3].parent / "shared/data/headline_tests.parquet"
COUNTS = {
    "page_name": ["a", "a", "a", "b", "b", "c"],
    "caption_id": [1, 2, 3, 11, 12, 21],
    "trials": [900, 1_000, 1_100, 400, 500, 50],
    "successes": [18, 50, 44, 40, 100, 1],
}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "counts.parquet"
    pl.DataFrame(COUNTS).write_parquet(path)
    return str(path)


@pytest.fixture
def priced(tmp_path):
    path = tmp_path / "priced.parquet"
    pl.DataFrame(COUNTS | {"price": [30.0, 5.0, 5.0, 8.0, 2.0, 9.99]}).write_parquet(path)
    return str(path)


def scenario_of(source, *policies, days=12, replications=6, sends=False, **world):
    return load(
        {
            "version": 1,
            "name": "table",
            "seed": 3,
            "replications": replications,
            "horizon": {"days": days},
            "world": {"kind": "table", "source": source, **world},
            "policies": list(policies or ["wilson_sample"]),
            "record": {"curve_points": 5, "sends": sends},
        }
    )


def run(scenario, which=0, replications=range(6)):
    return simulate(scenario, scenario.policies[which], replications)


def rates_of(scenario, which=0, replications=range(6)):
    return TableWorld(scenario, scenario.policies[which], replications).rates


def assert_same(one, other):
    for name in ("pulls", "reward", "regret", "best_pulls"):
        assert np.array_equal(getattr(one.totals, name), getattr(other.totals, name))


@pytest.mark.parametrize("policy", ["wilson_sample", "thompson_beta", "ucb1", "exp3"])
@pytest.mark.parametrize("label", ["fan", "send"])
def test_blocks_may_be_split_anywhere(source, policy, label):
    scenario = scenario_of(source, policy, label=label)
    whole = run(scenario)
    parts = [run(scenario, replications=part) for part in (range(1), range(1, 4), range(4, 6))]
    for name in ("reward", "regret", "best_pulls"):
        joined = np.concatenate([getattr(part.totals, name) for part in parts])
        assert np.array_equal(getattr(whole.totals, name), joined)
    assert np.array_equal(whole.regret, np.concatenate([part.regret for part in parts], axis=1))
    frames = [stats_frame(counts) for part in parts for counts in part.stats]
    assert all(a.equals(b) for a, b in zip(map(stats_frame, whole.stats), frames, strict=True))


@pytest.mark.parametrize("label", ["fan", "send"])
def test_time_may_be_cut_anywhere(source, label):
    scenario = scenario_of(source, "discounted_thompson", label=label, days=40)
    one, other = (build_world(scenario, scenario.policies[0], range(2)) for _ in range(2))
    one.advance(40.0)
    for until in (0.0, 0.01, 0.25, 0.25, 0.26, 3.1415, 31.0, 31.24, 31.25, 39.999, 40.0):
        other.advance(until)
    assert np.array_equal(one.totals().regret, other.totals().regret)
    for index in range(2):
        assert stats_frame(one.counts(index)).equals(stats_frame(other.counts(index)))


def test_policies_meet_the_same_rates_and_the_same_outcomes(source):
    scenario = scenario_of(source, "uniform", "ucb1", sends=True)
    assert np.array_equal(rates_of(scenario, 0), rates_of(scenario, 1))
    first, second = (outcomes(run(scenario, which).sends[4]) for which in (0, 1))
    shared = set(first) & set(second)
    assert len(shared) == 6
    for arm in shared:
        both = min(len(first[arm]), len(second[arm]))
        assert first[arm][:both] == second[arm][:both]


def outcomes(log):
    by_arm = {}
    for caption, conversions in zip(log.caption_id.tolist(), log.purchased_count.tolist(), strict=True):
        by_arm.setdefault(caption, []).append(conversions)
    return by_arm


def test_another_policy_beside_changes_nothing(source):
    alone, beside = scenario_of(source, "ucb1"), scenario_of(source, "uniform", "ucb1")
    assert_same(run(alone, 0), run(beside, 1))


def test_the_order_of_rows_changes_nothing(source, tmp_path):
    shuffled = str(tmp_path / "shuffled.parquet")
    pl.DataFrame(COUNTS).sample(fraction=1.0, shuffle=True, seed=8).write_parquet(shuffled)
    assert_same(run(scenario_of(source)), run(scenario_of(shuffled)))


def test_the_oracle_has_no_regret(source):
    block = run(scenario_of(source, "oracle"))
    assert (block.totals.regret == 0.0).all()
    assert np.array_equal(block.totals.best_pulls, block.totals.pulls)
    assert not block.locked_out.any()


def test_observed_rates_are_the_truth_when_asked_for(source):
    observed = np.array(COUNTS["successes"]) / np.array(COUNTS["trials"])
    assert np.array_equal(rates_of(scenario_of(source, rates="observed")), np.tile(observed, (6, 1)))


def test_every_replication_draws_its_own_rates(source):
    rates = rates_of(scenario_of(source))
    assert np.unique(rates).size == rates.size
    assert np.array_equal(rates[3:4], rates_of(scenario_of(source), replications=range(3, 4)))


def test_sends_are_evenly_spaced_and_reach_all_fans(source):
    log = run(scenario_of(source, sends=True, sends_per_day=3, fans_per_send=70, days=2)).sends[0]
    hours = (log.sending_time_us - 1_735_689_600_000_000) / 3_600e6
    assert hours.tolist() == [hour for slot in range(6) for hour in [8.0 * slot] * 3]
    assert log.page.tolist() == [1, 2, 3] * 6
    assert set(log.sent_count) == {70}
    assert log.row_id.tolist() == list(range(1, 19))


@pytest.mark.parametrize(("days", "sends_per_day", "sends"), [(0.25, 4, 1), (0.26, 4, 2), (0.1, 1, 1), (7 / 3, 3, 7)])
def test_a_send_at_the_horizon_does_not_happen(source, days, sends_per_day, sends):
    block = run(scenario_of(source, days=days, sends_per_day=sends_per_day))
    assert set(block.totals.pulls) == {3 * sends}


def test_statistics_are_as_of_the_last_refresh(source):
    content = scenario_of(source, "uniform", days=3.5).content()
    scenario = load({**content, "feedback": {"refresh_hours": 24}})
    block = run(scenario)
    assert {int(counts.observations.sum()) for counts in block.stats} == {3 * 12}
    updated = {int(us) for counts in block.stats for us in counts.last_updated_us}
    assert updated <= {1_735_689_600_000_000 + day * 86_400_000_000 for day in (1, 2, 3)}


def test_a_refresh_at_the_horizon_is_the_last(source):
    block = run(scenario_of(source, "uniform", days=3))
    assert {int(counts.observations.sum()) for counts in block.stats} == {3 * 12}


def test_statistics_carry_the_names_of_the_file(source):
    frame = stats_frame(run(scenario_of(source, "uniform", days=60)).stats[0])
    assert frame["page_name"].unique().sort().to_list() == ["a", "b", "c"]
    assert frame["caption_id"].sort().to_list() == COUNTS["caption_id"]
    assert (frame["avg_conversion_rate"] > 0).any()


def test_labels_by_send_lie_above_the_median(source):
    """Of sends told of in one batch, the strictly-above half are successes; here the batch is the whole history."""
    content = scenario_of(source, "uniform", label="send", sends=True, days=20).content()
    block = run(load({**content, "feedback": {"refresh_hours": 480}}))
    log, counts = block.sends[0], block.stats[0]
    for page in (1, 2, 3):
        conversions = log.purchased_count[log.page == page]
        expected = int((conversions > np.median(conversions)).sum())
        assert int(counts.successes[counts.page == page].sum()) == expected


@pytest.mark.parametrize(("hours", "per_day"), [(6, 4), (1 / 60, 4), (2 * np.pi, 7), (8_760, 1_000), (0.1, 3)])
def test_timing_is_exact_in_whole_numbers(hours, per_day):
    days = 3_650 if hours > 1 else 40
    timing = timing_of(per_day, float(hours), days)
    exact = [Fraction(hours).limit_denominator(10**6) * k / 24 for k in range(len(timing.refreshes))]
    assert len(exact) == days * 24 // exact[1:2][0] // 24 + 1 if len(exact) > 1 else hours / 24 > days
    assert timing.clock(100, Policy()).due[:-1].tolist() == [math.ceil(time * per_day) for time in exact]
    assert [timing.microseconds(k) for k in range(len(exact))] == [int(time * 86_400_000_000) for time in exact]
    assert timing.sends_before(3.0) == 3 * per_day
    assert timing.refreshes_by(float(exact[-1])) == len(exact) - 1


def test_wilson_sample_can_lock_the_best_arm_out_and_says_so(tmp_path):
    """A best arm that starts badly enough never returns once its interval lies below another's."""
    rates = {"page_name": ["a"] * 2, "caption_id": [1, 2], "trials": [1_000] * 2, "successes": [500, 480]}
    path = tmp_path / "two.parquet"
    pl.DataFrame(rates).write_parquet(path)
    scenario = scenario_of(str(path), "wilson_sample", "thompson_beta", rates="observed", days=60, replications=200)
    locked, free = (run(scenario, which, range(200)) for which in (0, 1))
    assert 0.0 < locked.locked_out.mean() < 1.0
    late = locked.regret[-1] - locked.regret[-2]
    assert (late[locked.locked_out] > 0).all()
    assert not free.locked_out.any()


def test_a_table_world_without_a_file_is_refused(source):
    with pytest.raises(InputError, match="no file"):
        content = scenario_of(source).content()
        content["world"].pop("source")
        run(load(content))


def test_a_missing_file_is_a_local_error(tmp_path):
    with pytest.raises(StorageError, match="absent"):
        run(scenario_of(str(tmp_path / "absent.parquet")))


def test_an_arm_without_trials_has_no_observed_rate(tmp_path):
    path = tmp_path / "untried.parquet"
    pl.DataFrame({**COUNTS, "trials": [900, 1_000, 1_100, 400, 500, 0], "successes": [1, 2, 3, 4, 5, 0]}).write_parquet(
        path
    )
    with pytest.raises(InputError, match="row 6: no trials"):
        run(scenario_of(str(path), rates="observed"))
    assert (run(scenario_of(str(path))).totals.pulls == 3 * 48).all()


def test_the_real_headline_tests_run():
    if not HEADLINES.exists():
        pytest.skip("real headline counts (../shared/data) are absent")
    scenario = scenario_of(str(HEADLINES), "uniform", "thompson_beta", days=10, replications=1)
    uniform, thompson = (run(scenario, which, range(1)) for which in (0, 1))
    pages = pl.read_parquet(HEADLINES)["page_name"].n_unique()
    assert uniform.totals.pulls.tolist() == [pages * 40]
    assert thompson.totals.regret[0] < uniform.totals.regret[0]
    assert thompson.totals.reward[0] > uniform.totals.reward[0]
    assert stats_frame(uniform.stats[0]).height > 9_000


def test_drawn_rates_keep_the_mean_of_the_file(source):
    a, b = fit_beta_binomial(np.array(COUNTS["trials"]), np.array(COUNTS["successes"]))
    expected = (np.array(COUNTS["successes"]) + a) / (np.array(COUNTS["trials"]) + a + b)
    rates = rates_of(scenario_of(source, replications=2_000), replications=range(2_000))
    error = rates.std(axis=0) / np.sqrt(2_000)
    assert (np.abs(rates.mean(axis=0) - expected) < 5 * error).all()


PRICED = {"columns": {"price": "price"}}


def test_prices_change_no_outcome_of_a_policy_that_reads_counts(priced):
    plain, money = (run(scenario_of(priced, **keys)) for keys in ({}, PRICED))
    assert_same(plain, money)
    assert plain.totals.revenue_micros.tolist() == [0] * 6
    assert (money.totals.revenue_micros > 0).all()


def test_an_oracle_of_revenue_misses_no_dollar_and_one_of_reward_no_conversion(priced):
    policies = {"kind": "oracle", "by": "revenue", "name": "dollars"}, "oracle"
    scenario = scenario_of(priced, *policies, rates="observed", **PRICED)
    dollars, reward = run(scenario), run(scenario, which=1)
    assert dollars.totals.regret_usd.tolist() == reward.totals.regret.tolist() == [0.0] * 6
    assert (dollars.totals.regret > 0.0).all()
    assert (reward.totals.regret_usd > 0.0).all()
    assert (dollars.loop.columns["expected_usd"] > reward.loop.columns["expected_usd"]).all()


@pytest.mark.parametrize("label", ["fan", "send"])
def test_blocks_of_money_may_be_split_anywhere(priced, label):
    scenario = scenario_of(priced, label=label, **PRICED)
    whole = run(scenario)
    parts = [run(scenario, replications=part) for part in (range(1), range(1, 4), range(4, 6))]
    for name in ("revenue_micros", "regret_usd"):
        joined = np.concatenate([getattr(part.totals, name) for part in parts])
        assert np.array_equal(getattr(whole.totals, name), joined)
    for name in ("expected_usd", "mean_price"):
        joined = np.concatenate([part.loop.columns[name] for part in parts])
        assert np.array_equal(whole.loop.columns[name], joined)
    assert np.array_equal(whole.pages.expected_usd, np.concatenate([part.pages.expected_usd for part in parts]))


def test_dollars_expected_are_the_mean_of_the_revenue(priced):
    """Uniform choice at observed rates; a two-sided test at 1e-4 finds a price that is 3 % too high."""
    found = run(scenario_of(priced, "uniform", replications=400, rates="observed", **PRICED), replications=range(400))
    revenue, expected = found.totals.revenue_micros / 1e6, found.loop.columns["expected_usd"]
    luck = revenue - expected
    error = luck.std() / math.sqrt(len(luck))
    assert abs(luck.mean()) < 3.9 * error
    assert abs((1.03 * revenue - expected).mean()) > 3.9 * error
    assert expected.std() < 0.7 * revenue.std()


def test_a_label_of_a_whole_send_compares_dollars_where_captions_have_prices(priced):
    """On page a caption 1 sells 2 % at 30 dollars, the others 5 and 4 % at 5: in dollars it is the best."""
    keys = {"label": "send", "rates": "observed", "days": 60}
    learned = [run(scenario_of(priced, "greedy", **keys, **more)).stats for more in ({}, PRICED)]
    of_first = [sum(int(s.observations[(s.page == 1) & (s.caption_id == 1)].sum()) for s in stats) for stats in learned]
    assert of_first[1] > 2 * of_first[0]


def test_sums_of_dollars_that_64_bits_do_not_hold_are_refused(tmp_path):
    path = tmp_path / "dear.parquet"
    pl.DataFrame(COUNTS | {"price": [1e5] * 6}).write_parquet(path)
    with pytest.raises(InputError, match=r"highest price × fans reached by all sends is above 4\.6e\+12 dollars"):
        run(scenario_of(str(path), fans_per_send=1_000_000, sends_per_day=1_000, **PRICED))
