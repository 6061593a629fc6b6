"""Loads and incidents of the traffic world: each has the effect that it names, and no other."""

import dataclasses
import statistics

import numpy as np
import pytest

from sim.calendar import incidents, loads
from sim.calendar.base import build
from sim.errors import InputError
from sim.scenario import load
from sim.units import DAY_S
from sim.worlds.traffic.selection.replaced import normal_quantile, replaced_draw
from sim.worlds.traffic.timetable import ATTRIBUTION, AUDIENCE, EXPIRY, FAR, RATES, calendar_of, times_of
from sim.worlds.traffic.world import TrafficWorld
from twins.small_traffic import small_traffic

pytestmark = pytest.mark.slow

DAYS = 28


def scenario_of(*happening, feedback=None, policy="wilson_sample", days=DAYS):
    return load(
        {
            "name": "incidents",
            "seed": 9,
            "replications": 2,
            "horizon": {"days": days},
            "world": small_traffic(
                captions=80, priced_per_day=(4, 6), per_day_limits=(8, 14), purchases={"page_sigma": 0.5}
            ),
            "feedback": {"label_after_hours": 6.0, **(feedback or {})},
            "selection": {"cool_down_days": 2.0},
            "incidents": list(happening),
            "policies": [policy],
            "record": {"sends": True},
        }
    )


def times(scenario):
    calendar = calendar_of(scenario.feedback, int(scenario.horizon.days), scenario.incidents)
    return times_of(calendar, scenario.feedback, scenario.world.pages, int(scenario.horizon.days))


def played(scenario):
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(float(scenario.horizon.days))
    return world


def test_every_kind_is_a_file_with_a_kind_and_a_description():
    found = incidents.kinds()
    assert {"update_job_down", "loads_late", "attribution", "audience", "rates", "partition_expiry"} <= set(found)
    assert all(kind == made(**{"from": 0.0}).kind for kind, made in found.items())


def test_a_job_that_is_down_refreshes_before_and_after_only():
    hours = times(scenario_of({"kind": "update_job_down", "from": 2, "days": 1})).refreshes[:-1] // 3600
    assert hours[:14].tolist() == [6, 12, 18, 24, 30, 36, 42, 72, 78, 84, 90, 96, 102, 108]


def test_a_repeated_job_runs_again_five_minutes_later():
    seconds = times(scenario_of({"kind": "update_job_repeated", "from": 0, "days": 0.3, "times": 2})).refreshes
    assert seconds[:4].tolist() == [21_600, 21_900, 22_200, 43_200]


def test_an_hourly_job_runs_hourly_meanwhile():
    hours = times(scenario_of({"kind": "update_job_interval", "from": 1, "days": 0.25, "hours": 1})).refreshes // 3600
    assert hours[:11].tolist() == [6, 12, 18, 24, 25, 26, 27, 28, 29, 30, 36]


def test_loads_come_at_their_interval_and_late_ones_show_more():
    quick = scenario_of(feedback={"loads": {"every_hours": 24, "lag_hours": 2}})
    assert times(quick).loads[:2].tolist() == [DAY_S, 2 * DAY_S]
    assert times(quick).loads_until[:2].tolist() == [DAY_S - 7200, 2 * DAY_S - 7200]
    late = scenario_of(
        {"kind": "loads_late", "from": 1, "days": 0.5, "late_days": 3}, feedback={"loads": {"every_hours": 24}}
    )
    assert (times(late).loads[:4] / DAY_S).tolist() == [4.0, 4.0, 4.0, 4.0]
    assert times(late).loads[-1] == FAR


def test_daily_effects_begin_and_end_on_the_days_and_pages_named():
    daily = times(
        scenario_of(
            {"kind": "rates", "from": 3, "days": 2, "factor": 0.5, "pages": [2]},
            {"kind": "audience", "from": 5, "factor": 2.0},
            {"kind": "attribution", "from": 1, "days": 1, "share": 0.0},
            {"kind": "partition_expiry", "from": 10, "after_days": 9},
            feedback={"attribution": 0.4},
        )
    ).daily
    assert daily[0, :, RATES].tolist() == [1.0] * DAYS
    assert daily[1, 2:6, RATES].tolist() == [1.0, 0.5, 0.5, 1.0]
    assert daily[0, 4:6, AUDIENCE].tolist() == [1.0, 2.0]
    assert daily[0, :3, ATTRIBUTION].tolist() == [0.4, 0.0, 0.4]
    assert daily[0, 9:11, EXPIRY].tolist() == [0.0, 9.0]


