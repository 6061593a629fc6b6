"""How often the decision is wrong, on populations whose truth is known.

A repetition draws replications from a population and decides. Promises (docs/decision.md): a named switch is truly
worse than the baseline in at most 2.5 % of repetitions; the interval of the gain covers the truth in 94 to 96 % of
them, or the outcome is *undecided*. Limits are binomial quantiles at 1e-4. Each promise is shown to fail on a seeded
mistake.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.decision import guardrails, rule
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.decision.rule import Decision, decide
from sim.scenario import load
from sim.worlds.engine import simulate

pytestmark = pytest.mark.slow

ALARM = 1e-4
UNIT = Unit("$", "", "per page and month")
Draw = Callable[[np.random.Generator, int], DecisionInput]


def normal(generator: np.random.Generator, n: int, gain: float = 0.0) -> DecisionInput:
    """A policy with this true gain; common luck, and noise of its own."""
    base = 100 + generator.normal(0, 10, n)
    return DecisionInput("reward", UNIT, {"base": base, "p": base + gain + generator.normal(0, 3, n)}, "base")


def lognormal(generator: np.random.Generator, n: int, gain: float = 0.0) -> DecisionInput:
    """Rich and poor pages: gains are in proportion to the size of the page, which is log-normal with sigma 1."""
    size = generator.lognormal(-0.5, 1.0, n)
    return DecisionInput(
        "revenue_usd", UNIT, {"base": 100 * size, "p": (100 + gain + generator.normal(0, 20, n)) * size}, "base"
    )


def rare_lock_out(generator: np.random.Generator, n: int) -> DecisionInput:
    """A policy that gains 1 in 99 % of replications and loses 100 where it is locked out; the true gain is −0.01."""
    base, locked = 100 + generator.normal(0, 10, n), generator.random(n) < 0.01
    gain = np.where(locked, -100.0, 1.0) + generator.normal(0, 0.5, n)
    lock_outs = {"p": LockOuts(int(locked.sum()), n)}
    return DecisionInput("reward", UNIT, {"base": base, "p": base + gain}, "base", lock_outs=lock_outs)


@pytest.fixture(autouse=True)
def without_resampling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stability, and the bootstrap of a guardrail, take most of the time and are not tested here."""
    monkeypatch.setattr(rule, "stability", lambda *_: None)
    monkeypatch.setattr(guardrails, "RESAMPLES", 40)


def decisions(draw: Draw, n: int, repeats: int, seed: int) -> list[Decision]:
    generator = np.random.default_rng(seed)
    return [decide(draw(generator, n)) for _ in range(repeats)]


def at_most(count: int, repeats: int, share: float) -> bool:
    return count <= stats.binom.isf(ALARM, repeats, share)


def covers(found: list[Decision], truth: float, low: float = 0.94, high: float = 0.96) -> bool:
    """Whether the intervals of repetitions whose sample counts as large enough cover as promised."""
    known = [each.gains[0] for each in found if each.gains[0].shortage is None]
    hits = sum(gain.low <= truth <= gain.high for gain in known)
    return bool(stats.binom.ppf(ALARM, len(known), low) <= hits <= stats.binom.isf(ALARM, len(known), high))


def false_switches(found: list[Decision]) -> int:
    return sum(each.outcome == "switch" for each in found)


@pytest.mark.parametrize(("draw", "n"), [(normal, 30), (normal, 300), (lognormal, 1_500)])
def test_a_policy_without_gain_is_seldom_named(draw: Draw, n: int) -> None:
    repeats = 400 if n < 1_000 else 150
    found = decisions(draw, n, repeats, seed=n)
    assert at_most(false_switches(found), repeats, 0.025)
    assert covers(found, 0.0)


def test_rich_pages_in_a_small_sample_decide_nothing() -> None:
    found = decisions(lambda generator, n: lognormal(generator, n, 3.0), 60, 300, seed=1)
    decided = [each for each in found if each.outcome != "undecided"]
    assert len(decided) <= 0.1 * 300


