"""Intervals, checks, decisions and power of the textbook problem, whose truth is known from 20,000 replications.

A repetition draws replications from that population and unlucky ones from a bank. Limits are binomial quantiles at
1e-4 around what docs/decision.md promises; each promise is shown to fail for what was used before, the plain sample.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from scipy import stats

from reports.checks import evaluate_checks
from reports.decision import rule
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.decision.rule import decide
from reports.decision.tails import Tails
from reports.decision.unlucky import Unlucky
from reports.estimators.intervals import mean_interval
from reports.estimators.power import Pilot, plan_replications
from reports.estimators.split import split_interval
from reports.estimators.strata import Strata
from sim.scenario import Check, load
from sim.worlds.bernoulli.luck import ALLOCATION, find_unlucky, luck_of
from sim.worlds.engine import Curve, build_world, run

ALARM, REPEATS = 1e-4, 500
POPULATION, BANK, UNLUCKY = 20_000, 6_000, 200
WILSON, THOMPSON = POLICIES = ("wilson_sample", "thompson_beta")
pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Problem:
    """Regret and lock-out of each policy in the population, then in the bank; the stratum of each."""

    regret: dict[str, np.ndarray]
    locked: dict[str, np.ndarray]
    strata: np.ndarray
    probability: np.ndarray

    def truth(self, values: np.ndarray) -> float:
        return float(Strata(self.strata, self.probability).weights @ values)

    def draw(self, generator: np.random.Generator, n: int) -> "Drawn":
        own = generator.integers(0, POPULATION, n)
        bank = [POPULATION + np.flatnonzero(self.strata[POPULATION:] == each) for each in range(len(ALLOCATION))]
        more = [
            generator.choice(of, round(share * UNLUCKY), replace=False)
            for of, share in zip(bank, ALLOCATION, strict=True)
        ]
        return Drawn(self, own, np.concatenate(more))


@dataclass(frozen=True)
class Drawn:
    """A run's replications and its unlucky ones, by position in the problem."""

    problem: Problem
    own: np.ndarray
    more: np.ndarray

    def rows(self, name: str, at: np.ndarray) -> pl.DataFrame:
        regret, locked = self.problem.regret[name][at], self.problem.locked[name][at]
        names = {"policy": [name] * len(at), "replication": np.arange(len(at))}
        return pl.DataFrame({**names, "regret": regret, "reward": 9_000.0 - regret, "locked_out": locked})

    def tails(self, *, unlucky: bool) -> Tails:
        strata = Strata(self.problem.strata[np.append(self.own, self.more)], self.problem.probability)
        extra = Unlucky({name: self.rows(name, self.more) for name in POLICIES}, strata) if unlucky else None
        return Tails({WILSON: self.lock_outs()}, frozenset(POLICIES), extra)

    def lock_outs(self) -> LockOuts:
        flags = self.problem.locked[WILSON][self.own]
        return LockOuts(int(flags.sum()), len(flags), flags)

    def given(self, baseline: str, *, unlucky: bool) -> DecisionInput:
        values, known = {name: -self.problem.regret[name][self.own] for name in POLICIES}, self.tails(unlucky=unlucky)
        values = {name: 9_000.0 + each for name, each in values.items()}
        return DecisionInput(
            "reward",
            Unit("", "successes", ""),
            values,
            baseline,
            lock_outs=known.lock_outs,
            learners=known.learners,
            unlucky=known.unlucky,
        )


@pytest.fixture(scope="module")
def problem() -> Problem:
    scenario = load("textbook", [f"replications={POPULATION}", "record.curve_points=2", "record.stats=none"])
    found = find_unlucky(scenario, BANK)
    numbers = [*range(POPULATION), *found.numbers]
    regret, locked = {}, {}
    for spec in scenario.policies:
        if spec.name in POLICIES:
            world = build_world(scenario, spec, numbers)
            run(world, Curve(np.array([10_000.0])))
            regret[spec.name], locked[spec.name] = world.totals().regret, world.locked_out_pages() > 0.0
    strata = np.concatenate([found.strata_of(luck_of(scenario, range(POPULATION))), found.strata])
    return Problem(regret, locked, strata, found.probability)


@pytest.fixture(autouse=True)
def without_resampling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "stability", lambda *_: None)


def holds(count: int, low: float, high: float, repeats: int = REPEATS) -> bool:
    return bool(stats.binom.ppf(ALARM / 2, repeats, low) <= count <= stats.binom.isf(ALARM / 2, repeats, high))


