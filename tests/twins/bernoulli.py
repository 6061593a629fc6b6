"""An independent twin of the Bernoulli world: one pull at a time, plain Python, recomputed from the whole past.

It shares with the engine nothing but the policy's functions and the addresses of the random streams.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from policies.maths.draws import beta
from sim.rng import generator, policy_purpose, row_keys
from twins.levels import Levels
from twins.streams import mixed, of_arm, of_pull, unit


@dataclass
class Pull:
    time: int
    place: int
    identity: int
    outcome: int
    known_after: int
    weight: float
    chance: float
    """The propensity."""


class Twin:
    """One replication, or one of its rows."""

    def __init__(self, scenario: Any, spec: Any, number: int, row: int = 0) -> None:
        self.scenario, self.policy, self.world = scenario, spec.build(), scenario.world
        purposes = {"policy": policy_purpose(spec.name), "outcome": "outcome", "delay": "delay", "churn": "churn"}
        purposes["pool"] = "pool"
        keys = {name: row_keys(scenario.seed, of, [number], row + 1) for name, of in purposes.items()}
        self.key = {name: int(values[0, row]) for name, values in keys.items()}
        self.pool, self.renew = spec.pool, spec.renew or math.inf
        self.fleet: list[Twin] = []
        """The rows that the policy learns from, this one among them."""
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
        self.told = np.zeros((2, self.arms))
        self.learned = list(self.identities)
        self.notes, self.ab = np.zeros((self.arms, self.policy.note_size)), np.zeros((2, self.arms))

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
        delay = self.scenario.feedback.delay
        if self.policy.corrects_delay and not isinstance(delay, int) and delay.geometric:
            own = [[p for p in self.past if p.identity == self.identities[a]] for a in range(self.arms)]
            late = delay.geometric / (1.0 + delay.geometric)
            self.n = [sum(1.0 - late ** (u - p.time) for p in pulls) for pulls in own]
        if self.policy.reads_batches:
            self.learn_batch(u)

    def learn_batch(self, u: int) -> None:
        now, rule, params = np.array([self.n, self.s]), self.policy.rule, self.policy.parameters()
        newcomers = [a for a in range(self.arms) if self.identities[a] != self.learned[a]]
        self.learned = list(self.identities)
        for a in {*np.flatnonzero(now[0] == 0.0).tolist(), *newcomers}:
            self.ab[:, a] = rule.summarise(0.0, 0.0, 0.0, self.means[a], params)
            self.notes[a] = self.told[:, a] = 0.0
        (n, s), self.told = now - self.told, now
        if n.sum() > 0.0:
            with np.errstate(all="ignore"):  # compiled code does not warn of 0 / 0
                rule.learn_batch(float(u), n, s, self.notes, *self.ab, params, self.state)

    def known(self, params: Any) -> tuple[Any, Any]:
        """`a` and `b` of all arms."""
        rule = self.policy.rule
        if self.policy.reads_batches:
            return self.ab[0].copy(), self.ab[1].copy()
        if self.fleet:
            n_all, s_all = (np.sum([getattr(row, name) for row in self.fleet], axis=0) for name in ("n", "s"))
            shown = [(self.n[a], self.s[a], n_all[a], s_all[a], 0.0, self.state, params) for a in range(self.arms)]
            for arm in shown:
                rule.observe_fleet(*arm)
            xy = [rule.summarise_fleet(*arm) for arm in shown]
        else:
            xy = [rule.summarise(self.n[a], self.s[a], self.w[a], self.means[a], params) for a in range(self.arms)]
        x, y = np.array(xy, float).T
        return x, y

    def members(self, t: int) -> list[int]:
        """The arms that the policy is shown."""
        order, key = list(range(self.arms)), of_pull(self.key["pool"], int(t // self.renew))
        for place in range(min(self.pool or 0, self.arms)):
            other = place + int(unit(of_arm(key, place)) * (self.arms - place))
            order[place], order[other] = order[other], order[place]
        return order[: self.pool] if self.pool else list(range(self.arms))

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
        x, y = self.known(params)
        shown = self.members(t)
        arms = len(shown)
        x, y, n = x[shown], y[shown], np.array(self.n)[shown]
        rule.prepare(t, n, x, y, params, state, np.uint64(key))
        levelled = self.policy.tail_evaluable and not self.pool
        if levelled:
            scores = self.levels.scores(rule, x, y, params, state, key)
        else:
            keys = [np.uint64(of_arm(key, a)) for a in range(arms)]
            scores = {a: rule.score(x[a], y[a], state, params, keys[a]) for a in range(arms)}
        best = [a for a in scores if scores[a] == max(scores.values())]
        # The i-th of the best takes the place of those before it with probability 1/i.
        place = [a for i, a in enumerate(best, 1) if i == 1 or unit(of_arm(key, arms + i)) * i < 1.0][-1]
        if levelled:
            self.levels.learn(scores, place)
            for a in range(arms):
                self.levels.chance(rule, a, x[a], y[a], params)
        weight = rule.weight(x[place], y[place], state, params) if self.policy.weighted else 0.0
        self.experience(t, shown[place], weight, self.propensity(place, x, y, weight, len(best)))

    def propensity(self, place: int, x: Any, y: Any, weight: float, tied: int) -> float:
        if self.policy.weighted:
            # A weight that is no chance, in tests only: the kernel then draws the decision again.
            return math.nan if self.policy.deterministic else 1.0 / weight
        if self.policy.deterministic:
            return 1.0 / tied
        rule, params = self.policy.rule, self.policy.parameters()
        if rule.has_distribution:
            return math.nan  # an integral: tests/unit/worlds/test_propensities.py
        explores = rule.exploring(self.state, params)
        if self.policy.state_independent_score:
            return float(explores / len(x) + (1.0 - explores) * (x[place] == x.max()) / (x == x.max()).sum())
        return float(rule.propensity(place, x, y, self.state, params)) if rule.has_propensity else math.nan

    def experience(self, t: int, place: int, weight: float, chance: float) -> None:
        identity = self.identities[place]
        k = sum(p.identity == identity for p in self.past)
        outcome = unit(of_pull(of_arm(self.key["outcome"], identity), k)) < self.means[place]
        delay = self.scenario.feedback.delay
        if not isinstance(delay, int):
            luck = (mixed(of_pull(of_arm(self.key["delay"], identity), k)) >> 11) + 0.5
            delay = int(math.log(luck / 2.0**53) / -math.log1p(1.0 / delay.geometric)) if delay.geometric else 0
        self.past.append(Pull(t, place, identity, int(outcome), t + delay, weight, chance))
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