def test_a_tail_that_the_sample_may_have_missed_decides_nothing() -> None:
    for n in (60, 200):
        assert false_switches(decisions(rare_lock_out, n, 80, seed=n)) == 0
    found = decisions(rare_lock_out, 3_000, 80, seed=3)
    assert at_most(false_switches(found), 80, 0.025)
    assert any(each.gains[0].shortage is None for each in found)


def test_without_the_rule_on_lock_outs_the_wrong_policy_is_named() -> None:
    """The seeded mistake: the same samples, with nothing declared about the policy."""

    def undeclared(generator: np.random.Generator, n: int) -> DecisionInput:
        return replace(rare_lock_out(generator, n), lock_outs={})

    found = decisions(undeclared, 60, 200, seed=60)
    assert not at_most(false_switches(found), 200, 0.025)


def test_intervals_of_one_comparison_for_several_candidates_name_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight policies without any gain: with simultaneous intervals one is named in 2.5 %, without in far more."""

    def eight(generator: np.random.Generator, n: int) -> DecisionInput:
        base = generator.normal(100, 10, n)
        values = {f"p{i}": base + generator.normal(0, 3, n) for i in range(8)}
        return DecisionInput("reward", UNIT, {"base": base, **values}, "base")

    assert at_most(false_switches(decisions(eight, 40, 60, seed=8)), 60, 0.025)
    monkeypatch.setattr(rule, "simultaneous_level", lambda _: 0.95)
    assert not at_most(false_switches(decisions(eight, 40, 60, seed=8)), 60, 0.025)


def test_power_is_as_planned() -> None:
    """A gain of 1 with noise 3: 73 pairs have power 80 % (Student's t)."""
    found = decisions(lambda generator, n: normal(generator, n, 1.0), 73, 400, seed=4)
    count = false_switches(found)
    assert stats.binom.ppf(ALARM, 400, 0.77) <= count <= stats.binom.isf(ALARM, 400, 0.83)


POLICIES = ("wilson_sample", "thompson_beta", "uniform")


@pytest.fixture(scope="module")
def population() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Reward and lock-out of 20,000 replications of a problem of two captions, by policy."""
    scenario = load(
        {
            "name": "two",
            "replications": 20_000,
            "horizon": {"pulls": 400},
            "world": {"kind": "bernoulli", "means": [0.9, 0.8]},
            "policies": list(POLICIES),
            "record": {"curve_points": 2, "stats": "none"},
        }
    )
    parts = [simulate(scenario, spec, range(20_000)) for spec in scenario.policies]
    return {name: (part.totals.reward, part.lock_outs.pages) for name, part in zip(POLICIES, parts, strict=True)}


@pytest.mark.long
@pytest.mark.parametrize("n", [60, 400, 2_000])
@pytest.mark.parametrize("baseline", ["wilson_sample", "thompson_beta"])
def test_decisions_on_a_simulated_problem(
    population: dict[str, tuple[np.ndarray, np.ndarray]], baseline: str, n: int
) -> None:
    other = "thompson_beta" if baseline == "wilson_sample" else "wilson_sample"
    truth = float(population[other][0].mean() - population[baseline][0].mean())
    generator = np.random.default_rng(n)
    wrong = known = hits = 0
    for _ in range(500):
        drawn = generator.integers(0, 20_000, n)
        values = {name: reward[drawn].astype(float) for name, (reward, _) in population.items()}
        seen = {"wilson_sample": LockOuts(int(population["wilson_sample"][1][drawn].sum()), n)}
        decision = decide(DecisionInput("reward", UNIT, values, baseline, random="uniform", lock_outs=seen))
        wrong += decision.outcome == "switch" and truth < 0.0
        gain = next(each for each in decision.gains if each.policy == other)
        known += gain.shortage is None
        hits += gain.shortage is None and gain.low <= truth <= gain.high
    assert at_most(wrong, 500, 0.025)
    assert hits >= stats.binom.ppf(ALARM, known, 0.94)
