"""The traffic world's kernel equals its naive twin bit for bit, see `twins.traffic`."""

import statistics
from functools import partial

import numpy as np
import pytest

import twins.traffic
from sim.scenario.sections.traffic import TIERS
from sim.scenario.sections.traffic_loop import LABELS
from sim.worlds.traffic import timetable
from sim.worlds.traffic.selection.replaced import replaced_draw
from sim.worlds.traffic.world import TrafficWorld
from twins.incidents import NaiveIncidentPage, replaced
from twins.listed_job import at_times
from twins.traffic import NaivePage
from twins.traffic_checks import (
    DAYS,
    FEEDBACK,
    REPLICATION,
    check_counts,
    check_sends,
    check_totals,
    scenario_of,
)

pytestmark = pytest.mark.slow


def run_both(policy, cuts=(0.3, 1.0, 7.0, 7.001, 15.5), twin=NaivePage, **changes):
    scenario = scenario_of(policy, **changes)
    world = TrafficWorld(scenario, scenario.policies[0], range(REPLICATION - 1, REPLICATION + 1))
    bank, fans = world.bank(1), world.audiences(1)
    log_rate = world._block.bank.entries["log_rate"][
        scenario.world.pages :
    ].ravel()  # the logarithm of `bank.rate` loses bits
    columns = (bank.caption_id, bank.tier, bank.price, log_rate, bank.arrives_week, bank.retires_week)
    pages = []
    with np.errstate(over="ignore"):
        for page in range(scenario.world.pages):
            own = [column[bank.page == page + 1].tolist() for column in columns]
            pages.append(twin(scenario, REPLICATION, page, list(zip(*own, strict=True)), int(fans[page])))
            pages[-1].run()
    for cut in (*cuts, float(DAYS)):
        world.advance(cut)
    return world, pages


# Scores, weights and a window. The timetables below bring a discount, the traffic recount the truth; the rest is for
# the long suite.
POLICIES = ["wilson_sample", "exp3", {"kind": "sliding_window_ucb", "window": 80}]
MORE = [
    {"kind": "oracle", "by": "revenue"},
    {"kind": "discounted_ucb", "discount": 0.98},
    "oracle",
    "greedy",
    "ucb1",
    "kl_ucb",
    "thompson_beta",
    "thompson_empirical_bayes",
    "boltzmann",
    "posterior_mean",
    "imed",
    "cbt",
    {"kind": "subsampled_greedy", "pool": 12},
    "wilson_normal",
]
POOLS = [
    {"kind": "wilson_sample", "pool": 14},
    {"kind": "wilson_sample", "name": "renewed", "pool": 14, "renew": 5},
    {"kind": "exp3", "pool": 14, "renew": 9},
    {"kind": "greedy", "pool": 5},
    {"kind": "oracle", "pool": 25},
]
LONG = [pytest.param(policy, marks=pytest.mark.long) for policy in MORE + POOLS]


@pytest.mark.parametrize("policy", POLICIES + LONG, ids=lambda p: p if isinstance(p, str) else p["kind"])
def test_kernel_and_twin_agree_bit_for_bit(policy):
    world, pages = run_both(policy)
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)


@pytest.mark.parametrize("label", LABELS[1:])
def test_every_label_is_that_of_the_twin_bit_for_bit(label):
    world, pages = run_both("wilson_sample", feedback={**FEEDBACK, "label": label})
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)
    _, others = run_both("wilson_sample", feedback={**FEEDBACK, "label": LABELS[0]})
    with pytest.raises(AssertionError):
        check_counts(world.counts(1), others)


INCIDENTS = [
    {"kind": "prices", "from": 4, "days": 5, "factor": 1.5},
    {"kind": "prices", "from": 14, "days": 7, "factor": 0.4, "pages": [2]},
    {"kind": "function_replaced", "from": 6, "days": 9, "pages": [1]},
]


@pytest.mark.long
@pytest.mark.parametrize("policy", ["wilson_sample", {"kind": "oracle", "by": "revenue"}], ids=str)
@pytest.mark.parametrize("incidents", [INCIDENTS[:2], INCIDENTS[2:], INCIDENTS], ids=["prices", "function", "both"])
def test_kernel_and_twin_agree_while_prices_change_or_the_function_is_replaced(policy, incidents):
    world, pages = run_both(policy, twin=NaiveIncidentPage, incidents=incidents)
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)


@pytest.mark.long
@pytest.mark.parametrize(("happening", "name"), [(INCIDENTS[:1], "reprice"), (INCIDENTS[2:], "happens")])
def test_a_twin_that_overlooks_an_incident_is_noticed(happening, name, monkeypatch):
    monkeypatch.setattr(NaiveIncidentPage, name, lambda self, *args: None)
    world, pages = run_both("wilson_sample", twin=NaiveIncidentPage, incidents=happening)
    with pytest.raises(AssertionError):
        check_sends(world.sends(1), pages)


