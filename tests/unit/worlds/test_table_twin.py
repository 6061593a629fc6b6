"""The table world's kernel equals a naive twin bit for bit: plain Python, event by event, times as fractions."""

import math
import statistics
import sys
from fractions import Fraction
from functools import partial

import numpy as np
import polars as pl
import pytest

from policies.maths.draws import arm_key, pull_key, uniform
from sim.rng import policy_purpose, row_keys
from sim.scenario import load
from sim.worlds.count_draws import binomial
from sim.worlds.engine import simulate
from sim.worlds.table import timing
from twins.listed_job import at_times

pytestmark = pytest.mark.slow

RATES = {"ann": [0.02, 0.05, 0.03], "bea": [0.5, 0.45], "cleo": [0.1], "dora": [0.004, 0.0, 0.012, 0.008, 0.2]}
PRICES = {"ann": [30, 5, 12.5], "bea": [4, 9], "cleo": [7], "dora": [20, 20, 8, 0, 3]}
SEED = 5


class NaivePage:
    """One page of one replication."""

    def __init__(self, scenario, policy, rates, prices, keys):
        self.world, self.policy, self.rates, (self.outcome_key, self.policy_key) = scenario.world, policy, rates, keys
        self.prices = prices if scenario.world.has_money else [1] * len(prices)
        self.params, self.state = policy.parameters(), np.zeros(policy.state_size)
        self.sends, self.seen, self.labels = [], 0, []
        arms = len(rates)
        self.n, self.s, self.w, self.x, self.y = (np.zeros(arms) for _ in range(5))
        self.first, self.last = [None] * arms, [None] * arms
        self.summarise()

    def summarise(self):
        for arm, rate in enumerate(self.rates):
            truth = rate * self.prices[arm] if self.policy.true_mean_of == "revenue" else rate
            values = self.n[arm], self.s[arm], self.w[arm]
            self.x[arm], self.y[arm] = self.policy.rule.summarise(*map(float, values), truth, self.params)

    def send(self, time):
        rule, fans, arms = self.policy.rule, self.world.fans_per_send, len(self.rates)
        key = pull_key(self.policy_key, len(self.sends))
        t = len(self.sends) * (1 if self.world.label == "send" else fans)
        rule.prepare(t, self.n, self.x, self.y, self.params, self.state, key)
        scores = [rule.score(self.x[a], self.y[a], self.state, self.params, arm_key(key, a)) for a in range(arms)]
        arm = self.pick(scores, key)
        sent_before = sum(1 for earlier in self.sends if earlier[1] == arm)
        outcome_key = pull_key(arm_key(self.outcome_key, arm), sent_before)
        weight = rule.weight(self.x[arm], self.y[arm], self.state, self.params)
        self.sends.append((time, arm, binomial(outcome_key, fans, self.rates[arm]), weight))

    def pick(self, scores, key):
        chosen, tied = None, [arm for arm, score in enumerate(scores) if score == max(scores)]
        for place, arm in enumerate(tied, start=1):
            if place == 1 or uniform(arm_key(key, len(scores) + place)) * place < 1.0:
                chosen = arm
        return chosen

    def refresh(self, time, number):
        new = self.sends[self.seen :]
        window = [conversions * self.prices[arm] for at, arm, conversions, _ in self.sends if at >= time - 30]
        for _, arm, conversions, _ in new:
            earned = conversions * self.prices[arm]
            success = int(earned > statistics.median(window)) if self.world.label == "send" else conversions
            self.labels.append(success)
            self.first[arm] = number if self.first[arm] is None else self.first[arm]
            self.last[arm] = number
            self.learn(len(self.labels) - 1)
        self.seen = len(self.sends)
        if new:
            self.summarise()

    def learn(self, index):
        memory = self.policy.memory
        if memory.discount != 1.0:
            self.n, self.s, self.w = (values * memory.discount for values in (self.n, self.s, self.w))
        self.add(index, 1.0)
        if memory.window and index >= memory.window:
            self.add(index - memory.window, -1.0)

    def add(self, index, sign):
        _, arm, _, weight = self.sends[index]
        self.n[arm] += sign * (1 if self.world.label == "send" else self.world.fans_per_send)
        self.s[arm] += sign * self.labels[index]
        self.w[arm] += sign * self.labels[index] * weight


