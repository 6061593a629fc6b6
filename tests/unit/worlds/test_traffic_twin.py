"""The traffic world's kernel equals its naive twin bit for bit, see `twins.traffic`."""

import statistics
from functools import partial

import numpy as np
import pytest

import twins.traffic
from sim.calendar import update_job
from sim.scenario import load
from sim.scenario.sections.traffic import TIERS
from sim.worlds.traffic import timetable
from sim.worlds.traffic.world import TrafficWorld
from twins.traffic import NaivePage

SEED, DAYS, REPLICATION = 11, 23, 4
WORLD = {
    "kind": "traffic",
    "pages": 2,
    "audience": {"fixed": 3000},
    "sends": {
        "size_limits": [],
        "priced_per_day": [[3, 6]],
        "per_day_limits": [4, 14],
        "hours": [5, 23],
        "unpriced_share": 0.3,
    },
    "bank": {"captions": 60, "tiers": {"budget": 1, "mid": 1, "premium": 2, "bump": 3}},
    "purchases": {"per_view": [[5.0, 0.06], [20.0, 0.02]], "reference_audience": 3000, "page_sigma": 0.5},
    "views": {"unpriced": {"mean": 0.001, "cv": 0.7}},
    "factors": {"holidays": {"days_per_year": 100}},
    "fatigue": {"drop": 0.4, "half_life_days": 5.0},
    "drift": {"sigma_per_week": 0.3},
    "turnover": {"retire_share_per_week": 0.2, "arrivals_per_week": 9},
    "delay": {"mean_hours": 10.0},
}
FEEDBACK = {"refresh_hours": 5, "label_after_hours": 17, "median_days": 6}
SELECTION = {"cool_down_days": 5}


def scenario_of(policy, **changes):
    return load(
        {
            "name": "twin",
            "seed": SEED,
            "replications": 6,
            "horizon": {"days": DAYS},
            "world": WORLD,
            "feedback": FEEDBACK,
            "selection": SELECTION,
            "policies": [policy],
            "record": {"sends": True},
            **changes,
        }
    )


def run_both(policy, cuts=(0.3, 1.0, 7.0, 7.001, 15.5), **changes):
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
            pages.append(NaivePage(scenario, REPLICATION, page, list(zip(*own, strict=True)), int(fans[page])))
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
    "wilson_normal",
]
LONG = [pytest.param(policy, marks=pytest.mark.long) for policy in MORE]


@pytest.mark.parametrize("policy", POLICIES + LONG, ids=lambda p: p if isinstance(p, str) else p["kind"])
def test_kernel_and_twin_agree_bit_for_bit(policy):
    world, pages = run_both(policy)
    check_sends(world.sends(1), pages)
    check_totals(world, pages)
    check_counts(world.counts(1), pages)


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
    monkeypatch.setattr(timetable, "processes", lambda *_: [partial(update_job.at_times, times=times)])
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
    monkeypatch.setattr(timetable, "processes", lambda *_: [partial(update_job.at_times, times=times)])
    monkeypatch.setattr(twins.traffic, "refresh_times", lambda scenario: times[:-4])
    world, pages = run_both("wilson_sample")
    with pytest.raises(AssertionError):
        check_counts(world.counts(1), pages)


def check_sends(log, pages):
    start = 1_736_121_600  # 2025-01-06T00:00:00Z
    lines = sorted(
        (m["time"], page, index, m) for page, naive in enumerate(pages) for index, m in enumerate(naive.messages)
    )
    messages = [m for _, _, _, m in lines]
    assert log.sending_time_us.tolist() == [(start + time) * 1_000_000 for time, *_ in lines]
    assert log.page.tolist() == [page + 1 for _, page, *_ in lines]
    assert log.caption_id.tolist() == [m["caption"]["id"] for m in messages]
    assert log.viewed_count.tolist() == [m["views"] for m in messages]
    assert log.purchased_count.tolist() == [m["purchases"] for m in messages]
    assert log.earnings.tolist() == [m["purchases"] * m["caption"]["price"] for m in messages]
    chances = np.array([m["chance"] for m in messages])
    known = ~np.isnan(chances)
    assert log.propensity[known].tolist() == chances[known].tolist()
    assert ((log.propensity > 0.0) & (log.propensity <= 1.0)).all()
    assert log.message_type.tolist() == [0 if m["priced"] else 1 for m in messages]


def check_totals(world, pages):
    totals = world.totals()
    assert totals.pulls[1] == sum(len(p.messages) for p in pages)
    assert totals.reward[1] == sum(m["purchases"] for p in pages for m in p.messages)
    assert totals.best_pulls[1] == sum(p.best for p in pages)
    assert totals.ranked_pulls[1] == sum(m["priced"] for p in pages for m in p.messages)
    assert world.unfilled()[1] == sum(p.unfilled for p in pages)
    assert totals.regret[1] == pytest.approx(sum(p.regret for p in pages), rel=1e-12, abs=0)
    assert totals.regret_usd[1] == pytest.approx(sum(p.regret_usd for p in pages), rel=1e-12, abs=0)
    assert totals.revenue_micros[1] == sum(
        m["purchases"] * m["caption"]["price"] * 1_000_000 for p in pages for m in p.messages
    )


def check_counts(counts, pages):
    found = {
        key: values
        for key, *values in zip(
            zip(counts.page.tolist(), counts.caption_id.tolist(), strict=True),
            counts.successes.tolist(),
            counts.failures.tolist(),
            counts.observations.tolist(),
            counts.purchased.tolist(),
            counts.last_used_us.tolist(),
            counts.last_updated_us.tolist(),
            strict=True,
        )
    }
    expected = {}
    for page, naive in enumerate(pages):
        for m in naive.messages[: naive.counted]:
            row = expected.setdefault((page + 1, m["caption"]["id"]), [0, 0, 0, 0, 0, 0])
            row[0] += m["label"] == 1
            row[1] += m["label"] == 0
            row[2] += 1
            row[3] += m["known"]
            row[4] = (1_736_121_600 + m["time"]) * 1_000_000
            row[5] = (1_736_121_600 + m["counted_at"]) * 1_000_000
    assert found == expected


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
