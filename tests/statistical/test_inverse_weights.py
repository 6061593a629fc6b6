"""Inverse weights of recorded propensities add up to 1, in every world and for every policy that draws.

`benchmarks.inverse_weights` makes the sums; docs/traffic.md has its table. A sum lies within 1 %, or, where single
weights are so large that its standard error is above 0.25 %, within 3.9 standard errors: a false-alarm rate of 1e-4.
"""

from typing import Any

import numpy as np
import pytest

from benchmarks import inverse_weights
from benchmarks.inverse_weights import (
    COMMITS,
    LEAVES_OUT,
    WORLDS,
    Sum,
    drawing,
    of_bernoulli,
    of_table,
    of_traffic,
    possible,
)
from policies.registry import build, kinds
from sim.worlds.selection.propensities import has_propensities, propensities

SENDS, ERRORS = 100_000, 3.9
EXACT = [kind for kind in kinds() if has_propensities(build(kind))]


def adds_up(found: Sum) -> bool:
    return abs(found.mean - 1.0) <= max(0.01, ERRORS * found.error)


def test_a_sum_is_over_decisions_and_its_largest_weight_over_sends() -> None:
    found = Sum.of(np.array([0.5, 1.5, 1.0]), np.array([0.25, 0.25, 1.5, 1.0]))
    assert (found.sends, found.mean, found.largest) == (4, 1.0, 1.5)
    assert found.error == pytest.approx(0.5 / np.sqrt(3))
    assert adds_up(found)
    assert not adds_up(Sum(100_000, 0.97, 0.002, 3.0))


def test_every_policy_draws_or_shares_ties_or_is_named_as_an_exception() -> None:
    sharing = {kind for kind in kinds() if build(kind).deterministic}
    assert set(drawing()) | sharing | LEAVES_OUT == set(kinds())
    assert COMMITS in LEAVES_OUT
    assert not set(drawing()) & (sharing | LEAVES_OUT)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["uniform", "wilson_sample"])
def test_weights_add_up_in_worlds_with_one_arm_per_send(policy: str) -> None:
    assert adds_up(of_bernoulli(policy, 20_000))
    assert adds_up(of_table(policy, 20_000))


@pytest.mark.slow
def test_weights_add_up_over_the_captions_of_a_day() -> None:
    found = of_traffic("uniform", 5_000)
    assert found.mean == pytest.approx(1.0, abs=1e-12)  # each decision, exactly


REPLACED = {"kind": "function_replaced", "from": 0, "days": 3}


@pytest.mark.long
def test_weights_add_up_while_the_function_is_replaced() -> None:
    assert adds_up(of_traffic("wilson_sample", 20_000, 3, [REPLACED]))


@pytest.mark.long
@pytest.mark.parametrize("policy", drawing())
@pytest.mark.parametrize("world", WORLDS)
def test_weights_of_every_policy_add_up_in_every_world(policy: str, world: str) -> None:
    if not possible(policy, [world]):
        pytest.skip("untried captions come first")
    found = WORLDS[world](policy, SENDS)
    assert found.sends >= 0.8 * SENDS
    assert adds_up(found)


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


def test_a_wrong_weight_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Propensities that are 2 % too high."""
    made = Sum.of(np.full(1_000, 1.0 / 1.02), np.full(1_000, 1.0 / 1.02))
    monkeypatch.setitem(inverse_weights.WORLDS, "bernoulli", lambda policy, sends: made)
    assert not adds_up(WORLDS["bernoulli"]("uniform", 1_000))