def refresh_times(scenario):
    """Days of the refreshes."""
    days = Fraction(scenario.horizon.days)
    hours = Fraction(scenario.feedback.refresh_hours).limit_denominator(10**6)
    return [k * hours / 24 for k in range(int(days * 24 / hours) + 1)]


def naive(scenario, policy, rates, replication):
    """Pages of one replication at the horizon."""
    count = len(RATES)
    outcome = row_keys(scenario.seed, "table:outcome", [replication], count)[0]
    decision = row_keys(scenario.seed, policy_purpose(scenario.policies[0].name), [replication], count)[0]
    pages = []
    horizon = Fraction(scenario.horizon.days)
    refreshes = [(time, 0, k) for k, time in enumerate(refresh_times(scenario))]
    slots = [(Fraction(k, scenario.world.sends_per_day), 1, k) for k in range(4_000)]
    events = sorted(refreshes + [slot for slot in slots if slot[0] < horizon])
    for place, (page_rates, prices) in enumerate(zip(rates, PRICES.values(), strict=True)):
        page = NaivePage(scenario, policy, page_rates, prices, (outcome[place], decision[place]))
        for time, kind, number in events:
            if kind == 0:
                page.refresh(time, number)
            else:
                page.send(time)
        pages.append(page)
    return pages


def scenario_of(folder, policy, **keys):
    rows = [
        (name, 100 + i, 1_000, round(1_000 * rate), float(PRICES[name][i]))
        for name, rates in RATES.items()
        for i, rate in enumerate(rates)
    ]
    path = folder / "counts.csv"
    names = ["page_name", "caption_id", "trials", "successes", "dollars"]
    pl.DataFrame(rows, schema=names, orient="row").write_csv(path)
    world = {"kind": "table", "source": str(path), "rates": "observed", "fans_per_send": 20}
    feedback = {"refresh_hours": keys.pop("refresh_hours", 6)}
    days = keys.pop("days", 9)
    top = {
        "version": 1,
        "name": "twin",
        "seed": SEED,
        "replications": 3,
        "horizon": {"days": days},
        "policies": [policy],
    }
    return load({**top, "world": {**world, **keys}, "feedback": feedback, "record": {"sends": True, "curve_points": 7}})


PRICED = {"columns": {"price": "dollars"}}
CASES = [
    ("wilson_sample", {}),
    ("thompson_beta", {"refresh_hours": 7.5, "sends_per_day": 5}),
    ("ucb1", {"refresh_hours": 24, "sends_per_day": 3}),
    ("greedy", {"refresh_hours": 1}),
    ("exp3", {"refresh_hours": 13}),
    ("uniform", {"refresh_hours": 10.1, "sends_per_day": 7}),
    ("wilson_sample", {"label": "send", "days": 38}),
    ("thompson_beta", {"label": "send", "days": 50, "sends_per_day": 2, "refresh_hours": 30}),
    ("exp3", {"label": "send", "days": 36, "sends_per_day": 2, "refresh_hours": 5}),
    ({"kind": "discounted_thompson", "name": "fading"}, {"refresh_hours": 8}),
    ({"kind": "discounted_ucb", "name": "fading"}, {"label": "send", "days": 33, "sends_per_day": 3}),
    ({"kind": "sliding_window_thompson", "name": "sliding", "window": 7}, {"refresh_hours": 24}),
    (
        {"kind": "sliding_window_ucb", "name": "sliding", "window": 30},
        {"label": "send", "days": 35, "sends_per_day": 2, "refresh_hours": 9},
    ),
    ({"kind": "sliding_window_ucb", "name": "sliding", "window": 3}, {"refresh_hours": 48}),
    ("wilson_sample", {"label": "send", "days": 38, **PRICED}),
    ({"kind": "oracle", "by": "revenue"}, PRICED),
    ("oracle", {"refresh_hours": 24, **PRICED}),
]


