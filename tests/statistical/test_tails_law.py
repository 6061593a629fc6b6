"""Drawing only the arms whose score passes a level leaves the distribution of the choice as it is.

Frozen arms: how often each wins in two million decisions, against the exact probabilities. Moving ones: the regrets of
independent replications, against the plain way. Each test has alpha = 1e-4 and fixed keys, hence keeps passing; beside
it stands a mistake that it catches.
"""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import stats

from policies.base import Policy, Rule
from policies.maths.beta_tails import tail_posterior
from policies.maths.draws import pull_key
from policies.sliding_window_thompson import SlidingWindowThompson
from policies.thompson_beta import POSTERIOR_RULE, ThompsonBeta
from sim.kernels import declared, specialise, unbound
from sim.scenario import load
from sim.worlds.engine import simulate
from sim.worlds.selection.tail_pruning import HIGHEST, TailBounds, best_by_tails, new_tails, tails_of, update

pytestmark = pytest.mark.slow

ALPHA = 1e-4
DECISIONS = 2_000_000
ARMS = np.array([[20.0, 8.0], [18.0, 8.0], [3.0, 2.0], [1.0, 1.0], [30.0, 22.0], [2.0, 4.0], [0.7, 1.5]])
LATER = np.array([[20.0, 9.0], [19.0, 8.0], [3.0, 4.0], [2.0, 1.0], [33.0, 24.0], [2.0, 9.0], [1.7, 1.5]])
FORGETFUL: bool = unbound("FORGETFUL")


def decisions(first: int, stop: int, wins: Any, a: Any, b: Any, tails: TailBounds) -> None:
    """Count in `wins` who wins from decision `first` on; where FORGETFUL, without a look at arms that did not pass."""
    for t in range(first, stop):
        if FORGETFUL:
            tails.winning[HIGHEST] = -np.inf
        wins[best_by_tails(a, b, tails, (), a[:0], pull_key(np.uint64(99), t))] += 1


def change(before: Any, after: Any, tails: TailBounds) -> None:
    for arm in range(before.shape[0]):
        update(arm, before[arm, 0], before[arm, 1], after[arm, 0], after[arm, 1], tails, ())


def tail_too_heavy(a, b, level, params):
    chance, slope = tail_posterior(a, b, level, params)
    return 1.05 * chance, slope


def tail_too_light(a, b, level, params):
    chance, slope = tail_posterior(a, b, level, params)
    return (0.5 * chance if chance <= 1.0 else chance), slope


def follow_nothing(a, b, to_a, to_b, level, chance, slope, error, params):
    return chance, slope, error


def compiled(template: Any, rule: Rule = POSTERIOR_RULE, forgetful: bool = False) -> Any:
    roles = {"score": rule.score, "tail": rule.tail, "update_tail": rule.update_tail, "draw_above": rule.draw_above}
    return specialise(template, "tails_law", **declared(template, {"FORGETFUL": forgetful} | roles))


def chances(arms: Any) -> Any:
    """P(each arm has the largest score), by quadrature over the score's logit."""
    logit = np.linspace(-40.0, 40.0, 200_001)
    score = 1.0 / (1.0 + np.exp(-logit))
    below = np.array([stats.beta(*arm).cdf(score) for arm in arms])
    weight = np.diff(below, axis=1)
    middle = 0.5 * (below[:, 1:] + below[:, :-1])
    share = np.array([(weight[i] * np.delete(middle, i, axis=0).prod(axis=0)).sum() for i in range(len(arms))])
    assert share.sum() == pytest.approx(1.0, abs=1e-7)
    return share / share.sum()


def p_value(tails: TailBounds, run: Any) -> float:
    wins = np.zeros(len(ARMS), np.int64)
    run(0, DECISIONS, wins, *ARMS.T.copy(), tails)
    return float(stats.chisquare(wins, DECISIONS * chances(ARMS)).pvalue)


def fresh() -> TailBounds:
    return tails_of(new_tails(1, len(ARMS)), 0)