@pytest.mark.parametrize("n", [60, 200, 1_000])
def test_intervals_with_unlucky_replications_cover(problem: Problem, n: int) -> None:
    generator, hits, plain = np.random.default_rng(n), dict.fromkeys([*POLICIES, "difference", "locked_out"], 0), 0
    truths = {name: problem.truth(problem.regret[name]) for name in POLICIES}
    for _ in range(REPEATS):
        drawn = problem.draw(generator, n)
        own, tails = {name: problem.regret[name][drawn.own] for name in POLICIES}, drawn.tails(unlucky=True)
        found = {name: (tails.mean(name, own[name], metric="regret"), truths[name]) for name in POLICIES}
        gain = tails.gain(POLICIES, own[WILSON], own[THOMPSON], 0.95, metric="regret")
        found["difference"] = gain, truths[WILSON] - truths[THOMPSON]
        locked = problem.locked[WILSON][drawn.own].astype(float)
        found["locked_out"] = tails.mean(WILSON, locked, metric="locked_out"), problem.truth(problem.locked[WILSON])
        for name, (estimate, truth) in found.items():
            hits[name] += estimate.low <= truth <= estimate.high
        sample = mean_interval(own[WILSON])
        plain += sample.low <= truths[WILSON] <= sample.high
    assert all(holds(count, 0.94, 0.96) for count in hits.values())
    assert n == 1_000 or not holds(plain, 0.94, 0.96)


def test_the_probability_of_lock_out_is_known_within_a_fifth(problem: Problem) -> None:
    generator, truth = np.random.default_rng(5), problem.truth(problem.locked[WILSON])
    found = []
    for _ in range(REPEATS):
        drawn = problem.draw(generator, 20)
        locked = problem.locked[WILSON][drawn.own].astype(float)
        found.append(drawn.tails(unlucky=True).mean(WILSON, locked, metric="locked_out").value)
    assert np.std(found) <= 0.2 * truth
    assert abs(np.mean(found) / truth - 1.0) <= 0.03


@pytest.mark.parametrize("n", [60, 1_000, 2_500])
@pytest.mark.parametrize("unlucky", [True, False])
def test_a_limit_at_the_truth_seldom_passes(problem: Problem, n: int, unlucky: bool) -> None:
    generator, truth, passed = np.random.default_rng(n), problem.truth(problem.regret[WILSON]), 0
    claim = Check(metric="regret", policy=WILSON, at_most=truth)
    for _ in range(REPEATS):
        drawn = problem.draw(generator, n)
        table = drawn.rows(WILSON, drawn.own)
        passed += evaluate_checks([claim], table, drawn.tails(unlucky=unlucky))[0].passed
    assert passed <= stats.binom.isf(ALARM, REPEATS, 0.05)


@pytest.mark.parametrize("n", [60, 200, 1_000])
@pytest.mark.parametrize("baseline", POLICIES)
def test_a_worse_policy_is_seldom_named(problem: Problem, n: int, baseline: str) -> None:
    generator = np.random.default_rng(n)
    outcomes = [decide(problem.draw(generator, n).given(baseline, unlucky=True)).outcome for _ in range(REPEATS)]
    named = outcomes.count("switch")
    if baseline == WILSON:  # Thompson's rule is truly worse
        assert named <= stats.binom.isf(ALARM, REPEATS, 0.025)
    else:
        assert named > 0.7 * REPEATS


def test_power_is_as_planned(problem: Problem) -> None:
    """The test of a plain run, at the number that `plan_replications` recommends for the whole population."""
    own = slice(0, POPULATION)
    differences = problem.regret[THOMPSON][own] - problem.regret[WILSON][own]
    groups = -problem.locked[WILSON][own].astype(np.int8)
    difference = 0.2 * float(problem.regret[WILSON][own].mean())
    plan = plan_replications(Pilot(differences, groups), difference, 0.95, 0.8)
    shifted, generator, found = differences - differences.mean() + difference, np.random.default_rng(9), 0
    for _ in range(2_000):
        drawn = generator.integers(0, POPULATION, plan.needed)
        estimate = split_interval(shifted[drawn], groups[drawn], 0.95)
        found += estimate is not None and (estimate.low > 0.0 or estimate.high < 0.0)
    assert plan.simulated is not None
    assert holds(found, plan.simulated.value - 0.03, plan.simulated.value + 0.03, 2_000)