OF_AUDIENCE = [
    {"kind": "audience", "from": 3, "days": 6, "factor": 2.5},
    {"kind": "audience", "from": 12, "days": 4, "factor": 0.31, "pages": [1]},
]
OF_RATES = [{"kind": "rates", "from": 2, "days": 5}, {"kind": "rates", "from": 15, "days": 3, "factor": 1.9}]
OF_JOB = [
    {"kind": "update_job_down", "from": 4.4, "days": 3},
    {"kind": "update_job_repeated", "from": 9.1, "days": 2.2, "times": 2},
    {"kind": "update_job_interval", "from": 14, "days": 1.5, "hours": 1},
]
OF_ROWS = [{"kind": "partition_expiry", "from": 7, "days": 14, "after_days": 4.5}]
DISTURBED = [OF_AUDIENCE, OF_RATES, OF_JOB, OF_ROWS, OF_AUDIENCE + OF_RATES + OF_JOB + OF_ROWS]


@pytest.mark.parametrize("incidents", DISTURBED, ids=["audience", "rates", "job", "rows", "all"])
def test_kernel_and_twin_agree_while_audience_rates_the_job_or_its_rows_are_disturbed(incidents):
    """Each changes what is sent or known: a twin without incidents disagrees."""
    world, pages = run_both("wilson_sample", twin=NaiveIncidentPage, incidents=incidents)
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)
    _, undisturbed = run_both("wilson_sample", cuts=(), incidents=incidents)
    with pytest.raises(AssertionError):
        check_sends(world.sends(1), undisturbed)


@pytest.mark.parametrize(("counts", "z"), [((1, 1), 0.0), ((3, 1), -1.5), ((99, 1), 9.0), ((1, 60), -9.0)])
def test_the_replaced_draw_of_kernel_and_twin_are_equal(counts, z):
    assert replaced(*counts, z) == replaced_draw(*map(float, counts), z)


HOUR, DAY = 3_600, 86_400
TIMETABLES = {
    "a gap of eleven days": [*range(5 * HOUR, 4 * DAY, 5 * HOUR), *range(15 * DAY, 23 * DAY, 5 * HOUR)],
    "nothing until day 12, then every minute": [*range(12 * DAY, 12 * DAY + HOUR, 60), 20 * DAY],
    "twice at one moment": [3 * DAY, 3 * DAY, 9 * DAY + 1, 9 * DAY + 1, 22 * DAY],
    "never": [],
    "at time zero and at the horizon": [0, 23 * DAY],
}


@pytest.mark.parametrize("times", TIMETABLES.values(), ids=TIMETABLES)
@pytest.mark.parametrize(
    "policy", ["wilson_sample", {"kind": "discounted_ucb", "discount": 0.98}], ids=["plain", "fade"]
)
def test_kernel_and_twin_agree_whenever_the_job_runs(monkeypatch, times, policy):
    monkeypatch.setattr(timetable, "processes", lambda *_: [partial(at_times, times=times)])
    monkeypatch.setattr(twins.traffic, "refresh_times", lambda scenario: times)
    world, pages = run_both(policy)
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)
    assert most_pending(pages, times) <= world._block.job.pending.shape[1]


def most_pending(pages, times):
    """The largest number of messages that wait at once, counting from the sends alone."""
    after = 3_600 * FEEDBACK["label_after_hours"]
    ends = [next((t for t in times if t >= m["time"] + after), DAYS * DAY) for p in pages for m in p.messages]
    starts = [m["time"] for p in pages for m in p.messages]
    owner = [index for index, p in enumerate(pages) for _ in p.messages]
    mine = list(zip(owner, starts, ends, strict=True))
    return max(sum(o == page and s <= now < e for o, s, e in mine) for page, now, _ in mine)


def test_a_refresh_that_the_twin_leaves_out_is_noticed(monkeypatch):
    times = TIMETABLES["a gap of eleven days"]
    monkeypatch.setattr(timetable, "processes", lambda *_: [partial(at_times, times=times)])
    monkeypatch.setattr(twins.traffic, "refresh_times", lambda scenario: times[:-4])
    world, pages = run_both("wilson_sample")
    with pytest.raises(AssertionError):
        check_counts(world.counts(1), pages)


def test_the_twin_meets_every_situation():
    world, pages = run_both("wilson_sample")
    bank = world.bank(1)
    labels = [m.get("label") for p in pages for m in p.messages[: p.counted]]
    assert set(labels) == {0, 1, None}
    assert world.unfilled()[1] > 0
    assert bank.sends[bank.arrives_week > 0].sum() > 0
    assert any(m["known"] < m["purchases"] for p in pages for m in p.messages[: p.counted])
    assert max(len(c["used"]) for p in pages for c in p.captions) > 2
    assert {TIERS[m["tier"]] for p in pages for m in p.messages} == set(TIERS)


def wrong_wear(self, c, day):
    return c["wear"]


MISTAKES = [(statistics, "median", statistics.median_high), (NaivePage, "wear", wrong_wear)]


@pytest.mark.parametrize(("where", "what", "mistake"), MISTAKES, ids=["median", "wear"])
def test_a_mistake_in_the_twin_is_noticed(monkeypatch, where, what, mistake):
    monkeypatch.setattr(where, what, mistake)
    world, pages = run_both("wilson_sample")
    with pytest.raises(AssertionError):
        check_counts(world.counts(1), pages)
        check_sends(world.sends(1), pages)
