"""The Bernoulli world agrees with its independent twin bit for bit, see `twins.bernoulli`."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.base import Policy
from policies.bayes_ucb import BayesUcb
from policies.boltzmann import Boltzmann
from policies.delay_corrected import DelayCorrected
from policies.epsilon_greedy import EpsilonGreedy
from policies.glr_klucb import GlrKlucb
from policies.kl_ucb import KlUcb
from policies.odds_ratio_thompson import OddsRatioThompson
from policies.pooled_thompson import PooledThompson
from policies.pooled_wilson import PooledWilson
from policies.sliding_window_thompson import SlidingWindowThompson
from policies.thompson_beta import ThompsonBeta
from policies.ucb1 import Ucb1
from policies.uniform import Uniform
from policies.wilson_sample import WilsonSample
from sim.scenario import load
from sim.worlds.base import SendLog
from sim.worlds.engine import simulate
from twins.bernoulli import Twin
from twins.everything import Everything, EverythingAtOnce, EverythingWeighted

INDICES = [
    KlUcb(),
    KlUcb(c=3.0),
    BayesUcb(),
    BayesUcb(prior=(0.5, 0.3)),
    BayesUcb(prior=(2.0, 0.2), c=1.0, horizon=90),
]


def agree(
    body: dict[str, Any], policy: Policy, *, sends: bool = False, pool: int | None = None, renew: float | None = None
) -> None:
    content = {"version": 1, "name": "twin", "replications": 4, "policies": ["uniform"], "record": {"sends": sends}}
    scenario = load(content | body)
    spec = SimpleNamespace(
        name="everything", kind="everything", params={}, build=lambda: policy, pool=pool, renew=renew
    )
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
        if sends:
            same_pulls(result.sends[index], twin)


def same_pulls(log: SendLog, twin: Twin) -> None:
    assert ((log.sending_time_us // 1_000_000) - 1_735_689_600).tolist() == [p.time for p in twin.past]
    assert (log.caption_id - 1).tolist() == [p.identity for p in twin.past]
    assert log.purchased_count.tolist() == [p.outcome for p in twin.past]
    chances = np.array([p.chance for p in twin.past])
    known = ~np.isnan(chances)
    np.testing.assert_array_equal(log.propensity[known], chances[known])
    assert ((log.propensity > 0.0) & (log.propensity <= 1.0)).all()


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
geometric = st.builds(lambda mean: {"geometric": mean}, st.sampled_from([0.0, 0.2, 3.0, 60.0]))
delays = st.just(0) | st.integers(1, 50) | geometric  # without any, outcomes are counted and not logged
few = settings(max_examples=20, deadline=None)


@few
@given(seeds, spreads, pulls, st.sampled_from(WORLDS))
def test_immediate_feedback_agrees_bit_for_bit(seed, spread, horizon, world):
    agree({"seed": seed, "world": world, "horizon": {"pulls": horizon}}, Everything(spread=spread))
    agree({"seed": seed, "world": world, "horizon": {"pulls": horizon}}, EverythingAtOnce(spread=spread))


@settings(max_examples=5, deadline=None)
@given(seeds, st.sampled_from([Ucb1(), EpsilonGreedy(), WilsonSample(), EverythingAtOnce()]))
@pytest.mark.slow
def test_many_arms_scored_at_once_agree_bit_for_bit(seed, policy):
    many = {"kind": "bernoulli", "means": [0.1 + 0.02 * arm for arm in range(37)]}
    agree({"seed": seed, "world": many, "horizon": {"pulls": 120}}, policy)


@few
@given(seeds, pulls, st.sampled_from([1, 1, 7]), st.sampled_from([*WORLDS, CHURNING]), st.sampled_from(INDICES))
@pytest.mark.slow
def test_indices_that_are_seldom_solved_agree_bit_for_bit(seed, horizon, every, world, policy):
    feedback = {"refresh_every": every}
    agree({"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": horizon}}, policy)


TAILED = [ThompsonBeta(), ThompsonBeta(prior=(0.5, 2.5)), SlidingWindowThompson(window=25)]


@few
@given(seeds, st.sampled_from(WORLDS), st.sampled_from(TAILED))
@pytest.mark.slow
def test_scores_that_are_seldom_drawn_agree_bit_for_bit(seed, world, policy):
    agree({"seed": seed, "world": world, "horizon": {"pulls": 160}}, policy)


@few
@given(seeds, st.sampled_from([*WORLDS, CHURNING]), st.integers(2, 30), delays, st.sampled_from(TAILED))
@pytest.mark.slow
def test_scores_that_are_seldom_drawn_agree_bit_for_bit_under_late_feedback(seed, world, every, delay, policy):
    feedback = {"refresh_every": every, "delay": delay}
    agree({"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": 160}}, policy)


@few
@given(seeds, spreads, pulls, refreshes, delays, st.sampled_from(WORLDS))
@pytest.mark.slow
def test_late_feedback_agrees_bit_for_bit(seed, spread, horizon, every, delay, world):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": horizon}}
    agree(body, Everything(spread=spread))


@few
@given(seeds, spreads, refreshes, delays, st.integers(1, 40))
@pytest.mark.slow
def test_sliding_window_under_churn_agrees_bit_for_bit(seed, spread, every, delay, window):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": CHURNING, "feedback": feedback, "horizon": {"pulls": 90}}
    agree(body, Everything(spread=spread, window=window))


@few
@given(seeds, spreads, refreshes, delays, st.sampled_from([0.5, 0.9, 1.0]))
@pytest.mark.slow
def test_discount_and_weights_under_churn_agree_bit_for_bit(seed, spread, every, delay, discount):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": CHURNING, "feedback": feedback, "horizon": {"pulls": 90}}
    agree(body, EverythingWeighted(spread=spread, discount=discount))


@few
@given(seeds, spreads, st.sampled_from([0.5, 0.9, 1.0]))
@pytest.mark.slow
def test_immediate_discount_and_weights_under_churn_agree_bit_for_bit(seed, spread, discount):
    body = {"seed": seed, "world": CHURNING, "horizon": {"pulls": 90}}
    agree(body, EverythingWeighted(spread=spread, discount=discount))


LOGGED = [Everything(), EverythingWeighted(spread=0.3), KlUcb(), Boltzmann(), Uniform(), ThompsonBeta()]


@few
@given(seeds, pulls, st.sampled_from([1, 7]), st.sampled_from([0, 5]), st.sampled_from(LOGGED))
@pytest.mark.slow
def test_logged_pulls_agree_bit_for_bit(seed, horizon, every, delay, policy):
    feedback = {"refresh_every": every, "delay": delay}
    body = {"seed": seed, "world": CHURNING, "feedback": feedback, "horizon": {"pulls": horizon}}
    agree(body, policy, sends=True)


@pytest.mark.slow
def test_a_mistake_in_a_propensity_is_noticed(monkeypatch):
    body = {"seed": 1, "world": CHURNING, "horizon": {"pulls": 60}}
    monkeypatch.setattr(Twin, "propensity", lambda self, place, x, y, weight, tied: 1.0 / len(x))
    agree(body, Uniform(), sends=True)
    with pytest.raises(AssertionError):
        agree(body, Boltzmann(), sends=True)


POOLED = [WilsonSample(), Ucb1(), ThompsonBeta(), EpsilonGreedy(), EverythingWeighted(spread=0.3)]


@pytest.mark.long
@few
@given(seeds, st.integers(1, 6), st.sampled_from([None, 11.0, 30.5]), st.sampled_from([1, 7]), st.sampled_from(POOLED))
def test_pools_agree_bit_for_bit(seed, pool, renew, every, policy):
    feedback = {"refresh_every": every}
    body = {"seed": seed, "world": CHURNING, "feedback": feedback, "horizon": {"pulls": 90}}
    agree(body, policy, pool=pool, renew=renew)
    agree(body, policy, pool=pool, renew=renew, sends=True)


BATCHED = [OddsRatioThompson(), GlrKlucb(horizon=160.0, delta=0.5, every=2.0, exploration=0.3)]


@pytest.mark.long
@few
@given(seeds, st.sampled_from([1, 7, 20]), delays, st.sampled_from([*WORLDS, CHURNING]), st.sampled_from(BATCHED))
def test_rules_that_learn_from_batches_agree_bit_for_bit(seed, every, delay, world, policy):
    feedback = {"refresh_every": every, "delay": delay}
    agree({"seed": seed, "world": world, "feedback": feedback, "horizon": {"pulls": 160}}, policy)


@pytest.mark.parametrize("mean", [0.5, 12.0])
@pytest.mark.long
def test_expected_known_outcomes_agree(mean):
    """The engine carries the expectation on from refresh to refresh; the twin adds up chances: rounding differs."""
    feedback = {"refresh_every": 4, "delay": {"geometric": mean}}
    for world in (WORLDS[1], CHURNING):
        agree({"seed": 5, "world": world, "feedback": feedback, "horizon": {"pulls": 120}}, DelayCorrected())


def rows_agree(policy: Policy, name: str, every: int) -> None:
    """All rows of a replication, one pull at a time."""
    world = {"kind": "bernoulli", "arms": 5, "prior": {"beta": [2, 3]}, "rows": 3}
    content = {"version": 1, "name": "rows", "replications": 3, "policies": ["uniform"], "horizon": {"pulls": 60}}
    scenario = load(content | {"world": world, "feedback": {"refresh_every": every}})
    spec = SimpleNamespace(name=name, kind=name, params={}, build=lambda: policy, pool=None, renew=None)
    result = simulate(scenario, spec, range(1, 3))
    for index, number in enumerate(range(1, 3)):
        rows = [Twin(scenario, spec, number, row) for row in range(3)]
        with np.errstate(over="ignore"):
            for t in range(60):
                for row in rows:
                    row.fleet = rows if policy.reads_fleet else []
                    row.refresh(t)
                for row in rows:
                    row.pull(t)
        assert result.totals.reward[index] == sum(p.outcome for row in rows for p in row.past)
        assert result.totals.best_pulls[index] == sum(row.best_pulls for row in rows)
        assert result.pages.reward[index].tolist() == [sum(p.outcome for p in row.past) for row in rows]
        assert result.totals.regret[index] == pytest.approx(sum(row.regret for row in rows), rel=1e-12)
        stats = result.stats[index]
        pulled = [sum(p.place == arm for p in rows[0].past) for arm in range(5)]
        own = stats.page == 1
        shown = dict(zip(stats.caption_id[own].tolist(), stats.observations[own].tolist(), strict=True))
        assert sum(shown.values()) <= sum(pulled)
        assert all(count <= pulled[caption - 1] for caption, count in shown.items())


@pytest.mark.long
@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("policy", [PooledThompson(), PooledWilson(), Ucb1()])
def test_rows_that_share_arms_agree_bit_for_bit(policy, every):
    rows_agree(policy, "rows", every)