def test_messages_are_loaded_by_loads_and_counts_freeze_there():
    world = played(scenario_of(feedback={"loads": {"every_hours": 168.0, "lag_hours": 24.0}}))
    log, at = world.sends(0), world.loaded_at(0)
    assert set(np.unique(at)) == {7.0, 14.0, 21.0}
    sent = (log.sending_time_us / 1e6 - 1_736_121_600) / DAY_S
    assert (at - sent >= 1.0).all() and (at - sent <= 8.0).all()
    totals = world.flow()
    assert totals.drawn[0] == totals.counted[0] + totals.late[0] + totals.pending[0]


def test_messages_older_than_the_report_are_never_loaded():
    some = played(scenario_of(feedback={"loads": {"every_hours": 168.0, "report_days": 2.0}}))
    everything = played(scenario_of(feedback={"loads": {"every_hours": 168.0}}))
    assert len(some.sends(0).row_id) < 0.5 * len(everything.sends(0).row_id)


def test_a_doubled_audience_is_sent_to_and_views_more():
    log = played(scenario_of({"kind": "audience", "from": 14, "factor": 2.0, "pages": [1]})).sends(0)
    day = (log.sending_time_us / 1e6 - 1_736_121_600) // DAY_S
    assert set(log.sent_count[(log.page == 1) & (day >= 14)]) == {6000}
    assert set(log.sent_count[(log.page == 1) & (day < 14)]) == set(log.sent_count[log.page == 2]) == {3000}


def test_no_rates_no_purchases():
    log = played(scenario_of({"kind": "rates", "from": 7, "days": 7, "factor": 0.0})).sends(0)
    day = (log.sending_time_us / 1e6 - 1_736_121_600) // DAY_S
    assert log.purchased_count[(day >= 7) & (day < 14)].sum() == 0
    assert log.purchased_count[day < 7].sum() > 0 and log.purchased_count[day >= 14].sum() > 0


@pytest.mark.parametrize("counting", ["once", "every_refresh"])
def test_expired_rows_return_as_new_ones(counting):
    kept = played(scenario_of(feedback={"counting": counting})).counts(0)
    expired = scenario_of({"kind": "partition_expiry", "from": 0, "after_days": 9.0}, feedback={"counting": counting})
    left = played(expired).counts(0)
    assert len(left.caption_id) < len(kept.caption_id)
    assert left.last_updated_us.min() >= (1_736_121_600 + (DAYS - 1 - 9) * DAY_S) * 1_000_000


@pytest.mark.parametrize("counting", ["once", "every_refresh"])
def test_messages_cost_the_price_of_their_day_and_the_table_adds_what_they_earned(counting):
    prices = {"kind": "prices", "from": 7, "days": 14, "factor": 2.0, "pages": [1]}
    world = played(scenario_of(prices, feedback={"counting": counting, "look_back_days": 40.0}))
    log, bank = world.sends(0), world.bank(0)
    day = (log.sending_time_us / 1e6 - 1_736_121_600) // DAY_S
    usual = {
        (page, caption): price for page, caption, price in zip(bank.page, bank.caption_id, bank.price, strict=True)
    }
    expected = np.array([usual[key] for key in zip(log.page, log.caption_id, strict=True)], dtype=float)
    expected[(log.page == 1) & (day >= 7) & (day < 21)] *= 2.0
    np.testing.assert_array_equal(np.nan_to_num(log.price), expected)
    if counting == "once":
        counts = world.counts(0)
        known = world._block.log[:2]
        counted = (known["loaded_at"] >= 0) & (np.arange(known.shape[1]) < world._block.sums["sends"][:2, None])
        assert counts.revenue_micros.sum() == 1_000_000 * (known["known"] * known["price"])[counted].sum()