def test_every_arm_wins_as_often_as_its_scores_say() -> None:
    tails = fresh()
    assert p_value(tails, compiled(decisions)) > ALPHA
    assert (tails.chance < 1.0).sum() >= 3  # or nothing was tested


def test_a_tail_too_heavy_by_a_twentieth_is_caught() -> None:
    assert p_value(fresh(), compiled(decisions, replace(POSTERIOR_RULE, tail=tail_too_heavy))) < ALPHA


def test_ignoring_arms_that_did_not_pass_where_the_best_did_not_either_is_caught() -> None:
    assert p_value(fresh(), compiled(decisions, forgetful=True)) < ALPHA


def p_value_after_change(rule: Rule) -> float:
    """Of 4000 times 100 decisions right after the change, before levels are reviewed."""
    tails, wins, run = fresh(), np.zeros(len(ARMS), np.int64), compiled(decisions)
    run(0, 10_000, np.zeros(len(ARMS), np.int64), *ARMS.T.copy(), tails)
    compiled(change, rule)(ARMS, LATER, tails)
    for first in range(10_000, 410_000, 100):
        run(first, first + 100, wins, *LATER.T.copy(), TailBounds(*(part.copy() for part in tails)))
    return float(stats.chisquare(wins, wins.sum() * chances(LATER)).pvalue)


def test_levels_follow_arms_that_change() -> None:
    assert p_value_after_change(POSTERIOR_RULE) > ALPHA


def test_chances_that_stay_behind_a_change_are_caught() -> None:
    assert p_value_after_change(replace(POSTERIOR_RULE, update_tail=follow_nothing)) < ALPHA


@dataclass(frozen=True, kw_only=True)
class Plain(ThompsonBeta):
    tail_evaluable: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class PlainWindow(SlidingWindowThompson):
    tail_evaluable: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Light(ThompsonBeta):
    rule: ClassVar[Rule] = replace(POSTERIOR_RULE, tail=tail_too_light)


MEANS = {"means": [0.2, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7]}
CHANGING = MEANS | {"changes": [{"at": 150, "means": MEANS["means"][::-1]}]}
CHURNING = {"prior": {"beta": [1.5, 2.0]}, "arms": 9, "churn": {"probability": 0.01}}
LATE = {"refresh_every": 9, "delay": {"geometric": 5.0}}


def regrets(policy: Policy, name: str, world: Any, feedback: Any) -> Any:
    body = {"version": 1, "name": "law", "seed": 4, "replications": 4000, "horizon": {"pulls": 300}}
    scenario = load(body | {"world": {"kind": "bernoulli"} | world, "feedback": feedback, "policies": ["uniform"]})
    spec: Any = SimpleNamespace(name=name, kind=name, params={}, build=lambda: policy, pool=None, renew=None)
    return simulate(scenario, spec, range(4000)).totals.regret


def worlds_agree(policy: Policy, plain: Policy, world: Any, feedback: Any) -> float:
    one, other = regrets(policy, "tailed", world, feedback), regrets(plain, "plain", world, feedback)
    return float(stats.ks_2samp(one, other).pvalue)


@pytest.mark.parametrize(
    ("world", "feedback"),
    [
        pytest.param(CHURNING, LATE, id="late-churning"),
        pytest.param(CHANGING, {}, id="at once-changing"),
        *(
            pytest.param(world, feedback, marks=pytest.mark.long)
            for world, feedback in [(MEANS, {}), (MEANS, LATE), (CHURNING, {}), (CHANGING, LATE)]
        ),
    ],
)
def test_regrets_are_distributed_as_if_every_arm_were_drawn(world: Any, feedback: Any) -> None:
    assert worlds_agree(ThompsonBeta(), Plain(), world, feedback) > ALPHA


def test_so_are_those_of_a_sliding_window() -> None:
    assert worlds_agree(SlidingWindowThompson(window=80), PlainWindow(window=80), CHANGING, {}) > ALPHA


def test_regrets_under_tails_too_light_by_half_are_caught() -> None:
    assert worlds_agree(Light(), Plain(), MEANS, {}) < ALPHA
