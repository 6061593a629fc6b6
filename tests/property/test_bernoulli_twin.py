"""The Bernoulli world against an independent twin: one pull at a time, plain Python, recomputed from the whole past.

The twin shares with the engine nothing but the policy's functions and the addresses of the random streams, and agrees
with it bit for bit.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.base import Memory, Policy, Rule, parameter
from policies.bayes_ucb import BayesUcb
from policies.draws import beta, uniform
from policies.epsilon_greedy import EpsilonGreedy
from policies.kl_ucb import KlUcb
from policies.sliding_window_thompson import SlidingWindowThompson
from policies.thompson_beta import ThompsonBeta
from policies.ucb1 import Ucb1
from policies.wilson_sample import WilsonSample
from sim.engine import simulate
from sim.rng import generator, policy_purpose, row_keys
from sim.scenario import load

WORD = 2**64


# A policy that uses everything a rule may use, with coarse scores so that ties are common.


def _derive(n, s, w, truth, params):
    return math.floor(params[0] * (s + 0.25 * w + 1.0) / (n + 2.0)), 1.0 / math.sqrt(n + 1.0)


def _prepare(t, n, x, y, params, state, key):
    state[0] = 0.5 * state[0] + n[0] + uniform(key)
    state[1] = math.floor(params[1] * t)


def _score(x, y, state, params, key):
    return x + params[2] * y * uniform(key) + math.floor(state[1] * y) + 0.1 * math.floor(state[0])


def _weight(x, y, state, params):
    return 1.0 + y


def _support(x, y, state, params):
    return -math.inf, math.inf


@dataclass(frozen=True, kw_only=True)
class Everything(Policy):
    spread: float = parameter(0.0, "share of randomness in scores")
    discount: float = parameter(1.0, "memory")
    window: int = parameter(0, "memory")

    kind: ClassVar[str] = "everything"
    rule: ClassVar[Rule] = Rule(derive=_derive, prepare=_prepare, score=_score, support=_support, weight=_weight)
    state_size: ClassVar[int] = 2
    deterministic: ClassVar[bool] = True

    def parameters(self):
        return 5.0, 0.03, self.spread

    @property
    def memory(self):
        return Memory(discount=self.discount, window=self.window)


@dataclass(frozen=True, kw_only=True)
class EverythingWeighted(Everything):
    weighted: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class EverythingAtOnce(Everything):
    batch: ClassVar[int] = 1


# The twin.


def mixed(key: int) -> int:
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    key = (key ^ (key >> 27)) * 0x94D049BB133111EB % WORD
    return key ^ (key >> 31)


def of_pull(key: int, pull: int) -> int:
    return mixed((key + 0xD1342543DE82EF95 * (pull + 1)) % WORD)


def of_arm(key: int, arm: int) -> int:
    return (key + 0xDA942042E4DD58B5 * (arm + 1)) % WORD


def unit(key: int) -> float:
    return (mixed(key) >> 11) / 2.0**53


@dataclass
class Pull:
    time: int
    place: int
    identity: int
    outcome: int
    known_after: int
    weight: float


class Levels:
    """Which arms of a tailed policy need not be drawn; chances are evaluated anew at every decision."""

    def __init__(self, arms: int) -> None:
        self.level = [-math.inf] * arms  # −inf for none
        self.vain = [0] * arms
        self.mean, self.variance, self.weight = 0.0, 0.0, 1.0

    def scores(self, rule: Any, x: Any, y: Any, params: Any, state: Any, key: int) -> dict[int, float]:
        """Of the arms that have to be drawn, in the order of drawing."""
        keys = [of_arm(key, a) for a in range(len(x))]
        chance = [self.chance(rule, a, x[a], y[a], params) for a in range(len(x))]
        passed = [a for a in range(len(x)) if unit(keys[a]) < chance[a]]
        made = {}
        for a in passed:
            if chance[a] <= 0.25:
                made[a] = rule.above(x[a], y[a], self.level[a], params, np.uint64(of_pull(keys[a], 0)))
            else:
                made[a] = next(self.attempts(rule, a, x[a], y[a], params, state, keys[a], True))
        for a in range(len(x)):
            if a not in passed and self.level[a] >= max(made.values(), default=-math.inf):
                made[a] = next(self.attempts(rule, a, x[a], y[a], params, state, keys[a], False))
        return made

    def chance(self, rule: Any, a: int, x: float, y: float, params: Any) -> float:
        chance = rule.tail(x, y, self.level[a], params)[0] if self.level[a] > -math.inf else 2.0
        if chance > 0.75:
            self.level[a] = -math.inf
        return 2.0 if chance > 0.75 else chance

    def attempts(
        self, rule: Any, a: int, x: float, y: float, params: Any, state: Any, key: int, above: bool
    ) -> Iterator[float]:
        for attempt in itertools.count():
            score = rule.score(x, y, state, params, np.uint64(of_pull(key, attempt)))
            if (score > self.level[a]) == above:
                yield score

    def learn(self, scores: dict[int, float], chosen: int) -> None:
        gap = scores[chosen] - self.mean
        self.mean += self.weight * gap
        self.variance = (1.0 - self.weight) * (self.variance + self.weight * gap * gap)
        self.weight = max(1.0 / 16.0, self.weight / (1.0 + self.weight))
        for a in scores:
            self.vain[a] += a != chosen
            if self.vain[a] >= 12:
                self.vain[a] = 0
                spread = math.sqrt(self.variance)
                level = self.mean - 2.4 * spread
                if abs(level - self.level[a]) > 0.5 * spread:
                    self.level[a] = level


class Twin:
    """One replication."""

    def __init__(self, scenario: Any, spec: Any, number: int) -> None:
        self.scenario, self.policy, self.world = scenario, spec.build(), scenario.world
        purposes = {"policy": policy_purpose(spec.name), "outcome": "outcome", "delay": "delay", "churn": "churn"}
        self.key = {name: int(row_keys(scenario.seed, of, [number])[0, 0]) for name, of in purposes.items()}
        if self.world.means is not None:
            self.means = list(self.world.means)
        else:
            self.means = list(generator(scenario.seed, "means", number).beta(*self.world.prior.beta, self.world.arms))
        self.arms = len(self.means)
        self.identities = list(range(self.arms))
        self.shown = list(self.identities)
        self.past: list[Pull] = []
        self.n, self.s, self.w = ([0.0] * self.arms for _ in range(3))
        self.state = np.zeros(self.policy.state_size)
        self.regret, self.best_pulls = 0.0, 0
        self.levels = Levels(self.arms)

    def run(self) -> "Twin":
        for t in range(self.scenario.horizon.pulls):
            self.change(t)
            self.refresh(t)
            self.pull(t)
        self.refresh(self.scenario.horizon.pulls)
        return self

    def change(self, t: int) -> None:
        for change in self.world.changes:
            if change.at == t:
                self.means = list(change.means)
        key = of_pull(self.key["churn"], t)
        if self.world.churn is not None and unit(key) < self.world.churn.probability:
            place = int(unit(of_arm(key, 0)) * self.arms)
            self.means[place] = beta(np.uint64(of_arm(key, 1)), *map(float, self.world.prior.beta))
            self.identities[place] += self.arms

    def refresh(self, u: int) -> None:
        every = self.scenario.feedback.refresh_every
        if u % every:
            return
        self.shown = list(self.identities)
        known = [p for p in self.past if p.known_after < u and p.identity == self.identities[p.place]]
        window, discount = self.policy.memory.window, self.policy.memory.discount
        if discount == 1.0 and not self.policy.weighted:
            visible = [p for p in known if not window or p.time >= u - window]
            self.n = [float(sum(p.place == a for p in visible)) for a in range(self.arms)]
            self.s = [float(sum(p.outcome for p in visible if p.place == a)) for a in range(self.arms)]
        else:
            self.add_news(discount, every, u, known)

    def add_news(self, discount: float, every: int, u: int, known: list[Pull]) -> None:
        for a in range(self.arms):
            fresh = not any(p.identity == self.identities[a] and p.known_after < u - every for p in self.past)
            kept = 0.0 if fresh else math.pow(discount, every)
            self.n[a], self.s[a], self.w[a] = self.n[a] * kept, self.s[a] * kept, self.w[a] * kept
            for p in reversed(known):
                if p.place == a and p.known_after >= u - every:
                    share = math.pow(discount, u - 1 - p.time)
                    self.n[a] += share
                    self.s[a] += share * p.outcome
                    self.w[a] += share * (p.weight * p.outcome)
            closed_form = sum(math.pow(discount, u - 1 - p.time) for p in known if p.place == a)
            assert self.n[a] == pytest.approx(closed_form, rel=1e-9)

    def pull(self, t: int) -> None:
        key = of_pull(self.key["policy"], t)
        rule, params, state = self.policy.rule, self.policy.parameters(), self.state
        xy = [rule.derive(self.n[a], self.s[a], self.w[a], self.means[a], params) for a in range(self.arms)]
        x, y = np.array(xy, float).T
        rule.prepare(t, np.array(self.n), x, y, params, state, np.uint64(key))
        if self.policy.tailed:
            scores = self.levels.scores(rule, x, y, params, state, key)
        else:
            keys = [np.uint64(of_arm(key, a)) for a in range(self.arms)]
            scores = {a: rule.score(x[a], y[a], state, params, keys[a]) for a in range(self.arms)}
        best = [a for a in scores if scores[a] == max(scores.values())]
        # The i-th of the best takes the place of those before it with probability 1/i.
        place = [a for i, a in enumerate(best, 1) if i == 1 or unit(of_arm(key, self.arms + i)) * i < 1.0][-1]
        if self.policy.tailed:
            self.levels.learn(scores, place)
            for a in range(self.arms):
                self.levels.chance(rule, a, x[a], y[a], params)
        weight = rule.weight(x[place], y[place], state, params) if self.policy.weighted else 0.0
        self.experience(t, place, weight)

    def experience(self, t: int, place: int, weight: float) -> None:
        identity = self.identities[place]
        k = sum(p.identity == identity for p in self.past)
        outcome = unit(of_pull(of_arm(self.key["outcome"], identity), k)) < self.means[place]
        delay = self.scenario.feedback.delay
        if not isinstance(delay, int):
            luck = (mixed(of_pull(of_arm(self.key["delay"], identity), k)) >> 11) + 0.5
            delay = int(math.log(luck / 2.0**53) / -math.log1p(1.0 / delay.geometric)) if delay.geometric else 0
        self.past.append(Pull(t, place, identity, int(outcome), t + delay, weight))
        self.regret += max(self.means) - self.means[place]
        self.best_pulls += self.means[place] == max(self.means)

    def table(self) -> dict[int, tuple[int, int, int]]:
        """(successes, observations, last refresh with news) of each caption."""
        every, horizon = self.scenario.feedback.refresh_every, self.scenario.horizon.pulls
        rows: dict[int, tuple[int, int, int]] = {}
        for p in self.past:
            seen = (p.known_after // every + 1) * every
            if seen <= horizon and p.identity in self.shown:
                successes, observations, last = rows.get(p.identity + 1, (0, 0, 0))
                rows[p.identity + 1] = (successes + p.outcome, observations + 1, max(last, seen))
        return rows


INDICES = [
    KlUcb(),
    KlUcb(c=3.0),
    BayesUcb(),
    BayesUcb(prior=(0.5, 0.3)),
    BayesUcb(prior=(2.0, 0.2), c=1.0, horizon=90),
]


def agree(body: dict[str, Any], policy: Policy) -> None:
    content = {"version": 1, "name": "twin", "replications": 4, "policies": ["uniform"]}
    scenario = load(content | body)
    spec = SimpleNamespace(name="everything", kind="everything", params={}, build=lambda: policy)
    result = simulate(scenario, spec, range(1, 3))
    for index, number in enumerate(range(1, 3)):
        with np.errstate(over="ignore"):
            twin = Twin(scenario, spec, number).run()
        assert result.totals.regret[index] == twin.regret
        assert result.totals.reward[index] == sum(p.outcome for p in twin.past)
        assert result.totals.best_pulls[index] == twin.best_pulls
        stats = result.stats[index]
        updated = (stats.last_updated_us // 1_000_000 - 1_735_689_600).tolist()
        shown = zip(stats.successes.tolist(), stats.observations.tolist(), updated, strict=True)
        assert dict(zip(stats.caption_id.tolist(), shown, strict=True)) == twin.table()


MEANS = [0.3, 0.5, 0.5, 0.7]
CHANGES = [{"at": 13, "means": [0.9, 0.5, 0.1, 0.2]}, {"at": 40, "means": [0.1, 0.2, 0.9, 0.4]}]
WORLDS = [
    {"kind": "bernoulli", "means": MEANS},
    {"kind": "bernoulli", "prior": {"beta": [2, 3]}, "arms": 5},
    {"kind": "bernoulli", "means": MEANS, "changes": CHANGES},
]
CHURNING = {"kind": "bernoulli", "prior": {"beta": [0.7, 2.0]}, "arms": 3, "churn": {"probability": 0.08}}

seeds = st.integers(0, 2**32)
spreads = st.sampled_from([0.0, 0.3, 3.0])
pulls = st.integers(41, 90)
refreshes = st.integers(1, 30)
delays = st.integers(0, 50) | st.builds(lambda mean: {"geometric": mean}, st.sampled_from([0.0, 0.2, 3.0, 60.0]))
few = settings(max_examples=20, deadline=None)


@few
@given(seeds, spreads, pulls, st.sampled_from(WORLDS))
def test_immediate_feedback_agrees_bit_for_bit(seed, spread, horizon, world):
    agree({"seed": seed, "world": world, "horizon": {"pulls": horizon}}, Everything(spread=spread))
    agree({"seed": seed, "world": world, "horizon": {"pulls": horizon}}, EverythingAtOnce(spread=spread))


@settings(max_examples=5, deadline=None)
@given(seeds, st.sampled_from([Ucb1(), EpsilonGreedy(), WilsonSample(), EverythingAtOnce()]))
def test_many_arms_scored_at_once_agree_bit_for_bit(seed, policy):
    many = {"kind": "bernoulli", "means": [0.1 + 0.02 * arm for arm in range(37)]}
    agree({"seed": seed, "world": many, "horizon": {"pulls": 120}}, policy)


@few
@given(seeds, pulls, st.sampled_from([1, 1, 7]), st.sampled_from([*WORLDS, CHURNING]), st.sampled_from(INDICES))
def test_indices_that_are_seldom_solved_agree_bit_for_bit(seed, horizon, every, world, policy):
    feedback = {"refresh_every": every}
    agree({"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": horizon}}, policy)


TAILED = [ThompsonBeta(), ThompsonBeta(prior=(0.5, 2.5)), SlidingWindowThompson(window=25)]


@few
@given(seeds, st.sampled_from(WORLDS), st.sampled_from(TAILED))
def test_scores_that_are_seldom_drawn_agree_bit_for_bit(seed, world, policy):
    agree({"seed": seed, "world": world, "horizon": {"pulls": 160}}, policy)


@few
@given(seeds, st.sampled_from([*WORLDS, CHURNING]), st.integers(2, 30), delays, st.sampled_from(TAILED))
def test_scores_that_are_seldom_drawn_agree_bit_for_bit_under_late_feedback(seed, world, every, delay, policy):
    feedback = {"refresh_every": every, "delay": delay}
    agree({"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": 160}}, policy)


@few
@given(seeds, spreads, pulls, refreshes, delays, st.sampled_from(WORLDS))
def test_late_feedback_agrees_bit_for_bit(seed, spread, horizon, every, delay, world):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": horizon}}
    agree(body, Everything(spread=spread))


@few
@given(seeds, spreads, refreshes, delays, st.integers(1, 40))
def test_sliding_window_under_churn_agrees_bit_for_bit(seed, spread, every, delay, window):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": CHURNING, "feedback": feedback, "horizon": {"pulls": 90}}
    agree(body, Everything(spread=spread, window=window))


@few
@given(seeds, spreads, refreshes, delays, st.sampled_from([0.5, 0.9, 1.0]))
def test_discount_and_weights_under_churn_agree_bit_for_bit(seed, spread, every, delay, discount):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": CHURNING, "feedback": feedback, "horizon": {"pulls": 90}}
    agree(body, EverythingWeighted(spread=spread, discount=discount))


@few
@given(seeds, spreads, st.sampled_from([0.5, 0.9, 1.0]))
def test_immediate_discount_and_weights_under_churn_agree_bit_for_bit(seed, spread, discount):
    body = {"seed": seed, "world": CHURNING, "horizon": {"pulls": 90}}
    agree(body, EverythingWeighted(spread=spread, discount=discount))
