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
from sim.runs.early import PART, early_rows, world_after
from sim.runs.unlucky import EARLY
from sim.scenario import Check, load
from sim.worlds.bernoulli import luck
from sim.worlds.bernoulli.luck import ALLOCATION, find_unlucky, luck_of
from sim.worlds.engine import Curve, build_world, run

ALARM, REPEATS = 1e-4, 500
LONG_RUN = 0.00109  # probability of lock-out with z = 2.5 and 3,000 pulls: of 400,000 plain replications
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
    (found,) = find_unlucky(scenario, BANK)
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
    found = [decide(problem.draw(generator, n).given(baseline, unlucky=True)) for _ in range(REPEATS)]
    named = [each.outcome for each in found].count("switch")
    if baseline == WILSON:  # Thompson's rule is truly worse
        assert named <= stats.binom.isf(ALARM, REPEATS, 0.025)
        truth = problem.truth(problem.regret[WILSON]) - problem.truth(problem.regret[THOMPSON])
        assert holds(sum(each.gains[0].low <= truth <= each.gains[0].high for each in found), 0.94, 0.96)
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


@dataclass(frozen=True)
class Bank:
    values: np.ndarray
    strata: np.ndarray

    def draw(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """Positions, of each rare stratum as many as a run has."""
        of = [np.flatnonzero(self.strata == each) for each in range(len(ALLOCATION))]
        sizes = [max(2, round(share * n)) for share in ALLOCATION]
        return np.concatenate(
            [generator.choice(each, size, replace=False) for each, size in zip(of, sizes, strict=True)]
        )

    def mean(self, probability: np.ndarray) -> float:
        """The lock-out probability of the whole; the last stratum is never locked out."""
        return float(
            sum(probability[each] * self.values[self.strata == each].mean() for each in range(len(ALLOCATION)))
        )


@dataclass(frozen=True)
class Rare:
    """Banks of whole unlucky replications and of early phases, of a rule with a lock-out probability of 0.001."""

    whole: Bank
    early: Bank
    probability: np.ndarray
    cost: float
    """Of an early phase with what is simulated to the end, in whole replications."""

    def draw(self, generator: np.random.Generator, *, early: bool) -> Tails:
        """A run of 60 replications without any lock-out, 200 unlucky ones and their early phases."""
        more, short = self.whole.draw(generator, UNLUCKY), self.early.draw(generator, EARLY * UNLUCKY)
        last = len(self.probability) - 1
        strata = Strata(np.append(np.full(60, last), self.whole.strata[more]), self.probability)
        rows = pl.DataFrame({"policy": [WILSON] * len(more), "locked_out": self.whole.values[more]})
        phases = pl.DataFrame({"stratum": self.early.strata[short], "estimate": self.early.values[short]})
        return Tails(unlucky=Unlucky({WILSON: rows}, strata, {WILSON: phases} if early else {}))


@pytest.fixture(scope="module")
def rare() -> Rare:
    keys = ["policies.wilson_sample.z=2.5", "horizon.pulls=3000", "checks=[]"]
    scenario = load("textbook", keys)
    spec = scenario.policies[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(luck, "CANDIDATES", 1_000_000)
        whole, more = find_unlucky(scenario, 3_000, 12_000)
    locked = world_after(scenario, spec, whole.numbers, 3_000).locked_out_pages()
    table = early_rows(scenario, spec, more, 3_000)
    ended = len(table) - table["locked_out"].null_count
    banks = Bank(locked, whole.strata), Bank(table["estimate"].to_numpy(), more.strata)
    return Rare(*banks, whole.probability, 1.0 / PART + ended / len(table))


def test_a_lock_out_of_one_in_a_thousand_is_known_within_a_fifth(rare: Rare) -> None:
    """Early phases alone cost 200 replications; whole unlucky ones of the same cost do not reach it."""
    truth, generator, found, plain, hits = rare.early.mean(rare.probability), np.random.default_rng(3), [], [], 0
    for _ in range(REPEATS):
        estimate = rare.draw(generator, early=True).mean(WILSON, np.zeros(60), metric="locked_out")
        found.append(estimate.value)
        hits += estimate.low <= truth <= estimate.high
        drawn = Bank(rare.early.values, rare.early.strata).draw(generator, EARLY * UNLUCKY)
        plain.append(Bank(rare.early.values[drawn], rare.early.strata[drawn]).mean(rare.probability))
    blind = [rare.draw(generator, early=False).mean(WILSON, np.zeros(60), metric="locked_out").value for _ in found]
    assert rare.cost * EARLY * UNLUCKY <= 1.05 * UNLUCKY
    assert np.std(plain) <= 0.2 * truth
    assert np.std(found) <= 0.2 * truth < np.std(blind)
    assert abs(truth / LONG_RUN - 1.0) <= 0.15
    assert holds(hits, 0.93, 0.97)