def test_captions_of_higher_price_sell_less_and_return_to_their_rates():
    usual = played(scenario_of(days=21)).bank(0)
    changed = scenario_of({"kind": "prices", "from": 7, "days": 7, "factor": 2.0}, days=21)
    world = played(changed)
    np.testing.assert_allclose(world.bank(0).rate, usual.rate, rtol=1e-12)
    np.testing.assert_array_equal(world.bank(0).price, usual.price)
    world = TrafficWorld(changed, changed.policies[0], range(1))
    world.advance(8.0)
    dear = world.bank(0)
    early = TrafficWorld(scenario_of(days=21), changed.policies[0], range(1))
    early.advance(8.0)
    elastic = (dear.price > 0) & (early.bank(0).price < 20)  # demand is flat above the last point of `per_view`
    np.testing.assert_array_equal(dear.price, 2 * early.bank(0).price)
    assert (dear.rate[elastic] < early.bank(0).rate[elastic]).all()
    np.testing.assert_allclose(dear.rate[~elastic], early.bank(0).rate[~elastic], rtol=1e-12)


def test_a_replaced_function_changes_the_choices_of_the_deployed_rule_alone_and_from_its_day_on():
    replaced = {"kind": "function_replaced", "from": 14}
    usual, other = played(scenario_of()).sends(0), played(scenario_of(replaced)).sends(0)
    early = usual.sending_time_us < (1_736_121_600 + 14 * DAY_S) * 1_000_000
    np.testing.assert_array_equal(usual.caption_id[early], other.caption_id[early])
    assert (usual.caption_id[~early] != other.caption_id[~early]).mean() > 0.2
    rules = [played(scenario_of(*happening, policy="thompson_beta")).sends(0) for happening in ((), (replaced,))]
    np.testing.assert_array_equal(rules[0].caption_id, rules[1].caption_id)


def test_the_replaced_draw_is_a_normal_of_a_fifth_of_the_beta_deviation():
    assert replaced_draw(3.0, 1.0, 0.0) == 0.75
    assert replaced_draw(3.0, 1.0, 1.0) == pytest.approx(0.75 + 0.2 * np.sqrt(3 / 80))
    assert replaced_draw(99.0, 1.0, 9.0) == 1.0
    z = [-3.0, -1.0, 0.0, 0.5, 4.0]
    assert [normal_quantile(statistics.NormalDist().cdf(x)) for x in z] == pytest.approx(z)


def test_incidents_that_do_not_happen_change_nothing():
    usual, spared = scenario_of(), scenario_of({"kind": "rates", "from": DAYS + 5, "factor": 0.0})
    for name in ("pulls", "reward", "regret", "revenue_micros"):
        np.testing.assert_array_equal(getattr(played(usual).totals(), name), getattr(played(spared).totals(), name))


@pytest.mark.parametrize(
    ("incident", "word"),
    [
        ({"kind": "meteor", "from": 1}, "meteor"),
        ({"kind": "rates"}, "from"),
        ({"kind": "rates", "from": -1}, "at least 0"),
        ({"kind": "rates", "from": 1, "share": 0.5}, "share"),
        ({"kind": "attribution", "from": 1, "share": 1.5}, "at most 1"),
    ],
)
def test_a_wrong_incident_is_refused_by_name(incident, word):
    with pytest.raises(InputError) as caught:
        scenario_of(incident)
    assert word in str(caught.value)
    assert "incidents" in str(caught.value)


def test_a_scenario_with_incidents_reads_back_equal():
    scenario = scenario_of({"kind": "rates", "from": 3, "days": 2, "factor": 0.5, "pages": [2]})
    assert load(scenario.to_yaml()) == scenario


def test_loads_alone_build_a_calendar():
    calendar = build([lambda timetable: loads.every(timetable, 10, 3, 100)], horizon=25)
    assert (calendar.times(loads.LOAD).tolist(), calendar.value.tolist()) == ([10, 20], [7.0, 17.0])
    assert dataclasses.is_dataclass(calendar)