@pytest.mark.parametrize(("policy", "keys"), CASES, ids=lambda value: str(value)[:40])
def test_the_kernel_is_the_naive_twin(tmp_path, policy, keys):
    agree(scenario_of(tmp_path, policy, **dict(keys)))


TIMETABLES = {
    "a gap of five days": [0, *range(8, 48, 8), *range(168, 216, 8)],
    "twice at one moment": [0, 30, 30, 97, 97, 97, 200],
    "once": [100],
    "never": [],
    "at the horizon": [216],
}


@pytest.mark.parametrize("hours", TIMETABLES.values(), ids=TIMETABLES)
@pytest.mark.parametrize("label", ["fan", "send"])
def test_they_agree_whenever_the_job_runs(monkeypatch, tmp_path, hours, label):
    """`refresh_hours` is 1, so that the period is an hour."""

    def irregular(period):
        return [partial(at_times, times=[period * hour for hour in hours])]

    monkeypatch.setattr(timing, "processes", irregular)
    monkeypatch.setattr(sys.modules[__name__], "refresh_times", lambda scenario: [Fraction(h, 24) for h in hours])
    agree(scenario_of(tmp_path, "wilson_sample", refresh_hours=1, label=label))


def test_a_refresh_that_the_twin_leaves_out_is_noticed(monkeypatch, tmp_path):
    hours = TIMETABLES["a gap of five days"]

    def irregular(period):
        return [partial(at_times, times=[period * hour for hour in hours])]

    monkeypatch.setattr(timing, "processes", irregular)
    monkeypatch.setattr(sys.modules[__name__], "refresh_times", lambda _: [Fraction(h, 24) for h in hours if h != 208])
    with pytest.raises(AssertionError):
        agree(scenario_of(tmp_path, "wilson_sample", refresh_hours=1))


def agree(scenario):
    spec = scenario.policies[0]
    block = simulate(scenario, spec, range(2, 3))
    rates = [[round(1_000 * rate) / 1_000 for rate in page] for page in RATES.values()]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        pages = naive(scenario, spec.build(), rates, replication=2)
    check_sends(block.sends[0], pages)
    check_totals(block.totals, pages, rates, scenario.world.fans_per_send)
    check_money(block, pages, rates, scenario.world)
    check_stats(block.stats[0], pages, scenario)


def check_sends(log, pages):
    in_order = [page.sends[i] for i in range(len(pages[0].sends)) for page in pages]
    assert (log.caption_id - 100).tolist() == [arm for _, arm, _, _ in in_order]
    assert log.purchased_count.tolist() == [conversions for _, _, conversions, _ in in_order]
    assert ((log.propensity > 0.0) & (log.propensity <= 1.0)).all()
    if pages[0].policy.weighted:
        assert log.propensity.tolist() == [1.0 / weight for _, _, _, weight in in_order]


def check_totals(totals, pages, rates, fans):
    chosen = [(page, arm) for page, twin in enumerate(pages) for _, arm, _, _ in twin.sends]
    assert totals.pulls[0] == len(chosen)
    assert totals.reward[0] == sum(conversions for twin in pages for _, _, conversions, _ in twin.sends)
    assert totals.regret[0] == pytest.approx(fans * sum(max(rates[p]) - rates[p][a] for p, a in chosen), rel=1e-12)
    assert totals.best_pulls[0] == sum(rates[p][a] == max(rates[p]) for p, a in chosen)


