"""Inverse weights of recorded propensities add up to 1 over 100,000 sends, for every policy in every world.

`benchmarks.inverse_weights` makes the sums; docs/evaluation.md has its table. Where 100,000 sends are summed, the
standard error must be at most 1 % / 3.9 and the deviation at most 1 %: a false-alarm rate of 1e-4. Fewer sends may
deviate by 3.9 standard errors.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import inverse_weights
from benchmarks.inverse_weights import SETTINGS, WORLDS, Decision, Sum, add_up, of_bernoulli, of_table, of_traffic
from policies.registry import build, kinds
from sim.worlds.selection.chances import HITS
from sim.worlds.selection.propensities import has_propensities, propensities

SENDS, ERRORS, DEVIATION = 100_000, 3.9, 0.01
EXACT = [kind for kind in kinds() if has_propensities(build(kind))]
WRONG = 1.03  # a mistake that has to be seen: propensities 3 % too high


def adds_up(found: Sum) -> bool:
    """Whether a sum is sharp, and right."""
    return ERRORS * found.error <= DEVIATION and abs(found.mean - 1.0) <= DEVIATION


def of_a_coin(heads: float, recorded: float, decisions: int = 4_000) -> list[list[Decision]]:
    """Rows of one decision between two arms, the first with the probability `heads`."""
    first = np.random.default_rng(5).uniform(size=decisions) < heads
    return [[((1,), (1.0 / recorded,)) if one else ((2,), (1.0 / (1.0 - recorded),))] for one in first.tolist()]


def test_a_sum_is_over_decisions_and_its_largest_weight_over_sends() -> None:
    rows: list[list[Decision]] = [[((1, 2), (1.5, 3.0))], [((3, 2), (3.0, 1.5))], [((), ())]]
    found = add_up(rows)
    assert (found.sends, found.mean, found.largest) == (4, 1.0, 3.0)  # three arms: (1.5 + 1.5 + 0) / 3
    assert found.error == pytest.approx(np.std([1.5, 1.5, 0.0], ddof=1) / np.sqrt(3))


def test_arms_that_can_be_sent_are_counted_after_each_history() -> None:
    """The second decision has three arms after arm 1, and one after arm 2."""
    after_one: list[list[Decision]] = [[((1,), (2.0,)), ((arm,), (3.0,))] for arm in (1, 2, 3)]
    after_two: list[list[Decision]] = [[((2,), (2.0,)), ((2,), (1.0,))]] * 3
    found = add_up([*after_one, *after_two])
    assert (found.mean, found.error) == (1.0, 0.0)


def test_a_decision_that_can_send_nothing_is_left_out() -> None:
    """After arm 1 all is locked; after arm 2 one of two decisions aborts."""
    locked: list[list[Decision]] = [[((1,), (2.0,)), ((), ())]] * 2
    aborted: list[list[Decision]] = [[((2,), (2.0,)), ((), ())], [((2,), (2.0,)), ((1,), (2.0,))]]
    found = add_up([*locked, *aborted])
    assert found.mean == pytest.approx((4 * 1.0 + 0.0 + 2.0) / 6)


def test_a_wrong_propensity_is_noticed() -> None:
    assert adds_up(add_up(of_a_coin(0.3, 0.3, 32_000)))
    assert not adds_up(add_up(of_a_coin(0.3, 0.33, 32_000)))
    assert not adds_up(add_up(of_a_coin(0.3, 0.3, 400)))  # too few to know


def test_a_mean_of_redraws_would_be_noticed() -> None:
    """1 / the mean of 8 redraws is biased; the redraws until the 8th hit / 8, the recorded inverse, are not."""
    generator, p, decisions = np.random.default_rng(9), 0.3, 100_000
    recorded = (HITS + generator.negative_binomial(HITS, p, decisions)) / HITS
    naive = HITS / np.maximum(1, generator.binomial(HITS, p, decisions))
    error = recorded.std() / np.sqrt(decisions)
    assert abs(recorded.mean() - 1.0 / p) <= ERRORS * error
    assert abs(naive.mean() - 1.0 / p) > 0.1 / p


def test_settings_are_of_policies_and_differ_from_their_defaults() -> None:
    for kind, parameters in SETTINGS.items():
        assert all(getattr(build(kind), name) != value for name, value in parameters.items())


def test_the_command_prints_a_row_per_policy_and_world(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, int]] = []

    def known(policy: str, sends: int) -> Sum:
        asked.append((policy, sends))
        return Sum(sends, 1.00123, 0.00045, 1234.56)

    monkeypatch.setattr("sys.argv", ["inverse_weights", "greedy", "--world", "table", "traffic", "--sends", "500"])
    monkeypatch.setattr(inverse_weights, "WORLDS", dict.fromkeys(WORLDS, known))
    inverse_weights.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| `greedy` | table | 500 | 1.0012 | 0.0004 | 1,234.6 |"
    assert (len(lines), asked) == (4, [("greedy", 500)] * 2)


# One cell per form of propensity, and per world whose kernels other slow tests compile, too.
CELLS = [
    (of_bernoulli, "greedy"),  # ties
    (of_bernoulli, "wilson_sample"),  # an integral
    (of_bernoulli, "exp3"),  # weights
    (of_bernoulli, "boltzmann"),  # declared
    (of_bernoulli, "top_two_thompson"),  # redraws
    (of_table, "greedy"),
    (of_traffic, "uniform"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("made", "policy"), CELLS, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_weights_of_every_form_add_up(made: Callable[[str, int], Sum], policy: str) -> None:
    """Of fewer sends the standard error is as large as the deviation that the long form sees."""
    found = made(policy, 12_000)
    assert abs(found.mean - 1.0) <= ERRORS * found.error + 1e-12
    assert found.sends >= 12_000


@pytest.mark.long
@pytest.mark.parametrize("policy", kinds())
@pytest.mark.parametrize("world", WORLDS)
def test_weights_of_every_policy_add_up_in_every_world(policy: str, world: str) -> None:
    found = WORLDS[world](policy, SENDS)
    assert found.sends >= SENDS
    assert adds_up(found)
    wrong = replace(found, mean=found.mean / WRONG)
    assert not adds_up(wrong)


REPLACED = {"kind": "function_replaced", "from": 0, "days": 3}


@pytest.mark.long
def test_weights_add_up_while_the_function_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    made = inverse_weights.base
    monkeypatch.setattr(inverse_weights, "base", lambda *given, **kept: made(*given, **kept, incidents=[REPLACED]))
    assert adds_up(WORLDS["traffic"]("wilson_sample", SENDS))


@pytest.mark.long
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("kind", EXACT)
def test_exact_propensities_of_all_captions_add_up(kind: str, k: int) -> None:
    """At 30 random states each, of 40 captions."""
    policy, generator = build(kind), np.random.default_rng(k)
    if not has_propensities(policy, k):
        pytest.skip("several arms at once are redrawn")
    for _ in range(30):
        n = generator.integers(0, 60, 40)
        s = generator.binomial(n, generator.beta(1, 3, 40))
        known: dict[str, Any] = {"ipw_successes": s, "true_means": generator.uniform(size=40), "t": int(n.sum())}
        chance = propensities(policy, n, s, k=k, **known)
        assert chance.sum() == pytest.approx(k, abs=1e-12)
        assert (chance >= 0.0).all()
