"""The Bernoulli world by its rules: what is shown when, the same luck for all, and what may be asked of it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from policies.base import Memory, Policy, Rule, parameter
from reports.estimators.lai_robbins import lai_robbins_constant
from sim.errors import InputError
from sim.scenario import PolicySpec, Scenario, load
from sim.worlds.engine import build_world, simulate

SECOND = 1_000_000
START = 1_735_689_600 * SECOND


def scenario(*, pulls=300, replications=5, **body: Any) -> Scenario:
    world = {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]} | body.pop("world", {})
    world = {key: value for key, value in world.items() if value is not None}
    content = {"version": 1, "name": "rules", "seed": 11, "replications": replications, "horizon": {"pulls": pulls}}
    return load(content | {"world": world, "policies": body.pop("policies", ["wilson_sample"])} | body)


def world_of(text: Scenario, kind: str, replications=range(1), **params: Any) -> Any:
    return build_world(text, PolicySpec(name=kind, kind=kind, params=params), replications)


# One thing at a time: a policy that always pulls one arm shows that arm's outcomes. (No real rule writes to `x`, but
# only so can one know a place by its number.)


def _prepare_arm(t, n, x, y, params, state, key):
    for arm in range(x.shape[0]):
        x[arm] = 1.0 if arm == int(params[0]) else 0.0


def _score_x(x, y, state, params, key):
    return x


def _score_nowhere(x, y, state, params, key):
    return x.nothing


def _score_nan(x, y, state, params, key):
    return np.nan


def _summarise_unit(n, s, ipw_successes, true_mean, params):
    return 0.0, 0.0


@dataclass(frozen=True, kw_only=True)
class Always(Policy):
    arm: int = parameter(0, "the arm", low=0)
    kind: ClassVar[str] = "always"
    rule: ClassVar[Rule] = Rule(summarise=_summarise_unit, prepare=_prepare_arm, score=_score_x)

    def parameters(self):
        return (float(self.arm),)


@dataclass(frozen=True, kw_only=True)
class Confused(Policy):
    kind: ClassVar[str] = "confused"
    rule: ClassVar[Rule] = Rule(summarise=_summarise_unit, score=_score_nan)


@dataclass(frozen=True, kw_only=True)
class Uncompilable(Policy):
    kind: ClassVar[str] = "uncompilable"
    rule: ClassVar[Rule] = Rule(summarise=_summarise_unit, score=_score_nowhere)


@dataclass(frozen=True, kw_only=True)
class Torn(Policy):
    kind: ClassVar[str] = "torn"
    rule: ClassVar[Rule] = Rule(summarise=_summarise_unit)

    @property
    def memory(self):
        return Memory(discount=0.9, window=10)


@dataclass(frozen=True)
class Spec:
    name: str
    policy: Policy
    kind: str = "test"
    pool: int | None = None
    renew: float | None = None

    def build(self) -> Policy:
        return self.policy


def outcomes(text: Scenario, arm: int, cuts: range) -> np.ndarray:
    """Successes of an arm after each of its first pulls, (cuts, replications)."""
    world = build_world(text, Spec("always", Always(arm=arm)), range(5))
    shown = []
    for cut in cuts:
        world.advance(cut)
        shown.append(world.totals().reward)
    return np.array(shown)


def test_the_kth_outcome_of_an_arm_is_the_same_whoever_pulls_it_and_when():
    text = scenario()
    successes = {arm: np.vstack([np.zeros(5), outcomes(text, arm, range(1, 301))]) for arm in range(3)}
    for kind in ("uniform", "wilson_sample", "ucb1"):
        result = simulate(text, PolicySpec(name=kind, kind=kind), range(5))
        for index, counts in enumerate(result.stats):
            for caption, n, s in zip(counts.caption_id, counts.observations, counts.successes, strict=True):
                assert s == successes[caption - 1][n, index]


def test_a_policys_draws_depend_on_its_name_and_on_no_other_policy():
    alone = scenario()
    beside = scenario(policies=["uniform", "ucb1", "wilson_sample"])
    spec = PolicySpec(name="wilson_sample", kind="wilson_sample")
    first, second = simulate(alone, spec, range(5)), simulate(beside, spec, range(5))
    assert np.array_equal(first.regret, second.regret)
    renamed = simulate(alone, PolicySpec(name="other", kind="wilson_sample"), range(5))
    assert not np.array_equal(first.regret, renamed.regret)


HARD = {
    "world": {"means": None, "prior": {"beta": [2, 2]}, "arms": 4, "churn": {"probability": 0.02}},
    "feedback": {"refresh_every": 7, "delay": {"geometric": 5.0}},
}


@pytest.mark.parametrize("kind", ["wilson_sample", "sliding_window_ucb", "thompson_beta"])
@pytest.mark.slow
def test_blocks_change_no_bit(kind):
    text, spec = scenario(**HARD), PolicySpec(name=kind, kind=kind)
    whole = simulate(text, spec, range(5))
    parts = [simulate(text, spec, part) for part in (range(2), range(2, 3), range(3, 5))]
    assert np.array_equal(np.hstack([part.regret for part in parts]), whole.regret)
    assert np.array_equal(np.hstack([part.reward for part in parts]), whole.reward)
    assert np.array_equal(np.hstack([part.locked_out_pages for part in parts]), whole.locked_out_pages)
    for one, other in zip([stats for part in parts for stats in part.stats], whole.stats, strict=True):
        assert one.caption_id.tolist() == other.caption_id.tolist()
        assert one.successes.tolist() == other.successes.tolist()


@pytest.mark.parametrize("kind", ["wilson_sample", "sliding_window_ucb", "thompson_beta"])
def test_where_advance_is_cut_changes_no_bit(kind):
    text = scenario(**HARD)
    whole, cut = world_of(text, kind, range(5)), world_of(text, kind, range(5))
    whole.advance(300)
    for until in (1, 2, 2, 6, 7, 8, 21, 150.0, 299, 300, 300):
        cut.advance(until)
    assert np.array_equal(whole.totals().regret, cut.totals().regret)
    assert whole.counts(3).last_updated_us.tolist() == cut.counts(3).last_updated_us.tolist()


@pytest.mark.parametrize(("every", "delay", "shown"), [(1, 0, 20), (7, 0, 14), (7, 3, 11), (20, 0, 20), (21, 0, 0)])
@pytest.mark.slow
def test_the_table_shows_what_was_known_at_the_last_refresh(every, delay, shown):
    text = scenario(pulls=20, feedback={"refresh_every": every, "delay": delay})
    world = build_world(text, Spec("always", Always(arm=1)), range(1))
    world.advance(20)
    counts = world.counts(0)
    assert counts.observations.sum() == shown
    assert world.totals().pulls.tolist() == [20]
    if shown:
        assert counts.caption_id.tolist() == [2]
        assert counts.last_updated_us.tolist() == [START + 20 // every * every * SECOND]
        assert (counts.last_used_us[0] == -1) == (every == 20)  # NULL where one refresh inserted it and none followed


@pytest.mark.slow
def test_the_table_is_cumulative_though_the_policy_forgets():
    text = scenario()
    for kind in ("sliding_window_ucb", "discounted_ucb"):
        stats = simulate(text, PolicySpec(name=kind, kind=kind), range(1)).stats[0]
        assert stats.observations.sum() == 300
        assert (stats.successes + stats.failures == stats.observations).all()


@pytest.mark.slow
def test_a_newcomer_has_a_caption_of_its_own_and_fresh_counts():
    churn = {"means": None, "prior": {"beta": [2, 2]}, "arms": 3, "churn": {"probability": 1.0}}
    stats = simulate(scenario(pulls=50, world=churn), PolicySpec(name="u", kind="uniform"), range(1)).stats[0]
    assert (stats.caption_id > 3).all()
    assert stats.observations.sum() < 50


def test_changes_fall_before_their_pull_and_the_oracle_follows():
    text = scenario(pulls=10, world={"changes": [{"at": 4, "means": [0.9, 0.1, 0.1]}]})
    world = build_world(text, Spec("always", Always(arm=2)), range(1))
    ((at, change),) = world.changes()
    world.advance(at)
    assert world.totals().regret.tolist() == [0.0]
    change()
    world.advance(5)
    assert world.totals().regret == pytest.approx([0.8])
    assert simulate(text, PolicySpec(name="oracle", kind="oracle"), range(5)).totals.regret.tolist() == [0.0] * 5


def test_an_arm_that_can_never_win_is_locked_out():
    assert locked_out(Always(arm=0)) == 1.0
    assert locked_out(Always(arm=2)) == 0.0
    for kind, expected in [("oracle", 0.0), ("uniform", 0.0)]:
        world = world_of(scenario(), kind)
        world.advance(300)
        assert world.locked_out_pages().tolist() == [expected]


def locked_out(policy: Policy) -> float:
    world = build_world(scenario(), Spec("always", policy), range(1))
    world.advance(300)
    return float(world.locked_out_pages()[0])


def test_an_index_that_brings_every_arm_back_is_never_locked_out():
    """Of rules without randomness only those count that declare it: greedy's arm may stay behind for ever."""
    for kind, share in [("ucb1", 0.0), ("kl_ucb", 0.0), ("greedy", 1.0)]:
        world = world_of(scenario(), kind, range(40))
        most = 0.0
        for pulls in (30, 100, 300):
            world.advance(pulls)
            most = max(most, world.locked_out_pages().max())
        assert most == share