def check_money(block, pages, rates, world):
    if not world.has_money:
        assert (block.totals.revenue_micros[0], block.totals.regret_usd[0]) == (0, pytest.approx(math.nan, nan_ok=True))
        return
    sends = [(page, arm, conversions) for page, twin in enumerate(pages) for _, arm, conversions, _ in twin.sends]
    prices, dollars = list(PRICES.values()), {}
    for page, arm, conversions in sends:
        dollars[page] = dollars.get(page, 0) + conversions * prices[page][arm]
    assert block.pages.revenue_micros[0].tolist() == [1_000_000 * dollars[page] for page in range(len(pages))]
    assert block.totals.revenue_micros[0] == 1_000_000 * sum(dollars.values())
    values = [[rate * price for rate, price in zip(*each, strict=True)] for each in zip(rates, prices, strict=True)]
    missed = sum(max(values[page]) - values[page][arm] for page, arm, _ in sends)
    assert block.totals.regret_usd[0] == pytest.approx(world.fans_per_send * missed, rel=1e-12, abs=1e-9)
    expected = world.fans_per_send * sum(values[page][arm] for page, arm, _ in sends)
    assert block.loop.columns["expected_usd"][0] == pytest.approx(expected, rel=1e-12)
    assert block.pages.expected_usd[0].sum() == pytest.approx(expected, rel=1e-12)
    mean_price = sum(prices[page][arm] for page, arm, _ in sends) / len(sends)
    assert block.loop.columns["mean_price"][0] == pytest.approx(mean_price, rel=1e-12)
    log, stats = block.sends[0], block.stats[0]
    assert (log.earnings == log.price * log.purchased_count).all()
    assert log.earnings.sum() == sum(dollars.values())
    assert stats.revenue_micros.sum() <= block.totals.revenue_micros[0]
    check_emv(stats, pages, world.fans_per_send)


def check_emv(stats, pages, fans):
    """Mean and last EMV, purchases ÷ views × price × purchases, of the sends that refreshes have told."""
    means, lasts, revenue = [], [], []
    for page, prices in zip(pages, PRICES.values(), strict=True):
        for arm, price in enumerate(prices):
            told = [c for (_, a, c, _), _ in zip(page.sends, page.labels, strict=False) if a == arm]
            if told:
                means.append(price * sum(c * c for c in told) / fans / len(told))
                lasts.append(price * told[-1] ** 2 / fans)
                revenue.append(1_000_000 * price * sum(told))
    assert stats.mean_emv.tolist() == pytest.approx(means)
    assert stats.last_emv.tolist() == pytest.approx(lasts)
    assert stats.revenue_micros.tolist() == revenue


def check_stats(counts, pages, scenario):
    times_us = [int(time * 86_400_000_000) for time in refresh_times(scenario)]
    expected = []
    for place, page in enumerate(pages, start=1):
        for arm in range(len(page.rates)):
            told = [(c, label) for (_, a, c, _), label in zip(page.sends, page.labels, strict=False) if a == arm]
            if told:
                purchased, successes = map(sum, zip(*told, strict=True))
                used = page.last[arm] if page.last[arm] > page.first[arm] else None
                times = (used, page.last[arm])
                told_us = (None if number is None else times_us[number] for number in times)
                expected.append((place, 100 + arm, successes, len(told), purchased, *told_us))
    epoch = 1_735_689_600_000_000
    got = zip(
        counts.page.tolist(),
        counts.caption_id.tolist(),
        counts.successes.tolist(),
        counts.observations.tolist(),
        counts.purchased.tolist(),
        [None if us < 0 else us - epoch for us in counts.last_used_us.tolist()],
        (counts.last_updated_us - epoch).tolist(),
        strict=True,
    )
    assert list(got) == expected
    trials = counts.observations if scenario.world.label == "send" else counts.sent
    assert np.array_equal(counts.successes + counts.failures, trials)
    assert np.array_equal(counts.sent, counts.observations * scenario.world.fans_per_send)