def test_asking_who_is_locked_out_changes_nothing():
    asked, left = (world_of(scenario(), "epsilon_greedy", range(5)) for _ in range(2))
    for world in (asked, left):
        world.advance(100)
    asked.locked_out_pages()
    for world in (asked, left):
        world.advance(300)
    assert np.array_equal(asked.totals().regret, left.totals().regret)


def test_there_is_no_money_and_nothing_is_logged_unasked():
    result = simulate(scenario(), PolicySpec(name="uniform", kind="uniform"), range(2))
    assert result.totals.revenue_micros.tolist() == [0, 0]
    assert np.isnan(result.totals.regret_usd).all()
    assert result.sends == []


@pytest.mark.slow
def test_scores_that_are_all_nan_are_the_policys_fault_and_said_so():
    with pytest.raises(InputError, match="policy lost: every score is NaN"):
        simulate(scenario(), Spec("lost", Confused()), range(1))


def test_a_rule_that_numba_cannot_compile_is_named_with_its_line():
    with pytest.raises(InputError, match=r'policy odd: its rule cannot .*File .*test_bernoulli.py", line \d+\n'):
        simulate(scenario(), Spec("odd", Uncompilable()), range(1))


def test_a_window_and_a_discount_at_once_are_refused():
    with pytest.raises(InputError, match="policy torn: a sliding window"):
        simulate(scenario(), Spec("torn", Torn()), range(1))


def test_lai_robbins_constant():
    assert lai_robbins_constant([k / 10 for k in range(1, 10)]) == pytest.approx(7.5165, abs=5e-5)
    assert lai_robbins_constant([0.5, 0.5]) == 0.0
    assert lai_robbins_constant([0.5, 1.0]) == 0.0
    half = 0.5 * np.log(0.5 / 0.6) + 0.5 * np.log(0.5 / 0.4)
    assert lai_robbins_constant([0.6, 0.5, 0.5]) == pytest.approx(2 * 0.1 / half)
